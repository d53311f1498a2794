package proteus.silicon.system;

import proteus.silicon.cpu.Cpu;
import proteus.x86.format.Cr4;

/** Privilege checks that many instructions begin with. */
final class Checks {
    private Checks() {}

    /** #GP(0) outside ring 0 (v8086 code is ring 3). */
    static void ring0(Cpu cpu) {
        if (cpu.cpl != 0) {
            throw cpu.protection(0);
        }
    }

    /** #UD in real and v8086 mode. */
    static void descriptorMode(Cpu cpu) {
        if (!cpu.descriptorMode()) {
            throw cpu.undefined();
        }
    }

    /** User-mode instruction prevention: #GP(0) outside ring 0 under CR4.UMIP (SDM 3A, 2.5). */
    static void umip(Cpu cpu) {
        if ((cpu.cr4 & Cr4.UMIP) != 0 && cpu.cpl > 0) {
            throw cpu.protection(0);
        }
    }
}
