package proteus.vmm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import proteus.api.compose.Composer;
import proteus.api.compose.CompositionReport;
import proteus.api.io.BlockBackends;
import proteus.api.io.NetBackends;
import proteus.api.vm.DrivenMachine;
import proteus.api.vm.DrivenMachines;
import proteus.api.vm.HostMemoryManager;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmObserver;
import proteus.api.vm.VmSpec;

/** All virtual machines of this host. */
@Component
public final class Machines implements VirtualMachineManager, HostMemoryManager, DrivenMachines, TechniqueRegistry.Listener {
    private final TechniqueRegistry registry;
    private final Composer composer;
    private final Map<String, Machine> machines = new ConcurrentHashMap<>();
    private final HostMemories memories = new HostMemories(machines::values);
    private final Object creating = new Object();

    private final List<VmObserver> observers = new CopyOnWriteArrayList<>();

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile BlockBackends disks;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile NetBackends nets;

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addObserver(VmObserver observer) {
        List<Machine> there;
        synchronized (creating) {
            observers.add(observer);
            there = List.copyOf(machines.values());
        }
        there.forEach(observer::appeared);
    }

    void removeObserver(VmObserver observer) {
        observers.remove(observer);
    }

    @Activate
    public Machines(@Reference TechniqueRegistry registry, @Reference Composer composer) {
        this.registry = registry;
        this.composer = composer;
        registry.listen(this);
    }

    @Deactivate
    void deactivate() {
        registry.ignore(this);
        machines.values().forEach(Machine::close);
    }

    @Override
    public VirtualMachine create(VmSpec spec) {
        return make(spec, parts -> { });
    }

    /** What a VM was before it was built. */
    private interface Past {
        void become(Parts parts) throws IOException;
    }

    private Machine make(VmSpec spec, Past past) {
        synchronized (creating) {
            if (machines.containsKey(spec.name())) {
                throw new VmException("there is a VM named '" + spec.name() + "' already: choose another name or destroy that one");
            }
            CompositionReport report = composer.examine(spec.composition());
            if (!report.possible()) {
                throw new VmException(report.findings().stream().filter(finding -> !finding.contains(" fits ")).collect(Collectors.joining(" ")));
            }
            Parts parts = new MachineBuilder(spec, registry, Optional.ofNullable(disks), Optional.ofNullable(nets), memories).build();
            try {
                past.become(parts);
            } catch (IOException e) {
                parts.close();
                throw new UncheckedIOException(e);
            } catch (RuntimeException | Error e) {
                parts.close();
                throw e;
            }
            Machine machine = new Machine(parts, new HandOver(parts, report, composer), gone -> machines.remove(spec.name(), gone));
            machines.put(spec.name(), machine);
            observers.forEach(observer -> observer.appeared(machine));
            return machine;
        }
    }

    @Override
    public VirtualMachine restore(Path file, UnaryOperator<VmSpec> change) {
        try {
            return SnapshotFile.read(file, in -> {
                Snapshot snapshot = Snapshot.read(in);
                Machine machine = make(change.apply(snapshot.spec()), parts -> snapshot.restore(parts, in));
                machine.restored();
                return machine;
            });
        } catch (UncheckedIOException e) {
            throw new VmException("the snapshot %s cannot be read (%s); nothing was restored".formatted(file, e.getCause().getMessage()), e);
        }
    }

    @Override
    public DrivenMachine drive(DrivenMachines.Setup setup) {
        return DrivenPc.make(setup, registry, memories);
    }

    @Override
    public HostUse use() {
        return memories.use();
    }

    @Override
    public VmUse use(VirtualMachine vm) {
        return own(vm).memoryUse();
    }

    @Override
    public List<Frames> frames() {
        return memories.frames();
    }

    @Override
    public Sharing share() {
        return memories.share();
    }

    @Override
    public void balloon(VirtualMachine vm, long bytes) {
        own(vm).balloon(bytes);
    }

    private Machine own(VirtualMachine vm) {
        Machine machine = machines.get(vm.name());
        if (machine == null) {
            throw new VmException("VM " + vm.name() + " is closed");
        }
        return machine;
    }

    @Override
    public Optional<VirtualMachine> find(String name) {
        return Optional.ofNullable(machines.get(name));
    }

    @Override
    public List<VirtualMachine> list() {
        return machines.values().stream()
                .sorted(Comparator.comparing(Machine::name))
                .map(VirtualMachine.class::cast)
                .toList();
    }

    @Override
    public void arrived() {
        machines.values().forEach(Machine::partArrived);
    }

    @Override
    public void leaving(Object part, String bundle) {
        machines.values().forEach(machine -> machine.partLeaves(part, bundle));
    }
}
