package proteus.api.silicon;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The virtual-machine control structure of one vCPU, by field encoding (SDM 3D, appendix B; names in {@link VmcsField}).
 * Guest-state fields are the processor's own registers. Controls take effect at the next entry, which checks them as SDM
 * 3C 27.2 and 27.3 say.
 */
@ProviderType
public interface Vmcs {
    /** VMREAD. @throws IllegalArgumentException for an unsupported encoding */
    long read(int field);

    /** VMWRITE. @throws IllegalArgumentException for an unsupported or read-only encoding */
    void write(int field, long value);

    /** Allowed settings of the controls: IA32_VMX_BASIC and the other capability MSRs (SDM 3D, appendix A). */
    long capability(int msr);

    /** The three bitmaps' host-physical addresses are in the VMCS; this sets one bit of the MSR bitmap's meaning without arithmetic at the caller. */
    void interceptMsr(int msr, boolean read, boolean write);

    /** Sets or clears a port's bit in I/O bitmap A or B. */
    void interceptPort(int port, boolean intercept);
}
