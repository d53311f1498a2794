package proteus.x86.xen;

import proteus.api.event.Hypercall;

/**
 * The page of code through which a 64-bit kernel calls the hypervisor: for each number 32 bytes that put it into EAX and execute SYSCALL,
 * with the two registers saved that SYSCALL destroys (Xen public/arch-x86/xen-x86_64.h, "Hypercall interface").
 */
public final class HypercallPage {
    public static final int BYTES = 4096, STUB_BYTES = 32;

    private static final int PUSH_RCX = 0x51, REX_B = 0x41, PUSH_R11 = 0x53, PUSH_RAX = 0x50, MOV_EAX = 0xb8, POP_R11 = 0x5b, POP_RCX = 0x59, RET = 0xc3, INT3 = 0xcc;

    private HypercallPage() {}

    public static byte[] content() {
        byte[] page = new byte[BYTES];
        java.util.Arrays.fill(page, (byte) INT3);
        for (int number = 0; number < BYTES / STUB_BYTES; number++) {
            boolean iret = number == Hypercall.IRET.number();
            int[] before = iret ? new int[] {PUSH_RCX, REX_B, PUSH_R11, PUSH_RAX} : new int[] {PUSH_RCX, REX_B, PUSH_R11};
            // IRET does not return here.
            int[] after = iret ? new int[] {0x0f, 0x05} : new int[] {0x0f, 0x05, REX_B, POP_R11, POP_RCX, RET};
            int at = number * STUB_BYTES;
            for (int value : before) {
                page[at++] = (byte) value;
            }
            page[at++] = (byte) MOV_EAX;
            page[at++] = (byte) number;
            at = zeros(page, at, 3);
            for (int value : after) {
                page[at++] = (byte) value;
            }
        }
        return page;
    }

    private static int zeros(byte[] page, int at, int count) {
        java.util.Arrays.fill(page, at, at + count, (byte) 0);
        return at + count;
    }
}
