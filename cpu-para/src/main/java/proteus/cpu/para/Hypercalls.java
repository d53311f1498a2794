package proteus.cpu.para;

import proteus.api.cpu.ParavirtualServices;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.event.Hypercall;
import proteus.api.silicon.CpuRegisters;
import proteus.x86.format.Cr0;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/** Answers hypercalls by their number: the ones of memory and scheduling by their own classes, the small ones here. */
final class Hypercalls {
    /** Of a call in a list: number, result, six arguments (struct multicall_entry). */
    private static final int CALL_WORDS = 8;
    private static final long LOW = 0xffff_ffffL;
    private static final int CONSOLEIO_WRITE = 0;
    private static final int XENVER_VERSION = 0, XENVER_EXTRAVERSION = 1, XENVER_CAPABILITIES = 3, XENVER_PLATFORM_PARAMETERS = 5, XENVER_GET_FEATURES = 6, XENVER_PAGESIZE = 7,
        XENVER_GUEST_HANDLE = 8;
    /** pae_pgdir_above_4gb, mmu_pt_update_preserve_ad, gnttab_map_avail_bits: Linux demands the last although it maps no grant here. */
    private static final int FEATURES = 1 << 4 | 1 << 5 | 1 << 7;
    private static final int EXTRAVERSION_BYTES = 16, CAPABILITIES_BYTES = 1024, HANDLE_BYTES = 16;
    private static final int SEGBASE_FS = 0, SEGBASE_GS_USER = 1, SEGBASE_GS_KERNEL = 2, SEGBASE_GS_USER_SEL = 3;
    private static final int PHYSDEVOP_SET_IOPL = 6, PHYSDEVOP_SET_IOBITMAP = 7;
    private static final int VMASST_ENABLE = 0, VMASST_DISABLE = 1, VMASST_4GB_SEGMENTS = 0, VMASST_PAE_EXTENDED_CR3 = 3, VMASST_RUNSTATE_UPDATE_FLAG = 5;

    private final CpuRegisters registers;
    private final AddressSpace space;
    private final GuestMode mode;
    private final TrapTable traps;
    private final MmuCalls mmu;
    private final ReservationCalls reservation;
    private final EventChannels events;
    private final VcpuCalls vcpu;
    private final DomainClock clock;
    private final PrivilegedInstructions privileged;
    private final ParavirtualServices services;
    private final EventCounters counters;
    private final Work work;
    private final Width width;

    Hypercalls(
            CpuRegisters registers,
            AddressSpace space,
            GuestMode mode,
            TrapTable traps,
            MmuCalls mmu,
            ReservationCalls reservation,
            EventChannels events,
            VcpuCalls vcpu,
            DomainClock clock,
            PrivilegedInstructions privileged,
            ParavirtualServices services,
            EventCounters counters,
            Work work) {
        this.registers = registers;
        this.space = space;
        this.mode = mode;
        this.traps = traps;
        this.mmu = mmu;
        this.reservation = reservation;
        this.events = events;
        this.vcpu = vcpu;
        this.clock = clock;
        this.privileged = privileged;
        this.services = services;
        this.counters = counters;
        this.work = work;
        this.width = space.width();
    }

    /** The hypercall in RAX with arguments in RDI, RSI, RDX, R10, or EBX, ECX, EDX, ESI of a 32-bit kernel; RIP is behind it already. */
    void call() {
        counters.count(CountedEvent.HYPERCALLS);
        long number = registers.gpr(CpuRegisters.RAX);
        if (number == Hypercall.IRET.number()) {
            counters.hypercall(Hypercall.IRET);
            // Changes every register, and may crash the guest: no result.
            mode.returnFromHandler();
            return;
        }
        long result = width.wide()
                ? answer(number, registers.gpr(CpuRegisters.RDI), registers.gpr(CpuRegisters.RSI), registers.gpr(CpuRegisters.RDX), registers.gpr(10))
                : answer(number, low(CpuRegisters.RBX), low(CpuRegisters.RCX), low(CpuRegisters.RDX), low(CpuRegisters.RSI));
        registers.gpr(CpuRegisters.RAX, width.address(result));
    }

    private long low(int register) {
        return registers.gpr(register) & LOW;
    }

