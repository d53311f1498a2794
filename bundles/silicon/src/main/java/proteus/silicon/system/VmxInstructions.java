package proteus.silicon.system;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;

/** VMX instructions in a guest: they exit, or are #UD where there is no VMX operation (SDM 3C, 26.1.2 and chapter 31). */
final class VmxInstructions {
    private VmxInstructions() {}

    static void register(HandlerTable t) {
        // VMCALL exits at any privilege and in any mode
        t.putEnding(Mnemonic.VMCALL, (cpu, op) -> exit(cpu, op, ExitReason.VMCALL, 0));
        t.putEnding(Mnemonic.VMXON, VmxInstructions::vmxon);
        put(t, Mnemonic.VMXOFF, ExitReason.VMXOFF);
        put(t, Mnemonic.VMCLEAR, ExitReason.VMCLEAR);
        put(t, Mnemonic.VMPTRLD, ExitReason.VMPTRLD);
        put(t, Mnemonic.VMPTRST, ExitReason.VMPTRST);
        put(t, Mnemonic.VMREAD, ExitReason.VMREAD);
        put(t, Mnemonic.VMWRITE, ExitReason.VMWRITE);
        put(t, Mnemonic.VMLAUNCH, ExitReason.VMLAUNCH);
        put(t, Mnemonic.VMRESUME, ExitReason.VMRESUME);
        put(t, Mnemonic.INVEPT, ExitReason.INVEPT);
        put(t, Mnemonic.INVVPID, ExitReason.INVVPID);
        // no VM functions, no safer mode extensions, no SVM
        for (Mnemonic m : new Mnemonic[] {Mnemonic.VMFUNC, Mnemonic.GETSEC, Mnemonic.VMMCALL, Mnemonic.VMRUN, Mnemonic.VMLOAD, Mnemonic.VMSAVE}) {
            t.putEnding(m, (cpu, op) -> {
                throw cpu.undefined();
            });
        }
    }

    private static void put(HandlerTable t, Mnemonic mnemonic, ExitReason reason) {
        t.putEnding(mnemonic, (cpu, op) -> {
            checkMode(cpu);
            exit(cpu, op, reason, op.displacement);
        });
    }

    private static void checkMode(Cpu cpu) {
        if (!cpu.descriptorMode() || cpu.longMode() && !cpu.code64()) {
            throw cpu.undefined();
        }
    }

    private static void exit(Cpu cpu, Op op, ExitReason reason, long qualification) {
        cpu.intercepts.instruction(cpu, op, reason, qualification);
        throw cpu.undefined(); // not in VMX operation
    }

    private static void vmxon(Cpu cpu, Op op) {
        checkMode(cpu);
        if ((cpu.cr4 & Cr4.VMXE) == 0) {
            throw cpu.undefined();
        }
        exit(cpu, op, ExitReason.VMXON, op.displacement);
    }
}
