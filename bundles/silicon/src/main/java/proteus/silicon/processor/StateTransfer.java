package proteus.silicon.processor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.silicon.cpu.Cpu;

/** Between a processor and the neutral {@link ArchState}; and the state after reset (SDM 3A, table 10-1). */
final class StateTransfer {
    private StateTransfer() {}

    static ArchState save(Cpu cpu, RegisterView registers) {
        long[] gpr = new long[16];
        for (int i = 0; i < 16; i++) {
            gpr[i] = cpu.gpr(i);
        }
        List<SegmentRegister> segments = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            segments.add(registers.segment(i));
        }
        Map<Integer, Long> msrs = new HashMap<>();
        for (int index : RegisterView.STATE_MSRS) {
            msrs.put(index, registers.msr(index));
        }
        return new ArchState(new ArchState.General(gpr, cpu.rip(), cpu.rflags()),
            new ArchState.Segments(segments, cpu.gdtrBase, cpu.gdtrLimit, cpu.idtrBase, cpu.idtrLimit),
            new ArchState.Control(cpu.cr0, cpu.cr2, cpu.cr3, cpu.cr4, cpu.cr8, cpu.xcr0, cpu.dr, cpu.pdpte), new ArchState.Fpu(XsaveImage.save(cpu)), msrs,
            new ArchState.Events(cpu.interruptibility, cpu.activity, cpu.pendingDebug, 0, 0, 0), cpu.tsc());
    }

    static void load(Cpu cpu, RegisterView registers, ArchState state) {
        long[] gpr = state.general().gpr();
        for (int i = 0; i < 16; i++) {
            cpu.gpr(i, gpr[i]);
        }
        cpu.rip(state.general().rip());
        ArchState.Control control = state.control();
        cpu.cr0 = control.cr0();
        cpu.cr2 = control.cr2();
        cpu.cr3 = control.cr3();
        cpu.cr4 = control.cr4();
        cpu.cr8 = control.cr8();
        cpu.xcr0 = control.xcr0();
        System.arraycopy(control.dr(), 0, cpu.dr, 0, 8);
        System.arraycopy(control.pdptes(), 0, cpu.pdpte, 0, 4);
        state.msrs().forEach(registers::msr);
        cpu.rflags(state.general().rflags());
        ArchState.Segments segments = state.segments();
        for (int i = 0; i < 8; i++) {
            registers.segment(i, segments.registers().get(i));
        }
        cpu.gdtrBase = segments.gdtrBase();
        cpu.gdtrLimit = segments.gdtrLimit();
        cpu.idtrBase = segments.idtrBase();
        cpu.idtrLimit = segments.idtrLimit();
        XsaveImage.load(cpu, state.fpu().xsave());
        cpu.interruptibility = state.events().interruptibility();
        cpu.activity = state.events().activity();
        cpu.pendingDebug = state.events().pendingDebug();
        cpu.tscBase += state.tsc() - cpu.tsc();
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
    }

    static void reset(Cpu cpu, RegisterView registers) {
        for (int i = 0; i < 16; i++) {
            cpu.gpr(i, 0);
        }
        cpu.cr0 = 0x60000010L;
        cpu.cr2 = cpu.cr3 = cpu.cr4 = cpu.cr8 = cpu.efer = 0;
        cpu.xcr0 = 1;
        java.util.Arrays.fill(cpu.dr, 0);
        cpu.dr[6] = 0xffff0ff0L;
        cpu.dr[7] = 0x400;
        cpu.rflags(2);
        for (int i = 0; i < 6; i++) {
            registers.segment(i, new SegmentRegister(0, 0, 0xffff, 0x93));
        }
        registers.segment(Cpu.CS, new SegmentRegister(0xf000, 0xffff0000L, 0xffff, 0x9b));
        registers.segment(Cpu.LDTR, new SegmentRegister(0, 0, 0xffff, 0x82));
        registers.segment(Cpu.TR, new SegmentRegister(0, 0, 0xffff, 0x8b));
        cpu.gdtrBase = cpu.idtrBase = 0;
        cpu.gdtrLimit = cpu.idtrLimit = 0xffff;
        cpu.rip(0xfff0);
        cpu.gpr(2, 0x600);
        byte[] image = new byte[XsaveImage.BYTES];
        image[0] = 0x40; // FCW 0040H after reset
        image[24] = (byte) 0x80; // MXCSR 1F80H
        image[25] = 0x1f;
        image[4] = (byte) 0xff;
        XsaveImage.load(cpu, image);
        cpu.interruptibility = cpu.activity = 0;
        cpu.pendingDebug = 0;
        cpu.setCpl(0);
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
    }
}