    private long answer(long number, long a, long b, long c, long d) {
        Hypercall call = Hypercall.of(number);
        if (call == null) {
            counters.count(CountedEvent.REFUSED_REQUESTS);
            return Refusal.UNKNOWN.result();
        }
        counters.hypercall(call);
        try {
            if (call == Hypercall.MULTICALL) {
                return multicall(a, b);
            }
            return width.wide() ? answer(call, a, b, c, d) : narrow(call, a, b, c, d);
        } catch (Refusal refusal) {
            counters.count(CountedEvent.REFUSED_REQUESTS);
            return refusal.result();
        }
    }

    /** The calls that take 64 bits in two words (Xen arch/x86/x86_64/compat/mm.c), or do not exist with 32. */
    private long narrow(Hypercall call, long a, long b, long c, long d) {
        return switch (call) {
            case UPDATE_VA_MAPPING -> answer(call, a, both(b, c), d, 0);
            case UPDATE_DESCRIPTOR -> answer(call, both(a, b), both(c, d), 0, 0);
            case SET_TIMER_OP -> answer(call, both(a, b), 0, 0, 0);
            case SET_CALLBACKS -> traps.callbacks(a, b, c, d);
            case SET_SEGMENT_BASE -> throw Refusal.UNKNOWN;
            default -> answer(call, a, b, c, d);
        };
    }

    private static long both(long low, long high) {
        return low | high << 32;
    }

    private long answer(Hypercall call, long a, long b, long c, long d) {
        return switch (call) {
            case SET_TRAP_TABLE -> traps.set(a, work);
            case MMU_UPDATE -> mmu.update(a, b, c, d);
            case SET_GDT -> mmu.setGdt(a, b);
            case STACK_SWITCH -> {
                mode.kernelStack(a, b);
                yield 0;
            }
            case SET_CALLBACKS -> traps.callbacks(a, b, c);
            case FPU_TASKSWITCH -> {
                registers.cr(0, a != 0 ? registers.cr(0) | Cr0.TS : registers.cr(0) & ~Cr0.TS);
                yield 0;
            }
            case SET_DEBUGREG -> setDebugRegister(a, b);
            case GET_DEBUGREG -> a >= 0 && a < 8 ? registers.dr((int) a) : Refusal.INVALID.result();
            case UPDATE_DESCRIPTOR -> mmu.updateDescriptor(a, b);
            case MEMORY_OP -> reservation.call((int) a, b);
            case UPDATE_VA_MAPPING -> mmu.updateMapping(a, b, c);
            case SET_TIMER_OP -> {
                clock.deadline(a);
                yield 0;
            }
            case XEN_VERSION -> version((int) a, b);
            case CONSOLE_IO -> consoleIo((int) a, (int) b, c);
            case VM_ASSIST -> assist((int) a, (int) b);
            case VCPU_OP -> vcpu.vcpu((int) a, (int) b, c);
            case SET_SEGMENT_BASE -> setSegmentBase((int) a, b);
            case MMUEXT_OP -> mmu.extended(a, b, c, d);
            case SCHED_OP -> vcpu.schedule((int) a, b);
            case CALLBACK_OP -> traps.callback((int) a, b);
            case EVENT_CHANNEL_OP -> events.call((int) a, b);
            case PHYSDEV_OP -> physicalDevice((int) a, b);
            case UPDATE_VA_MAPPING_OTHERDOMAIN -> throw Refusal.NO_SUCH_DOMAIN;
            // What only the first domain may do.
            case PLATFORM_OP, SYSCTL, DOMCTL -> throw Refusal.NOT_PERMITTED;
            default -> throw Refusal.UNKNOWN;
        };
    }

    /** MULTICALL: calls in a list, each with its result (struct multicall_entry). */
    private long multicall(long list, long count) {
        for (long i = 0; i < (count & 0xffff_ffffL); i++) {
            work.spend(1);
            long at = list + i * CALL_WORDS * width.bytes;
            counters.count(CountedEvent.BATCHED_CALLS);
            long number = space.readWord(at);
            boolean nested = number == Hypercall.MULTICALL.number() || number == Hypercall.IRET.number();
            long result = nested
                    ? Refusal.INVALID.result()
                    : answer(number, space.readWord(at, 2), space.readWord(at, 3), space.readWord(at, 4), space.readWord(at, 5));
            space.writeWord(at, 1, result);
        }
        return 0;
    }

