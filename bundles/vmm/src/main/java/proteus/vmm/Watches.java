package proteus.vmm;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.vm.VirtualMachine;

/** Who looks at a VM after each so many instructions. Wishes come from any thread, actions are done on the VM's. */
final class Watches {
    private static final Logger LOG = LoggerFactory.getLogger(Watches.class);

    private final List<Watch> all = new CopyOnWriteArrayList<>();

    private final class Watch implements VirtualMachine.Watch {
        private final long every;
        private final Runnable action;
        private long due;

        Watch(long every, Runnable action, long due) {
            this.every = every;
            this.action = action;
            this.due = due;
        }

        @Override
        public void close() {
            all.remove(this);
        }
    }

    /** On the VM's thread. */
    VirtualMachine.Watch add(long every, Runnable action, long retired) {
        if (every < 1) {
            throw new IllegalArgumentException("a watch after each %d instructions".formatted(every));
        }
        Watch watch = new Watch(every, action, retired + every);
        all.add(watch);
        return watch;
    }

    /** The count of instructions at which the next one is due. */
    long due() {
        long first = Long.MAX_VALUE;
        for (Watch watch : all) {
            first = Math.min(first, watch.due);
        }
        return first;
    }

    void act(long retired) {
        for (Watch watch : all) {
            if (watch.due <= retired) {
                watch.due = retired + watch.every;
                try {
                    watch.action.run();
                } catch (RuntimeException e) {
                    LOG.warn("A watch of a VM failed and is not asked again", e);
                    watch.close();
                }
            }
        }
    }
}
