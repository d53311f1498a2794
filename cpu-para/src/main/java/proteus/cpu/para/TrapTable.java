package proteus.cpu.para;

import java.util.Arrays;

/** Where the guest's kernel wants to be called: exceptions, events, system calls (Xen public/arch-x86/xen.h, struct trap_info; public/callback.h). */
final class TrapTable {
    private static final int VECTORS = 256;
    private static final int DPL = 3, MASK_EVENTS = 4;
    private static final int CALLBACKOP_REGISTER = 0, CALLBACKOP_UNREGISTER = 1;
    private static final int CALLBACKF_MASK_EVENTS = 1;
    /** CALLBACKTYPE_*. */
    static final int EVENT = 0, FAILSAFE = 1, SYSCALL = 2, NMI = 4, SYSENTER = 5, SYSCALL32 = 7;

    private static final int CALLBACKS = 8, SYSENTER_DEPRECATED = 3, NOT_ASSIGNED = 6;

    /**
     * A place of the kernel.
     *
     * @param address 0 for none
     * @param selector of its code segment; a 64-bit kernel has one only
     * @param masksEvents whether it is called with events masked
     * @param dpl the least privileged ring that may call it by INT
     */
    record Handler(long address, int selector, boolean masksEvents, int dpl) {
        static final Handler NONE = new Handler(0, 0, false, 0);

        boolean there() {
            return address != 0;
        }
    }

    private final AddressSpace space;
    private final int entryBytes;
    private final Handler[] handlers = new Handler[VECTORS];
    private final Handler[] callbacks = new Handler[CALLBACKS];

    TrapTable(AddressSpace space) {
        this.space = space;
        this.entryBytes = 2 * space.width().bytes;
        Arrays.fill(handlers, Handler.NONE);
        Arrays.fill(callbacks, Handler.NONE);
    }

    /** SET_TRAP_TABLE: entries up to one without an address; no table clears all. */
    long set(long table, Work work) {
        if (table == 0) {
            Arrays.fill(handlers, Handler.NONE);
            return 0;
        }
        for (long at = table; ; at += entryBytes) {
            work.spend(1);
            // The address is the last of the entry, after vector, flags and selector.
            long address = space.readWord(at, 1);
            if (address == 0) {
                return 0;
            }
            int flags = space.read8(at + 1);
            handlers[space.read8(at)] = new Handler(guests(address), space.read16(at + 2), (flags & MASK_EVENTS) != 0, flags & DPL);
        }
    }

    private long guests(long address) {
        if (space.width().hypervisors(address)) {
            throw Refusal.INVALID;
        }
        return address;
    }

    /** CALLBACK_OP. */
    long callback(int operation, long arg) {
        int type = space.read16(arg);
        if (type >= CALLBACKS || type == NOT_ASSIGNED) {
            throw Refusal.UNKNOWN;
        }
        switch (operation) {
            case CALLBACKOP_REGISTER -> {
                boolean masks = (space.read16(arg + 2) & CALLBACKF_MASK_EVENTS) != 0;
                // Behind type and flags an address, or selector and address.
                Handler handler = space.width().wide()
                        ? new Handler(guests(space.read64(arg + 8)), 0, masks, 0)
                        : new Handler(guests(space.readWord(arg, 2)), space.read16(arg + 4), masks, 0);
                callbacks[type == SYSENTER_DEPRECATED ? SYSENTER : type] = handler;
            }
            case CALLBACKOP_UNREGISTER -> {
                if (type == EVENT || type == FAILSAFE || type == SYSCALL) {
                    throw Refusal.INVALID;
                }
                callbacks[type] = Handler.NONE;
            }
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }

    /** SET_CALLBACKS, the older form, of 64-bit kernels. */
    long callbacks(long event, long failsafe, long syscall) {
        callbacks[EVENT] = new Handler(guests(event), 0, false, 0);
        callbacks[FAILSAFE] = new Handler(guests(failsafe), 0, false, 0);
        callbacks[SYSCALL] = new Handler(guests(syscall), 0, false, 0);
        return 0;
    }

    /** SET_CALLBACKS of 32-bit kernels. */
    long callbacks(long eventSelector, long event, long failsafeSelector, long failsafe) {
        callbacks[EVENT] = new Handler(guests(event), (int) eventSelector & 0xffff, false, 0);
        callbacks[FAILSAFE] = new Handler(guests(failsafe), (int) failsafeSelector & 0xffff, false, 0);
        return 0;
    }

    Handler handler(int vector) {
        return handlers[vector];
    }

    /** Whether code of a ring may call a vector by INT; the kernel's ring may call each. */
    boolean mayCall(int vector, boolean kernel) {
        return handlers[vector].there() && (kernel || handlers[vector].dpl == DPL);
    }

    Handler callback(int type) {
        return callbacks[type];
    }
}