    /** No debug register may name what is not the guest's, and none traps the hypervisor. */
    private long setDebugRegister(long register, long value) {
        switch ((int) register) {
            case 0, 1, 2, 3 -> {
                if (!PageTable.canonical(value, 48) || width.hypervisors(value)) {
                    throw Refusal.INVALID;
                }
                registers.dr((int) register, value);
            }
            case 6 -> registers.dr(6, DebugRegister.DR6_RESET | value & 0xf | value & DebugRegister.BS);
            case 7 -> {
                for (int i = 0; i < 4; i++) {
                    // I/O breakpoints need CR4.DE and ports.
                    if ((value >>> 16 + 4 * i & 3) == 2) {
                        throw Refusal.NOT_PERMITTED;
                    }
                }
                registers.dr(7, DebugRegister.DR7_RESET | value & 0xffff_03ffL);
            }
            default -> throw Refusal.INVALID;
        }
        return 0;
    }

    private long version(int what, long arg) {
        switch (what) {
            case XENVER_VERSION -> {
                return CpuidPolicy.VERSION;
            }
            case XENVER_EXTRAVERSION -> space.write(arg, text(".proteus", EXTRAVERSION_BYTES));
            case XENVER_CAPABILITIES -> space.write(arg, text(width.platform + " ", CAPABILITIES_BYTES));
            case XENVER_PLATFORM_PARAMETERS -> space.writeWord(arg, width.hypervisorStart);
            case XENVER_GET_FEATURES -> space.write32(arg + 4, space.read32(arg) == 0 ? FEATURES : 0);
            case XENVER_PAGESIZE -> {
                return PageTable.PAGE_SIZE;
            }
            case XENVER_GUEST_HANDLE -> space.write(arg, new byte[HANDLE_BYTES]);
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }

    private static byte[] text(String text, int bytes) {
        return java.util.Arrays.copyOf(text.getBytes(java.nio.charset.StandardCharsets.US_ASCII), bytes);
    }

    private long consoleIo(int operation, int count, long buffer) {
        if (operation != CONSOLEIO_WRITE) {
            throw Refusal.UNKNOWN;
        }
        if (count < 0) {
            throw Refusal.INVALID;
        }
        for (int i = 0; i < count; i++) {
            work.spend(1);
            services.console().output(space.read8(buffer + i));
        }
        return 0;
    }

    /** VM_ASSIST: writes to level-1 tables are always emulated; the other assists are for 32-bit guests or change nothing here. */
    private static long assist(int command, int type) {
        boolean known = type >= VMASST_4GB_SEGMENTS && type <= VMASST_PAE_EXTENDED_CR3 || type == VMASST_RUNSTATE_UPDATE_FLAG;
        if (!known || command != VMASST_ENABLE && command != VMASST_DISABLE) {
            throw Refusal.INVALID;
        }
        return 0;
    }

    /** Only the kernel calls: GS in force is the kernel's. */
    private long setSegmentBase(int which, long base) {
        if (which != SEGBASE_GS_USER_SEL && !PageTable.canonical(base, 48)) {
            throw Refusal.INVALID;
        }
        switch (which) {
            case SEGBASE_FS -> registers.msr(Msr.IA32_FS_BASE, base);
            case SEGBASE_GS_USER -> registers.msr(Msr.IA32_KERNEL_GS_BASE, base);
            case SEGBASE_GS_KERNEL -> registers.msr(Msr.IA32_GS_BASE, base);
            case SEGBASE_GS_USER_SEL -> mode.userGsSelector((int) base & 0xffff);
            default -> throw Refusal.INVALID;
        }
        return 0;
    }

    private long physicalDevice(int operation, long arg) {
        switch (operation) {
            case PHYSDEVOP_SET_IOPL -> {
                int level = space.read32(arg);
                if (level < 0 || level > 3) {
                    throw Refusal.INVALID;
                }
                privileged.ioPrivilege(level);
            }
            // Of no ports.
            case PHYSDEVOP_SET_IOBITMAP -> { }
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }
}
