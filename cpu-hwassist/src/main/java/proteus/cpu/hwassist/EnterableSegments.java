package proteus.cpu.hwassist;

import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.x86.format.Rflags;

/**
 * Whether a processor without unrestricted guest enters with the guest's segments (SDM 3C 27.3.1.2; KVM: guest_state_valid). Between a
 * change of CR0.PE and the far transfer that follows it they are those of the other mode.
 */
final class EnterableSegments {
    private static final int TYPE = 0xf, ACCESSED = 1, READABLE = 2, CODE = 8, CONFORMING = 12, S = 1 << 4, PRESENT = 1 << 7, UNUSABLE = 1 << 16;
    private static final int WRITABLE_ACCESSED = 3, EXPAND_DOWN = 7, LDT = 2, BUSY_TSS16 = 3, BUSY_TSS32 = 11;
    private static final int TABLE_INDICATOR = 4;
    /** From one register's field to the next one's, ES, CS, SS, DS, FS, GS, LDTR, TR. */
    private static final int STEP = 2;

    private static final int CS = 1, SS = 2, DS = 3, LDTR = 6, TR = 7;

    private final Vmcs vmcs;

    EnterableSegments(Vmcs vmcs) {
        this.vmcs = vmcs;
    }

    private int rights(int register) {
        return (int) vmcs.read(VmcsField.GUEST_ES_ACCESS_RIGHTS + STEP * register);
    }

    private int selector(int register) {
        return (int) vmcs.read(VmcsField.GUEST_ES_SELECTOR + STEP * register);
    }

    private int rpl(int register) {
        return selector(register) & 3;
    }

    private static int dpl(int rights) {
        return rights >> 5 & 3;
    }

    /** A guest in virtual-8086 mode came there under protection: its segments are right. */
    boolean valid() {
        return (vmcs.read(VmcsField.GUEST_RFLAGS) & Rflags.VM) != 0
                || code() && stack() && data(0) && data(DS) && data(DS + 1) && data(DS + 2) && system(TR) && system(LDTR);
    }

    private boolean code() {
        int rights = rights(CS);
        int type = rights & TYPE;
        boolean level = type >= CONFORMING ? dpl(rights) <= rpl(CS) : dpl(rights) == rpl(CS);
        return (type & (CODE | ACCESSED)) == (CODE | ACCESSED) && memory(rights) && level;
    }

    private boolean stack() {
        int rights = rights(SS);
        int type = rights & TYPE;
        return rpl(SS) == rpl(CS)
                && ((rights & UNUSABLE) != 0 || (type == WRITABLE_ACCESSED || type == EXPAND_DOWN) && memory(rights) && dpl(rights) == rpl(SS));
    }

    private boolean data(int register) {
        int rights = rights(register);
        int type = rights & TYPE;
        boolean readable = (type & ACCESSED) != 0 && ((type & CODE) == 0 || (type & READABLE) != 0);
        return (rights & UNUSABLE) != 0 || readable && memory(rights) && (type >= CONFORMING || dpl(rights) >= rpl(register));
    }

    private boolean system(int register) {
        int rights = rights(register);
        int type = rights & TYPE;
        boolean usable = (rights & UNUSABLE) == 0;
        boolean kind = register == TR ? type == BUSY_TSS16 || type == BUSY_TSS32 : type == LDT;
        return usable
                ? kind && (rights & (S | PRESENT)) == PRESENT && (selector(register) & TABLE_INDICATOR) == 0
                : register == LDTR;
    }

    private static boolean memory(int rights) {
        return (rights & (S | PRESENT | UNUSABLE)) == (S | PRESENT);
    }
}
