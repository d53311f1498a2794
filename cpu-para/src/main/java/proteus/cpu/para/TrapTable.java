package proteus.cpu.para;

/** Where the guest's kernel wants to be called: exceptions, events, system calls (Xen public/arch-x86/xen.h, struct trap_info; public/callback.h). */
final class TrapTable {
    private static final int VECTORS = 256, ENTRY_BYTES = 16;
    private static final int DPL = 3, MASK_EVENTS = 4;
    private static final int CALLBACKOP_REGISTER = 0, CALLBACKOP_UNREGISTER = 1;
    private static final int CALLBACKF_MASK_EVENTS = 1;
    /** CALLBACKTYPE_*. */
    static final int EVENT = 0, FAILSAFE = 1, SYSCALL = 2, NMI = 4, SYSENTER = 5, SYSCALL32 = 7;

    private static final int CALLBACKS = 8, SYSENTER_DEPRECATED = 3, NOT_ASSIGNED = 6;

    private final AddressSpace space;
    private final long[] handlers = new long[VECTORS];
    private final byte[] flags = new byte[VECTORS];
    private final long[] callbacks = new long[CALLBACKS];
    private final boolean[] callbackMasks = new boolean[CALLBACKS];

    TrapTable(AddressSpace space) {
        this.space = space;
    }

    /** SET_TRAP_TABLE: entries up to one without an address; no table clears all. */
    long set(long table, Work work) {
        if (table == 0) {
            java.util.Arrays.fill(handlers, 0);
            return 0;
        }
        for (long at = table; ; at += ENTRY_BYTES) {
            work.spend(1);
            long address = space.read64(at + 8);
            if (address == 0) {
                return 0;
            }
            int vector = space.read8(at);
            flags[vector] = (byte) space.read8(at + 1);
            handlers[vector] = guests(address);
        }
    }

    private static long guests(long address) {
        if (XenArea.owns(address)) {
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
                int slot = type == SYSENTER_DEPRECATED ? SYSENTER : type;
                callbackMasks[slot] = (space.read16(arg + 2) & CALLBACKF_MASK_EVENTS) != 0;
                callbacks[slot] = guests(space.read64(arg + 8));
            }
            case CALLBACKOP_UNREGISTER -> {
                if (type == EVENT || type == FAILSAFE || type == SYSCALL) {
                    throw Refusal.INVALID;
                }
                callbacks[type] = 0;
            }
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }

    /** SET_CALLBACKS, the older form. */
    long callbacks(long event, long failsafe, long syscall) {
        callbacks[EVENT] = guests(event);
        callbacks[FAILSAFE] = guests(failsafe);
        callbacks[SYSCALL] = guests(syscall);
        return 0;
    }

    /** The handler of a vector, 0 if there is none. */
    long handler(int vector) {
        return handlers[vector];
    }

    boolean masksEvents(int vector) {
        return (flags[vector] & MASK_EVENTS) != 0;
    }

    /** Whether user code may call a vector by INT. */
    boolean userMayCall(int vector) {
        return handlers[vector] != 0 && (flags[vector] & DPL) == DPL;
    }

    long callback(int type) {
        return callbacks[type];
    }

    boolean callbackMasksEvents(int type) {
        return callbackMasks[type];
    }
}
