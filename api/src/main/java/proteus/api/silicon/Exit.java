package proteus.api.silicon;

/** The exits of a processor as values, one record per architectural reason that carries data. */
public sealed interface Exit {
    ExitReason reason();

    /** Length in bytes of the instruction that exited, 0 if it was none. */
    int instructionLength();

    /** An exception, NMI, or (deprivileged) a software interrupt. */
    record Interruption(ExitReason reason, int interruption, int errorCode, long qualification, int instructionLength) implements Exit {
        public int vector() {
            return interruption & 0xff;
        }
    }

    /** IN, OUT, INS, OUTS. */
    record PortIo(int port, int size, boolean in, boolean string, boolean rep, int instructionLength) implements Exit {
        @Override
        public ExitReason reason() {
            return ExitReason.IO_INSTRUCTION;
        }
    }

    /** An access that the second-level tables do not allow. */
    record EptViolation(long gpa, long gva, boolean read, boolean write, boolean fetch, long qualification) implements Exit {
        @Override
        public ExitReason reason() {
            return ExitReason.EPT_VIOLATION;
        }

        @Override
        public int instructionLength() {
            return 0;
        }
    }

    /** An EPT entry that no hardware accepts. */
    record EptMisconfiguration(long gpa) implements Exit {
        @Override
        public ExitReason reason() {
            return ExitReason.EPT_MISCONFIGURATION;
        }

        @Override
        public int instructionLength() {
            return 0;
        }
    }

    /** MOV to or from a control register, CLTS, LMSW; {@code access} 0 to CR, 1 from CR, 2 CLTS, 3 LMSW. */
    record CrAccess(int cr, int access, int register, int lmswSource, int instructionLength) implements Exit {
        @Override
        public ExitReason reason() {
            return ExitReason.CR_ACCESS;
        }
    }

    /** RDMSR or WRMSR of the index in ECX. */
    record Msr(boolean write, int index, int instructionLength) implements Exit {
        @Override
        public ExitReason reason() {
            return write ? ExitReason.WRMSR : ExitReason.RDMSR;
        }
    }

    /** INVLPG. */
    record Invlpg(long gva, int instructionLength) implements Exit {
        @Override
        public ExitReason reason() {
            return ExitReason.INVLPG;
        }
    }

    /** A task switch the guest attempted. */
    record TaskSwitch(int selector, int source, int instructionLength) implements Exit {
        @Override
        public ExitReason reason() {
            return ExitReason.TASK_SWITCH;
        }
    }

    /** VM entry failed; {@code detail} is the exit qualification or the VM-instruction error. */
    record EntryFailure(ExitReason reason, long detail, String why) implements Exit {
        @Override
        public int instructionLength() {
            return 0;
        }
    }

    /** Every reason that needs no more than its name and the raw qualification. */
    record Plain(ExitReason reason, long qualification, int instructionLength) implements Exit {}
}
