package proteus.tck.fake;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import proteus.api.silicon.Vmcs;

/** A VMCS that remembers. Every control may be 0 or 1 unless a capability says otherwise. */
public final class FakeVmcs implements Vmcs {
    private static final int IA32_VMX_BASIC = 0x480;
    private static final long TRUE_CONTROLS = 1L << 55;
    private static final int IA32_VMX_EPT_VPID_CAP = 0x48c;

    private final Map<Integer, Long> fields = new HashMap<>();
    private final Map<Integer, Long> capabilities = new HashMap<>();
    private final Set<Integer> passed = new HashSet<>();

    public FakeVmcs() {
        capabilities.put(IA32_VMX_BASIC, TRUE_CONTROLS);
        // 2-MByte and 1-GByte pages
        capabilities.put(IA32_VMX_EPT_VPID_CAP, 3L << 16);
    }

    public FakeVmcs capability(int msr, long value) {
        capabilities.put(msr, value);
        return this;
    }

    /** MSRs that the guest may read and write without exit. */
    public Set<Integer> passedMsrs() {
        return passed;
    }

    @Override
    public long read(int field) {
        return fields.getOrDefault(field, 0L);
    }

    @Override
    public void write(int field, long value) {
        fields.put(field, value);
    }

    @Override
    public long capability(int msr) {
        return capabilities.getOrDefault(msr, 0xffff_ffff_0000_0000L);
    }

    @Override
    public void interceptMsr(int msr, boolean read, boolean write) {
        if (read || write) {
            passed.remove(msr);
        } else {
            passed.add(msr);
        }
    }

    @Override
    public void interceptPort(int port, boolean intercept) {}
}
