package proteus.board.irq;

import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.InterruptController;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * How a vCPU reaches its interrupt controllers: memory-mapped registers at IA32_APIC_BASE (SDM 3A 11.4.1), x2APIC MSRs
 * (SDM 3A 11.12), CR8, and the INTA cycle over local APIC and 8259.
 */
public final class ApicAccess implements InterruptController, BusDevice, Part {
    private static final int MSR_APIC_BASE = 0x1b;
    private static final int MSR_TSC_DEADLINE = 0x6e0;
    private static final int MSR_X2APIC = 0x800;
    private static final int MSR_X2APIC_LAST = 0x8ff;
    private static final int SELF_IPI = 0x3f;

    private static final long BASE_BSP = 1 << 8;
    private static final long BASE_EXTENDED = 1 << 10;
    private static final long BASE_ENABLED = 1 << 11;
    private static final long BASE_ADDRESS = 0x000f_ffff_ffff_f000L;
    private static final long DEFAULT_ADDRESS = 0xfee0_0000L;

    private final LocalApic apic;
    private final PicPair pic;
    private final Bus mmio;
    private long base;
    private Bus.Attachment place;

    public ApicAccess(LocalApic apic, PicPair pic, Bus mmio) {
        this.apic = apic;
        this.pic = pic;
        this.mmio = mmio;
        reset();
    }

    @Override
    public boolean pending() {
        return pic.asserted() && apic.acceptsExternal() || apic.pending();
    }

    @Override
    public int acknowledge() {
        if (pic.asserted() && apic.acceptsExternal()) {
            return pic.acknowledge();
        }
        return apic.pending() ? apic.acknowledge() : -1;
    }

    @Override
    public boolean takeNmi() {
        return apic.takeNmi();
    }

    @Override
    public int taskPriority() {
        return apic.taskPriority() >> 4;
    }

    @Override
    public void taskPriority(int value) {
        apic.taskPriority((value & 0xf) << 4);
    }

    @Override
    public int apicId() {
        return apic.id();
    }

    @Override
    public boolean apicEnabled() {
        return apic.enabled();
    }

    @Override
    public boolean ownsMsr(int index) {
        return index == MSR_APIC_BASE || index == MSR_TSC_DEADLINE || index >= MSR_X2APIC && index <= MSR_X2APIC_LAST;
    }

    @Override
    public long readMsr(int index) {
        if (index == MSR_APIC_BASE) {
            return base;
        }
        if (index == MSR_TSC_DEADLINE) {
            return apic.timer().deadline();
        }
        int register = x2apicRegister(index);
        return switch (register) {
            case LocalApic.EOI, SELF_IPI -> throw fault(index);
            case LocalApic.ICR_LOW -> (long) apic.read(LocalApic.ICR_HIGH) << 32 | apic.read(LocalApic.ICR_LOW) & 0xffff_ffffL;
            default -> apic.read(register) & 0xffff_ffffL;
        };
    }

    @Override
    public void writeMsr(int index, long value) {
        if (index == MSR_APIC_BASE) {
            writeBase(value);
            return;
        }
        if (index == MSR_TSC_DEADLINE) {
            apic.timer().deadline(value);
            return;
        }
        int register = x2apicRegister(index);
        boolean wide = register == LocalApic.ICR_LOW;
        if (!wide && value >>> 32 != 0) {
            throw fault(index);
        }
        switch (register) {
            case LocalApic.ICR_LOW -> apic.command((int) value, (int) (value >>> 32));
            case SELF_IPI -> {
                if (value > 0xff) {
                    throw fault(index);
                }
                // Edge-triggered, fixed, to itself (SDM 3A 11.12.11).
                apic.receive(ApicBus.MODE_FIXED, (int) value, false);
            }
            case LocalApic.EOI, LocalApic.ESR -> {
                if (value != 0) {
                    throw fault(index);
                }
                apic.write(register, 0);
            }
            case LocalApic.TPR -> {
                if (value > 0xff) {
                    throw fault(index);
                }
                apic.write(register, (int) value);
            }
            case LocalApic.SVR, LocalApic.INITIAL_COUNT, LocalApic.DIVIDE -> apic.write(register, (int) value);
            default -> {
                if (register < LocalApic.LVT_TIMER || register > LocalApic.LVT_ERROR) {
                    // The rest is read-only.
                    throw fault(index);
                }
                apic.write(register, (int) value);
            }
        }
    }

