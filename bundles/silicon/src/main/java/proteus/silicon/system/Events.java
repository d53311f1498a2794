package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;

import proteus.api.event.CountedEvent;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Units;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.ExceptionVector;

/** Exceptions, interrupts, and debug traps of one processor: chooses what is delivered, {@link Delivery} delivers (SDM 3A, ch. 6). */
public final class Events implements Units {
    private static final int VALID = 1 << 31, ERROR_CODE = 1 << 11, TYPE_SHIFT = 8;
    /** Interrupt shadows, and the blocking of NMIs. */
    private static final int SHADOWS = 3, MOV_SS = 2, NMI_BLOCKED = 8;
    /** Exceptions that report before the instruction: the RFLAGS image has RF set (SDM 3B, 17.3.1.1). */
    private static final int FAULTS = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 16 | 1 << 17 | 1 << 19;
    private static final int NO_MORE = -1;

    public Events() {}

    @Override
    public void checkSegment(Cpu cpu, int segment, long offset, int bytes, boolean write) {
        Segments.check(cpu, segment, offset, bytes, write);
    }

    @Override
    public void raise(Cpu cpu, GuestFault fault) {
        int vector = fault.vector;
        int error = fault.errorCode;
        if (!fault.trap) {
            // breakpoints that the instruction met before it faulted will be met again
            cpu.pendingDebug &= ~0xfL;
        }
        announce(cpu, vector, error, fault.detail);
        deliver(cpu, vector, Delivery.EXCEPTION, ExceptionVector.pushesErrorCode(vector), error, 0, cpu.rip());
    }

    @Override
    public void inject(Cpu cpu, int interruption, int errorCode, int instructionLength) {
        int vector = interruption & 0xff;
        int type = interruption >> TYPE_SHIFT & 7;
        boolean software = type == Delivery.SOFTWARE || type == Delivery.PRIVILEGED_SOFTWARE || type == Delivery.SOFTWARE_EXCEPTION;
        long returnRip = cpu.rip();
        if (software) {
            returnRip += instructionLength;
            returnRip &= cpu.code64() ? -1 : 0xffff_ffffL;
        }
        boolean delivered = deliver(cpu, vector, type, (interruption & ERROR_CODE) != 0, errorCode, software ? instructionLength : 0, returnRip);
        if (software && delivered) {
            // the instruction left for the VMM in the middle of its work, which is done now
            cpu.retired++;
        }
        if (type == Delivery.NMI) {
            cpu.interruptibility |= NMI_BLOCKED;
        }
    }

    /** The VMM's chance to take an exception; otherwise the registers that belong to it change. */
    private static void announce(Cpu cpu, int vector, int error, long detail) {
        cpu.intercepts.exception(cpu, vector, error, detail, Delivery.EXCEPTION, 0);
        cpu.counters.count(CountedEvent.GUEST_EXCEPTIONS);
        if (vector == ExceptionVector.PF) {
            cpu.counters.count(CountedEvent.GUEST_PAGE_FAULTS);
            cpu.cr2 = detail;
        } else if (vector == ExceptionVector.DB) {
            // bits 3:0 say what was met now, the others only accumulate (SDM 3B, 17.2.3)
            cpu.dr[6] = cpu.dr[6] & ~0xfL | detail;
            cpu.dr[7] &= ~DebugRegister.GD;
        }
    }

    /**
     * Delivers, and what goes wrong during delivery after it: serially, as a double fault, or as a triple fault (SDM 3A, table 6-5).
     *
     * @return whether the event itself was delivered
     */
    private static boolean deliver(Cpu cpu, int firstVector, int firstType, boolean firstHasError, int firstError, int length, long firstReturn) {
        int vector = firstVector;
        int type = firstType;
        boolean hasError = firstHasError;
        int error = firstError;
        long returnRip = firstReturn;
        boolean first = true;
        while (true) {
            cpu.intercepts.delivering(cpu, VALID | (hasError ? ERROR_CODE : 0) | type << TYPE_SHIFT | vector, error, type >= Delivery.SOFTWARE ? length : 0);
            try {
                long image = cpu.rflags();
                if (type == Delivery.EXCEPTION && (FAULTS >>> vector & 1) != 0) {
                    image |= Flags.RF;
                }
                Delivery.deliver(cpu, vector, type, hasError, error, returnRip, image);
                cpu.intercepts.delivering(cpu, 0, 0, 0);
                cpu.interruptibility &= ~SHADOWS;
                cpu.activity = 0;
                cpu.unfinished = false;
                return first;
            } catch (GuestFault second) {
                int secondVector = second.vector;
                int secondError = second.errorCode;
                long detail = second.detail;
                first &= second.trap;
                if (second.trap) {
                    // a task gate has led to a new task, and the event is delivered: this is the new task's own fault
                    cpu.intercepts.delivering(cpu, 0, 0, 0);
                }
                cpu.intercepts.duringDelivery(cpu, secondVector, secondError, detail);
                // interrupts and software exceptions are benign
                vector = type == Delivery.EXCEPTION && !second.trap ? ExceptionVector.combine(vector, secondVector) : secondVector;
                if (vector == NO_MORE) {
                    cpu.intercepts.tripleFault(cpu);
                    throw new IllegalStateException("a triple fault must leave the guest");
                }
                boolean doubled = vector == ExceptionVector.DF && secondVector != ExceptionVector.DF;
                if (doubled && secondVector == ExceptionVector.PF) {
                    cpu.cr2 = detail;
                }
                error = doubled ? 0 : secondError;
                announce(cpu, vector, error, doubled ? 0 : detail);
                type = Delivery.EXCEPTION;
                hasError = ExceptionVector.pushesErrorCode(vector);
                returnRip = cpu.rip();
            }
        }
    }

