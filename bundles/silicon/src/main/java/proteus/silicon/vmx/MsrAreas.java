package proteus.silicon.vmx;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.system.ModelSpecificRegisters;
import proteus.x86.format.Msr;

/**
 * The MSR areas of a VMCS (SDM 3C, 25.7.2 and 25.8.2): lists of index and value in host memory, loaded at entries, stored and
 * loaded at exits (27.4, 28.4 and 28.6). What is loaded at an exit stays until an entry loads something else: a modelled
 * processor runs no host code in between.
 */
final class MsrAreas {
    static final int ENTRY_BYTES = 16;
    private static final int VALUE = 8;
    private static final int X2APIC = 0x800 >>> 8;

    private final Cpu cpu;

    MsrAreas(Cpu cpu) {
        this.cpu = cpu;
    }

    /** @return 0, or the number of the first entry that cannot be loaded, from 1 */
    int load(long area, int count) {
        for (int i = 0; i < count; i++) {
            long entry = area + (long) i * ENTRY_BYTES;
            int index = cpu.mmu.memory().read32(entry);
            if (cpu.mmu.memory().read32(entry + 4) != 0 || forbidden(index) || !write(index, cpu.mmu.memory().read64(entry + VALUE))) {
                return i + 1;
            }
        }
        return 0;
    }

    /** FS and GS base have fields of their own, x2APIC registers and the microcode update may not be loaded this way. */
    private static boolean forbidden(int index) {
        return index == Msr.IA32_FS_BASE || index == Msr.IA32_GS_BASE || index >>> 8 == X2APIC || index == Msr.IA32_BIOS_UPDT_TRIG;
    }

    private boolean write(int index, long value) {
        try {
            ModelSpecificRegisters.write(cpu, index, value);
            return true;
        } catch (GuestFault fault) {
            return false;
        }
    }

    /** @return 0, or the number of the first entry that cannot be stored, from 1 */
    int store(long area, int count) {
        for (int i = 0; i < count; i++) {
            long entry = area + (long) i * ENTRY_BYTES;
            if (cpu.mmu.memory().read32(entry + 4) != 0) {
                return i + 1;
            }
            try {
                cpu.mmu.memory().write64(entry + VALUE, ModelSpecificRegisters.read(cpu, cpu.mmu.memory().read32(entry)));
            } catch (GuestFault fault) {
                return i + 1;
            }
        }
        return 0;
    }
}
