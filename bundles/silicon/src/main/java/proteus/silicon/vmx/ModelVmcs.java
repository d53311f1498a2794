package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.Map;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.silicon.cpu.Cpu;

/**
 * The VMCS of one vCPU. Controls and host state are storage; guest state is the processor's own registers, since no host code
 * ever runs on a modelled processor that could need them in between; exit information is the exit record.
 */
final class ModelVmcs implements Vmcs {
    /** Field encoding to name, for messages. */
    static final Map<Integer, String> NAMES = names();

    private static final boolean[] SUPPORTED = new boolean[0x8000];

    private final Cpu cpu;
    private final ExitRecord record;
    private final VmxCapabilities capabilities;
    private final long[] storage = new long[4 << 8];
    /** Something other than guest state was written since the last entry: check the controls again. */
    boolean changed = true;
    private long linkPointer = -1;

    ModelVmcs(Cpu cpu, ExitRecord record, VmxCapabilities capabilities) {
        this.cpu = cpu;
        this.record = record;
        this.capabilities = capabilities;
    }

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>();
        for (Field field : VmcsField.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
                try {
                    names.put(field.getInt(null), field.getName());
                } catch (IllegalAccessException e) {
                    throw new ExceptionInInitializerError(e);
                }
            }
        }
        return Map.copyOf(names);
    }

    private static int slot(int field) {
        return (field >> 13 & 3) << 8 | (field >> 10 & 3) << 6 | field >> 1 & 0x3f;
    }

    private static int type(int field) {
        return field >> 10 & 3;
    }

    private static void check(int field) {
        if (field < 0 || field >= SUPPORTED.length || !SUPPORTED[field & ~1]) {
            throw new IllegalArgumentException("0x%04x is no VMCS field of this processor".formatted(field));
        }
    }

    /** A control or host-state field without checks. */
    long control(int field) {
        return storage[slot(field)];
    }

    void storeControl(int field, long value) {
        storage[slot(field)] = value;
    }

    @Override
    public long read(int field) {
        check(field);
        boolean high = (field & 1) != 0;
        int f = field & ~1;
        long value = switch (type(f)) {
            case 1 -> readExit(f);
            case 2 -> readGuest(f);
            default -> storage[slot(f)];
        };
        return high ? value >>> 32 : value;
    }

    @Override
    public void write(int field, long value) {
        check(field);
        int f = field & ~1;
        long v = (field & 1) == 0 ? value : read(f) & 0xffffffffL | value << 32;
        switch (type(f)) {
            case 1 -> throw new IllegalArgumentException("VMCS field " + NAMES.get(f) + " is read-only");
            case 2 -> writeGuest(f, v);
            default -> {
                storage[slot(f)] = truncate(f, v);
                changed = true;
            }
        }
    }

    private static long truncate(int field, long value) {
        return switch (field >> 13 & 3) {
            case 0 -> value & 0xffff;
            case 2 -> value & 0xffffffffL;
            default -> value;
        };
    }

    private long readExit(int field) {
        return switch (field) {
            case GUEST_PHYSICAL_ADDRESS -> record.guestPhysical;
            case EXIT_REASON -> record.reason.number() | (record.reason.name().startsWith("ENTRY_FAILURE") ? 0x80000000L : 0);
            case VM_EXIT_INTERRUPTION_INFORMATION -> record.interruption & 0xffffffffL;
            case VM_EXIT_INTERRUPTION_ERROR_CODE -> record.interruptionErrorCode & 0xffffffffL;
            case IDT_VECTORING_INFORMATION -> record.idtVectoring & 0xffffffffL;
            case IDT_VECTORING_ERROR_CODE -> record.idtVectoringErrorCode & 0xffffffffL;
            case VM_EXIT_INSTRUCTION_LENGTH -> record.instructionLength;
            case VM_EXIT_INSTRUCTION_INFORMATION -> record.instructionInformation & 0xffffffffL;
            case EXIT_QUALIFICATION -> record.qualification;
            case GUEST_LINEAR_ADDRESS -> record.guestLinear;
            default -> storage[slot(field)];
        };
    }

    private long readGuest(int field) {
        if (field >= GUEST_ES_SELECTOR && field <= GUEST_TR_SELECTOR) {
            return cpu.selector[field - GUEST_ES_SELECTOR >> 1];
        }
        if (field >= GUEST_ES_LIMIT && field <= GUEST_TR_LIMIT) {
            return cpu.limit[field - GUEST_ES_LIMIT >> 1];
        }
        if (field >= GUEST_ES_ACCESS_RIGHTS && field <= GUEST_TR_ACCESS_RIGHTS) {
            return cpu.rights[field - GUEST_ES_ACCESS_RIGHTS >> 1];
        }
        if (field >= GUEST_ES_BASE && field <= GUEST_TR_BASE) {
            return cpu.base[field - GUEST_ES_BASE >> 1];
        }
        if (field >= GUEST_PDPTE0 && field <= GUEST_PDPTE3) {
            return cpu.pdpte[field - GUEST_PDPTE0 >> 1];
        }
        return switch (field) {
            case GUEST_CR0 -> cpu.cr0;
            case GUEST_CR3 -> cpu.cr3;
            case GUEST_CR4 -> cpu.cr4;
            case GUEST_DR7 -> cpu.dr[7];
            case GUEST_RSP -> cpu.gpr(4);
            case GUEST_RIP -> cpu.rip();
            case GUEST_RFLAGS -> cpu.rflags();
            case GUEST_GDTR_BASE -> cpu.gdtrBase;
            case GUEST_IDTR_BASE -> cpu.idtrBase;
            case GUEST_GDTR_LIMIT -> cpu.gdtrLimit;
            case GUEST_IDTR_LIMIT -> cpu.idtrLimit;
            case GUEST_INTERRUPTIBILITY_STATE -> cpu.interruptibility;
            case GUEST_ACTIVITY_STATE -> cpu.activity;
            case GUEST_PENDING_DEBUG_EXCEPTIONS -> cpu.pendingDebug;
            case GUEST_IA32_EFER -> cpu.efer;
            case GUEST_IA32_PAT -> cpu.msrs.pat;
            case GUEST_IA32_DEBUGCTL -> cpu.msrs.debugctl;
            case GUEST_IA32_SYSENTER_CS -> cpu.msrs.sysenterCs;
            case GUEST_IA32_SYSENTER_ESP -> cpu.msrs.sysenterEsp;
            case GUEST_IA32_SYSENTER_EIP -> cpu.msrs.sysenterEip;
            case VMCS_LINK_POINTER -> linkPointer;
            default -> storage[slot(field)];
        };
    }

    private void writeGuest(int field, long value) {
        if (field >= GUEST_ES_SELECTOR && field <= GUEST_TR_SELECTOR) {
            cpu.selector[field - GUEST_ES_SELECTOR >> 1] = (int) value & 0xffff;
            return;
        }
        if (field >= GUEST_ES_LIMIT && field <= GUEST_TR_LIMIT) {
            cpu.limit[field - GUEST_ES_LIMIT >> 1] = value & 0xffffffffL;
            cpu.updateMode();
            return;
        }
        if (field >= GUEST_ES_ACCESS_RIGHTS && field <= GUEST_TR_ACCESS_RIGHTS) {
            int register = field - GUEST_ES_ACCESS_RIGHTS >> 1;
            cpu.rights[register] = (int) value;
            if (register == Cpu.SS) {
                cpu.setCpl((int) value >> 5 & 3);
            }
            cpu.updateMode();
            return;
        }
        if (field >= GUEST_ES_BASE && field <= GUEST_TR_BASE) {
            cpu.base[field - GUEST_ES_BASE >> 1] = value;
            cpu.updateMode();
            return;
        }
        if (field >= GUEST_PDPTE0 && field <= GUEST_PDPTE3) {
            cpu.pdpte[field - GUEST_PDPTE0 >> 1] = value;
            return;
        }
        switch (field) {
            case GUEST_CR0 -> {
                if (cpu.cr0 != value) {
                    cpu.cr0 = value;
                    cpu.mmu.pagingModeChanged();
                }
            }
            case GUEST_CR3 -> cpu.mmu.loadCr3(value);
            case GUEST_CR4 -> {
                if (cpu.cr4 != value) {
                    cpu.cr4 = value;
                    cpu.mmu.pagingModeChanged();
                }
            }
            case GUEST_DR7 -> {
                cpu.dr[7] = value;
                cpu.mmu.selectAccess();
            }
            case GUEST_RSP -> cpu.gpr(4, value);
            case GUEST_RIP -> cpu.rip(value);
            case GUEST_RFLAGS -> cpu.rflags(value);
            case GUEST_GDTR_BASE -> cpu.gdtrBase = value;
            case GUEST_IDTR_BASE -> cpu.idtrBase = value;
            case GUEST_GDTR_LIMIT -> cpu.gdtrLimit = (int) value & 0xffff;
            case GUEST_IDTR_LIMIT -> cpu.idtrLimit = (int) value & 0xffff;
            case GUEST_INTERRUPTIBILITY_STATE -> cpu.interruptibility = (int) value;
            case GUEST_ACTIVITY_STATE -> cpu.activity = (int) value;
            case GUEST_PENDING_DEBUG_EXCEPTIONS -> cpu.pendingDebug = value;
            case GUEST_IA32_EFER -> {
                if (cpu.efer != value) {
                    cpu.efer = value;
                    cpu.updateMode();
                    cpu.mmu.pagingModeChanged();
                }
            }
            case GUEST_IA32_PAT -> cpu.msrs.pat = value;
            case GUEST_IA32_DEBUGCTL -> cpu.msrs.debugctl = value;
            case GUEST_IA32_SYSENTER_CS -> cpu.msrs.sysenterCs = value;
            case GUEST_IA32_SYSENTER_ESP -> cpu.msrs.sysenterEsp = value;
            case GUEST_IA32_SYSENTER_EIP -> cpu.msrs.sysenterEip = value;
            case VMCS_LINK_POINTER -> linkPointer = value;
            default -> storage[slot(field)] = truncate(field, value);
        }
    }

    @Override
    public long capability(int msr) {
        return capabilities.read(msr);
    }

    @Override
    public void interceptMsr(int msr, boolean read, boolean write) {
        long half = msr >>> 13 == 0 ? 0 : msr >>> 13 == 0xc0000000 >>> 13 ? 1024 : -1;
        if (half < 0) {
            throw new IllegalArgumentException("MSR 0x%x is in neither range of the MSR bitmap: it always exits".formatted(msr));
        }
        long bitmap = storage[slot(MSR_BITMAP)];
        setBit(bitmap + half, msr & 0x1fff, read);
        setBit(bitmap + half + 2048, msr & 0x1fff, write);
    }

    @Override
    public void interceptPort(int port, boolean intercept) {
        setBit(storage[slot(port < 0x8000 ? IO_BITMAP_A : IO_BITMAP_B)], port & 0x7fff, intercept);
    }

    private void setBit(long bitmap, int bit, boolean value) {
        var memory = cpu.mmu.memory();
        long at = bitmap + (bit >> 3);
        int old = memory.read8(at);
        memory.write8(at, value ? old | 1 << (bit & 7) : old & ~(1 << (bit & 7)));
    }

    /** A bit of a bitmap in host memory. */
    boolean bit(int bitmapField, long offset, int bit) {
        return (cpu.mmu.memory().read8(storage[slot(bitmapField)] + offset + (bit >> 3)) >> (bit & 7) & 1) != 0;
    }

    static {
        NAMES.keySet().forEach(field -> SUPPORTED[field] = true);
    }
}
