package proteus.api.state;

import java.util.List;
import java.util.Map;
import proteus.api.silicon.SegmentRegister;

/**
 * What the guest can see of a processor, and nothing else. Arrays are private to the value: constructors and accessors copy.
 */
public record ArchState(General general, Segments segments, Control control, Fpu fpu, Map<Integer, Long> msrs, Events events, long tsc) {
    public ArchState {
        msrs = Map.copyOf(msrs);
    }

    /** General registers in encoding order (RAX RCX RDX RBX RSP RBP RSI RDI R8..R15), RIP and RFLAGS with every flag real. */
    public record General(long[] gpr, long rip, long rflags) {
        public General {
            gpr = gpr.clone();
        }

        @Override
        public long[] gpr() {
            return gpr.clone();
        }
    }

    /** Segment registers in the order ES CS SS DS FS GS LDTR TR, and the descriptor-table registers. */
    public record Segments(List<SegmentRegister> registers, long gdtrBase, int gdtrLimit, long idtrBase, int idtrLimit) {
        public Segments {
            registers = List.copyOf(registers);
        }
    }

    /** Control and debug registers; {@code pdptes} are the four PAE page-directory-pointer entries held by the processor. */
    public record Control(long cr0, long cr2, long cr3, long cr4, long cr8, long xcr0, long[] dr, long[] pdptes) {
        public Control {
            dr = dr.clone();
            pdptes = pdptes.clone();
        }

        @Override
        public long[] dr() {
            return dr.clone();
        }

        @Override
        public long[] pdptes() {
            return pdptes.clone();
        }
    }

    /** x87, MMX, SSE and AVX state as an XSAVE image in standard format (SDM vol. 1, 13.4), 832 bytes. */
    public record Fpu(byte[] xsave) {
        public Fpu {
            xsave = xsave.clone();
        }

        @Override
        public byte[] xsave() {
            return xsave.clone();
        }
    }

    /**
     * Events and blocking.
     *
     * @param interruptibility bits as in the VMCS field (SDM 3C, table 25-3)
     * @param activity 0 active, 1 HLT, 2 shutdown, 3 wait-for-SIPI
     * @param pendingDebug pending debug exceptions (SDM 3C, table 25-4)
     * @param pending event to inject at the next entry, VM-entry interruption-information format, 0 if none
     * @param pendingErrorCode its error code
     */
    public record Events(int interruptibility, int activity, long pendingDebug, int pending, int pendingErrorCode, int pendingInstructionLength) {}
}
