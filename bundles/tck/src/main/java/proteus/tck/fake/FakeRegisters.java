package proteus.tck.fake;

import java.util.HashMap;
import java.util.Map;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.VmcsField;

/** Registers that remember; those that are also VMCS fields live in the VMCS. */
public final class FakeRegisters implements CpuRegisters {
    /** As after reset (SDM 3A, table 10-1). */
    private int idtrLimit = 0xffff;
    private long idtrBase;
    private static final int EFER = 0xc000_0080;
    private static final SegmentRegister FLAT = new SegmentRegister(0, 0, 0xffffffffL, 0xc093);

    private final FakeVmcs vmcs;
    private final long[] general = new long[16];
    private final SegmentRegister[] segments = new SegmentRegister[8];
    private final Map<Integer, Long> msrs = new HashMap<>();
    private final Map<Integer, Long> others = new HashMap<>();
    private int codeSize = 32;

    FakeRegisters(FakeVmcs vmcs) {
        this.vmcs = vmcs;
        java.util.Arrays.fill(segments, FLAT);
    }

    public void codeSize(int bits) {
        codeSize = bits;
    }

    @Override
    public long gpr(int register) {
        return general[register];
    }

    @Override
    public void gpr(int register, long value) {
        general[register] = value;
    }

    @Override
    public long rip() {
        return vmcs.read(VmcsField.GUEST_RIP);
    }

    @Override
    public void rip(long value) {
        vmcs.write(VmcsField.GUEST_RIP, value);
    }

    @Override
    public long rflags() {
        return vmcs.read(VmcsField.GUEST_RFLAGS);
    }

    @Override
    public void rflags(long value) {
        vmcs.write(VmcsField.GUEST_RFLAGS, value);
    }

    @Override
    public SegmentRegister segment(int register) {
        return segments[register];
    }

    @Override
    public void segment(int register, SegmentRegister value) {
        segments[register] = value;
    }

    @Override
    public long gdtrBase() {
        return 0;
    }

    @Override
    public int gdtrLimit() {
        return 0;
    }

    @Override
    public void gdtr(long base, int limit) {}

    @Override
    public long idtrBase() {
        return idtrBase;
    }

    @Override
    public int idtrLimit() {
        return idtrLimit;
    }

    @Override
    public void idtr(long base, int limit) {
        idtrBase = base;
        idtrLimit = limit;
    }

    @Override
    public long cr(int register) {
        return switch (register) {
            case 0 -> vmcs.read(VmcsField.GUEST_CR0);
            case 3 -> vmcs.read(VmcsField.GUEST_CR3);
            case 4 -> vmcs.read(VmcsField.GUEST_CR4);
            default -> others.getOrDefault(register, 0L);
        };
    }

    @Override
    public void cr(int register, long value) {
        switch (register) {
            case 0 -> vmcs.write(VmcsField.GUEST_CR0, value);
            case 3 -> vmcs.write(VmcsField.GUEST_CR3, value);
            case 4 -> vmcs.write(VmcsField.GUEST_CR4, value);
            default -> others.put(register, value);
        }
    }

    @Override
    public long dr(int register) {
        return 0;
    }

    @Override
    public void dr(int register, long value) {}

    @Override
    public long msr(int index) {
        return index == EFER ? vmcs.read(VmcsField.GUEST_IA32_EFER) : msrs.getOrDefault(index, 0L);
    }

    @Override
    public void msr(int index, long value) {
        if (index == EFER) {
            vmcs.write(VmcsField.GUEST_IA32_EFER, value);
        } else {
            msrs.put(index, value);
        }
    }

    @Override
    public long xcr0() {
        return 1;
    }

    @Override
    public int interruptibility() {
        return 0;
    }

    @Override
    public void interruptibility(int blocking) {
        // no interrupts here
    }

    @Override
    public int cpl() {
        return 0;
    }

    @Override
    public int codeSize() {
        return codeSize;
    }

    @Override
    public long[] xmm(int register) {
        return new long[2];
    }
}
