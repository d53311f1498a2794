package proteus.shell.guests;

import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.x86.disasm.Disassembler;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.paging.LinearMemory;

/** The code of a guest at rest, through its own page tables: the processor may walk others. */
public final class GuestCode {
    private final ArchState state;
    private final LinearMemory memory;
    private final Disassembler disassembler = new Disassembler();

    public GuestCode(ArchState state, GuestMemory memory) {
        this.state = state;
        this.memory = new LinearMemory(state, memory);
    }

    /** Linear address of the next instruction. */
    public long here() {
        long linear = code().base() + state.general().rip();
        return size() == 64 ? linear : linear & 0xffff_ffffL;
    }

    /** @throws GuestMemoryException where there is no memory */
    public Disassembler.Line line(long linear) {
        return disassembler.line(offset -> fetch(linear + offset), size(), linear);
    }

    private int fetch(long linear) {
        byte[] one = memory.read(linear, 1);
        if (one.length == 0) {
            throw new GuestMemoryException(linear, 1);
        }
        return one[0] & 0xff;
    }

    private SegmentRegister code() {
        return state.segments().registers().get(CpuRegisters.CS);
    }

    private int size() {
        if (code().longMode() && (state.msrs().getOrDefault(Msr.IA32_EFER, 0L) & Efer.LMA) != 0) {
            return 64;
        }
        return code().big() ? 32 : 16;
    }
}