    /** The register behind an x2APIC MSR; those that do not exist in this mode fault (SDM 3A table 11-6). */
    private int x2apicRegister(int index) {
        int register = index - MSR_X2APIC;
        boolean exists = register == LocalApic.ID || register == LocalApic.VERSION || register == LocalApic.TPR
                || register == LocalApic.PPR || register == LocalApic.EOI || register == LocalApic.LDR
                || register == LocalApic.SVR || register >= LocalApic.ISR && register <= LocalApic.ESR
                || register == LocalApic.ICR_LOW || register >= LocalApic.LVT_TIMER && register <= LocalApic.CURRENT_COUNT
                || register == LocalApic.DIVIDE || register == SELF_IPI;
        if (!apic.x2apic() || !exists) {
            throw fault(index);
        }
        return register;
    }

    /** Mode switches as in SDM 3A figure 11-27: x2APIC is entered from xAPIC only and left to disabled only. */
    private void writeBase(long value) {
        boolean enable = (value & BASE_ENABLED) != 0;
        boolean extended = (value & BASE_EXTENDED) != 0;
        boolean reserved = (value & ~(BASE_ADDRESS | BASE_ENABLED | BASE_EXTENDED | BASE_BSP)) != 0;
        boolean illegal = extended && !enable || extended && !apic.enabled() || enable && !extended && apic.x2apic();
        if (reserved || illegal) {
            throw fault(MSR_APIC_BASE);
        }
        base = value & ~BASE_BSP | (apic.id() == 0 ? BASE_BSP : 0);
        apic.mode(enable, extended);
        place();
    }

    private static IllegalArgumentException fault(int index) {
        return new IllegalArgumentException("#GP: MSR 0x%x".formatted(index));
    }

    /** Moves the register page; where something else is already, the guest has hidden its APIC. */
    private void place() {
        if (place != null) {
            place.close();
            place = null;
        }
        // Only one processor's page can be on the VM's bus; further ones come with their own dispatch.
        if (apic.enabled() && !apic.x2apic() && apic.id() == 0) {
            try {
                place = mmio.attach(base & BASE_ADDRESS, 0x1000, "local APIC", this);
            } catch (IllegalArgumentException occupied) {
                place = null;
            }
        }
    }

    @Override
    public long read(long offset, int size) {
        // Registers are 32 bits wide at 16-byte steps; the bytes between are undefined and read as 0 (SDM 3A 11.4.1).
        if ((offset & 0xf) >= 4) {
            return 0;
        }
        long value = apic.read((int) offset >>> 4) & 0xffff_ffffL;
        value >>>= 8 * (offset & 3);
        return size >= 4 ? value : value & (1L << 8 * size) - 1;
    }

    @Override
    public void write(long offset, int size, long value) {
        if ((offset & 0xf) == 0 && size >= 4) {
            apic.write((int) offset >>> 4, (int) value);
        }
    }

    /** Takes the register page off the bus. */
    public void close() {
        if (place != null) {
            place.close();
            place = null;
        }
    }

    @Override
    public String name() {
        return "local APIC access";
    }

    @Override
    public void reset() {
        base = DEFAULT_ADDRESS | BASE_ENABLED | (apic.id() == 0 ? BASE_BSP : 0);
        apic.mode(true, false);
        place();
    }

    @Override
    public void save(StateWriter out) {
        out.putLong(base);
    }

    /** The modes themselves are in the APIC's state, which is loaded before. */
    @Override
    public void load(StateReader in) {
        base = in.takeLong();
        place();
    }
}
