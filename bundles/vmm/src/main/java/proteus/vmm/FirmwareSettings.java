package proteus.vmm;

import java.util.HashMap;
import java.util.Map;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestContract;
import proteus.x86.format.Msr;

/**
 * What firmware would have set in the processor before it starts a kernel, for guests that a loader starts without one:
 * memory types (SDM 3A 13.11). A kernel that finds all memory uncacheable says so, or trims it.
 */
final class FirmwareSettings {
    private static final int EDX_MTRR = 1 << 12;
    private static final long WRITE_BACK_EVERYWHERE = 0x0606_0606_0606_0606L;
    private static final long WRITE_PROTECTED_EVERYWHERE = 0x0505_0505_0505_0505L;
    /** Enabled, fixed ranges enabled, write-back where no range says otherwise. */
    private static final long DEFAULT_TYPE = 1 << 11 | 1 << 10 | 6;

    private static final long RANGE_VALID = 1 << 11;

    private FirmwareSettings() {}

    static ArchState complete(ArchState state, GuestContract contract) {
        boolean mtrr = (contract.cpuid(1, 0)[3] & EDX_MTRR) != 0;
        if (!mtrr || state.msrs().containsKey(Msr.IA32_MTRR_DEF_TYPE)) {
            return state;
        }
        Map<Integer, Long> msrs = new HashMap<>(state.msrs());
        msrs.put(Msr.IA32_MTRR_DEF_TYPE, DEFAULT_TYPE);
        msrs.put(Msr.IA32_MTRR_FIX64K_00000, WRITE_BACK_EVERYWHERE);
        msrs.put(Msr.IA32_MTRR_FIX16K_80000, WRITE_BACK_EVERYWHERE);
        msrs.put(Msr.IA32_MTRR_FIX16K_A0000, 0L);
        for (int msr = Msr.IA32_MTRR_FIX4K_C0000; msr <= Msr.IA32_MTRR_FIX4K_F8000; msr++) {
            msrs.put(msr, WRITE_PROTECTED_EVERYWHERE);
        }
        // The PCI hole is uncacheable: one range of a gibibyte at 3 GiB.
        int bits = contract.cpuid(0x8000_0008, 0)[0] & 0xff;
        long physical = (1L << (bits == 0 ? 36 : bits)) - 1;
        msrs.put(Msr.IA32_MTRR_PHYSBASE0, RegionMap.LOW_END);
        msrs.put(Msr.IA32_MTRR_PHYSMASK0, -(RegionMap.HIGH_START - RegionMap.LOW_END) & physical | RANGE_VALID);
        return new ArchState(state.general(), state.segments(), state.control(), state.fpu(), msrs, state.events(), state.tsc());
    }
}
