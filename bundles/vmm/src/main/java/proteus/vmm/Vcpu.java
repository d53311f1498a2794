package proteus.vmm;

import java.util.Optional;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.RunSchedule;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.DebugPoints;
import proteus.api.silicon.Processor;

/**
 * The vCPU of a VM, whichever core carries it now, or none while the VM is parked for want of a technique. It counts retired
 * instructions over all cores. Used on the VM's thread; {@link #kick} from any.
 */
final class Vcpu {
    private volatile Core core;
    /** Instructions that earlier cores retired. */
    private long before;
    private DebugPoints points = DebugPoints.NONE;

    Optional<Core> core() {
        return Optional.ofNullable(core);
    }

    Processor processor() {
        return core.processor();
    }

    CpuVirtualization cpu() {
        return core.cpu();
    }

    /** Instructions retired since the VM was made. */
    long retired() {
        return core == null ? before : before + core.processor().retired();
    }

    /** Gives the vCPU to another core, or to none; who carried it is the caller's to close. */
    void carry(Core next) {
        before = retired() - (next == null ? 0 : next.processor().retired());
        core = next;
        if (next != null && !points.equals(DebugPoints.NONE)) {
            debugPoints(points);
        }
    }

    /** The vCPU has a past: it retired so many instructions before its first core did any. */
    void begin(long retired) {
        before = retired - core.processor().retired();
    }

    void debugPoints(DebugPoints wanted) {
        if (core != null) {
            core.processor().debugPoints(wanted);
            core.cpu().debugPoints(wanted);
        }
        points = wanted;
    }

    void kick() {
        Core now = core;
        if (now != null) {
            now.processor().kick();
        }
    }

    void onMapChange(long gpa, long bytes) {
        if (core != null) {
            core.memory().onMapChange(gpa, bytes);
        }
    }

    void onFrameChange(long gpa) {
        if (core != null) {
            core.memory().onFrameChange(gpa);
        }
    }

    long guestTsc() {
        return core.cpu().guestTsc();
    }

    void close() {
        if (core != null) {
            core.close();
        }
    }

    /** The schedule of the VM as a processor that began later counts. */
    static RunSchedule counting(RunSchedule schedule, Vcpu vcpu) {
        return new RunSchedule() {
            @Override
            public long limit() {
                return schedule.limit() - vcpu.before;
            }

            @Override
            public boolean stopRequested() {
                return schedule.stopRequested();
            }

            @Override
            public boolean singleInstruction() {
                return schedule.singleInstruction();
            }
        };
    }
}
