package proteus.silicon.system;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.ExceptionVector;

/** MOV to and from debug registers (SDM 3B, 17.2; SDM vol. 2, MOV DRn). */
final class DebugRegisters {
    private static final long DR6_WRITABLE = 0xe00f, DR7_WRITABLE = 0xffff_23ffL;

    private DebugRegisters() {}

    static void register(HandlerTable t) {
        t.putEnding(Mnemonic.MOV_DR, DebugRegisters::move);
    }

    private static void move(Cpu cpu, Op op) {
        boolean load = op.k0 == Instruction.DEBUG;
        int number = load ? op.r0 : op.r1;
        int gpr = load ? op.r1 : op.r0;
        if (number > 7) {
            throw cpu.undefined();
        }
        // this exit comes before the checks (SDM 3C, 26.1.3)
        cpu.intercepts.movDr(cpu, op, number, !load, gpr >> 3);
        if (number == 4 || number == 5) {
            if ((cpu.cr4 & Cr4.DE) != 0) {
                throw cpu.undefined();
            }
            number += 2;
        }
        Checks.ring0(cpu);
        if ((cpu.dr[7] & DebugRegister.GD) != 0) {
            GuestFault fault = cpu.fault(ExceptionVector.DB, 0);
            fault.detail = DebugRegister.BD;
            throw fault;
        }
        int bits = cpu.code64() ? 64 : 32;
        if (!load) {
            cpu.register(gpr, bits, cpu.dr[number]);
            return;
        }
        long value = cpu.register(gpr, bits);
        if (number < 4) {
            cpu.dr[number] = value;
            return;
        }
        if (value >>> 32 != 0) {
            throw cpu.protection(0);
        }
        cpu.dr[number] = number == 6 ? value & DR6_WRITABLE | DebugRegister.DR6_RESET : value & DR7_WRITABLE | DebugRegister.DR7_RESET;
        cpu.mmu.selectAccess();
    }

    /** I/O breakpoints, under CR4.DE: a trap after the instruction (SDM 3B, 17.2.4). */
    static void watchPort(Cpu cpu, int port, int bytes) {
        if ((cpu.dr[7] & 0xff) == 0 || (cpu.cr4 & Cr4.DE) == 0) {
            return;
        }
        for (int n = 0; n < 4; n++) {
            if (DebugRegister.kind(cpu.dr[7], n) == DebugRegister.ON_IO && DebugRegister.met(cpu.dr[7], n, cpu.dr[n], port, bytes)) {
                cpu.pendingDebug |= 1L << n;
            }
        }
    }
}