    // ---- debug exceptions at instruction boundaries (SDM 3B, 17.2 and 17.3)

    @Override
    public long beforeInstruction(Cpu cpu) {
        boolean held = (cpu.interruptibility & MOV_SS) != 0;
        if (cpu.pendingDebug != 0 && !held) {
            throw takePending(cpu);
        }
        long flags = cpu.get(CpuLayout.FLAGS);
        if ((cpu.dr[7] & 0xff) != 0 && (flags & Flags.RF) == 0 && !held) {
            instructionBreakpoint(cpu);
        }
        if (virtualInterrupt(cpu, flags)) {
            throw cpu.protection(0);
        }
        return flags & (Flags.TF | Flags.RF) | cpu.interruptibility & SHADOWS;
    }

    /** A program with virtual interrupts enabled and one pending: the monitor's #GP(0) before its next instruction (SDM 3B, 20.3.2 and 20.4). */
    private static boolean virtualInterrupt(Cpu cpu, long flags) {
        return (flags & Flags.VIRTUAL_INTERRUPT) == Flags.VIRTUAL_INTERRUPT && cpu.protectedMode() && cpu.cpl == 3 && cpu.iopl() < 3
            && (cpu.cr4 & (cpu.v8086() ? Cr4.VME : Cr4.PVI)) != 0;
    }

    private static void instructionBreakpoint(Cpu cpu) {
        long linear = cpu.get(CpuLayout.SEG_BASE + 8 * CS) + cpu.rip() & cpu.linearMask();
        long met = 0;
        for (int n = 0; n < 4; n++) {
            if (DebugRegister.enabled(cpu.dr[7], n) && DebugRegister.kind(cpu.dr[7], n) == DebugRegister.ON_EXECUTE && cpu.dr[n] == linear) {
                met |= 1L << n;
            }
        }
        if (met != 0) {
            GuestFault fault = cpu.fault(ExceptionVector.DB, 0);
            fault.detail = met;
            throw fault;
        }
    }

    private static GuestFault takePending(Cpu cpu) {
        GuestFault trap = cpu.fault(ExceptionVector.DB, 0);
        trap.detail = cpu.pendingDebug;
        trap.trap = true;
        cpu.pendingDebug = 0;
        return trap;
    }

    @Override
    public void afterInstruction(Cpu cpu, Op op, long before) {
        cpu.interruptibility &= ~(int) (before & SHADOWS);
        if ((before & Flags.RF) != 0 && op.mnemonic != Mnemonic.IRET && !cpu.unfinished) {
            cpu.flag(Flags.RF, false);
        }
        if ((before & Flags.TF) != 0 && singleSteps(cpu, op)) {
            cpu.pendingDebug |= DebugRegister.BS;
        }
        if (cpu.pendingDebug != 0 && (cpu.interruptibility & MOV_SS) == 0 && !cpu.trapsInstructions) {
            raise(cpu, takePending(cpu));
        }
    }

    @Override
    public boolean singleSteps(Cpu cpu, Op op) {
        return switch (op.mnemonic) {
            // the handler is entered with TF clear and without a trap of the INT itself
            case INT, INT3, INT1 -> false;
            // without overflow it is like any other; the gate clears TF
            case INTO -> cpu.flag(Flags.TF);
            // they go by the TF that they leave
            case SYSCALL, SYSRET -> false;
            default -> true;
        };
    }
}
