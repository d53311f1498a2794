package proteus.adaptive;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.vm.AdaptivePolicy;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmObserver;

/** The policy over all VMs. */
@Component(service = {AdaptivePolicy.class, VmObserver.class}, configurationPid = "proteus.adaptive")
@Designate(ocd = Thresholds.class)
public final class CounterPolicy implements AdaptivePolicy, VmObserver {
    private static final Logger LOG = LoggerFactory.getLogger(CounterPolicy.class);
    /** Decisions that are kept. */
    private static final int KEPT = 1000;

    private final Thresholds thresholds;
    private final Rule rule;
    private final Deque<Decision> decisions = new ArrayDeque<>();
    private final Map<VirtualMachine, VirtualMachine.Watch> watches = new ConcurrentHashMap<>();

    @Activate
    public CounterPolicy(Thresholds thresholds) {
        this.thresholds = thresholds;
        this.rule = new Rule(thresholds);
        if (thresholds.interval() < 1 || thresholds.confirm() < 1 || thresholds.ratio_low() > thresholds.ratio_high() || thresholds.rest() < 1) {
            throw new IllegalArgumentException("proteus.adaptive: interval, confirm and rest are above 0, and ratio_low is not above ratio_high");
        }
    }

    @Override
    public void appeared(VirtualMachine vm) {
        if (!thresholds.enabled()) {
            return;
        }
        try {
            Observed observed = new Observed(vm, rule, this::decided);
            watches.put(vm, vm.watch(thresholds.interval(), observed::look));
        } catch (VmException e) {
            LOG.debug("VM {} is gone already", vm.name());
        }
    }

    @Deactivate
    void leave() {
        watches.values().forEach(VirtualMachine.Watch::close);
        watches.clear();
    }

    private void decided(Decision decision) {
        synchronized (decisions) {
            if (decisions.size() == KEPT) {
                decisions.removeFirst();
            }
            decisions.addLast(decision);
        }
    }

    @Override
    public boolean enabled() {
        return thresholds.enabled();
    }

    @Override
    public List<String> rules() {
        return rule.sentences();
    }

    @Override
    public List<Decision> decisions() {
        synchronized (decisions) {
            return List.copyOf(decisions);
        }
    }
}
