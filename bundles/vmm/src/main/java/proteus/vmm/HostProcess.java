package proteus.vmm;

import java.util.function.LongSupplier;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.vm.DeviceSetting;

/**
 * The hosted architecture (Sugerman, Venkitachalam and Lim 2001, sections 2 and 3): the VMM has the processor to itself in a world of its
 * own, and no drivers. Devices of the user level are the work of a process of the host system, which asks its driver by a system call to
 * run the VM; an exit for such a device switches to the host's world, the call returns, the process works, and calls again. A model of the
 * path, not of its time: it counts. On the VM's thread.
 */
final class HostProcess {
    private final EventCounters counters;
    private final LongSupplier retired;
    /** Whether there is a host; the devices are the VMM's own otherwise, and nothing of this happens. */
    private boolean atWork;
    /** When the process worked last: several accesses of one instruction are one exit. */
    private long last = -1;

    /** @param retired instructions of the guest */
    HostProcess(EventCounters counters, LongSupplier retired, DeviceSetting.Host host) {
        this.counters = counters;
        this.retired = retired;
        work(host);
    }

    /** From now on the work of devices is done here, or by the VMM; the devices keep their state, which is the VM's in both cases. */
    void work(DeviceSetting.Host host) {
        atWork = host == DeviceSetting.Host.HOSTED;
        last = -1;
    }

    DeviceSetting.Host host() {
        return atWork ? DeviceSetting.Host.HOSTED : DeviceSetting.Host.NATIVE;
    }

    /** The guest accesses a device: out to the process, and back by its call to run. */
    void work() {
        if (!atWork) {
            return;
        }
        long now = retired.getAsLong();
        if (now != last) {
            last = now;
            run();
        }
    }

    private void run() {
        counters.add(CountedEvent.WORLD_SWITCHES, 2);
        counters.count(CountedEvent.HOST_PROCESS_RUNS);
        systemCall();
    }

    /** The process calls its system: read, write, select, or run the VM. */
    void systemCall() {
        if (atWork) {
            counters.count(CountedEvent.HOST_SYSCALLS);
        }
    }

    /** An interrupt of the host comes while the guest runs: the VMM switches to the host's world, which handles it, and is switched back to. */
    void bounce() {
        if (!atWork) {
            return;
        }
        counters.count(CountedEvent.BOUNCED_INTERRUPTS);
        counters.add(CountedEvent.WORLD_SWITCHES, 2);
    }

    /** Something came for a device: an interrupt, unless the process is at work anyway, and then the process's select. */
    void arrived() {
        if (retired.getAsLong() != last) {
            bounce();
        }
        work();
        systemCall();
    }

    /** The guest halts: the process waits for what comes first, by select with a time-out, so that the host can use the processor. */
    void idle() {
        if (atWork) {
            run();
            systemCall();
        }
    }
}
