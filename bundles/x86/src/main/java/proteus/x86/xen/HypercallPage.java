package proteus.x86.xen;

import java.util.Arrays;
import proteus.api.event.Hypercall;

/**
 * The page of code through which a kernel calls the hypervisor: for each number 32 bytes that put it into EAX and execute SYSCALL, with the two
 * registers saved that it destroys, or INT 0x82 (Xen public/arch-x86/xen-x86_64.h, xen-x86_32.h, "Hypercall interface").
 */
public final class HypercallPage {
    public static final int BYTES = 4096, STUB_BYTES = 32;
    /** By which a 32-bit kernel calls. */
    public static final int VECTOR = 0x82;

    private static final int PUSH_RCX = 0x51, REX_B = 0x41, PUSH_R11 = 0x53, PUSH_RAX = 0x50, MOV_EAX = 0xb8, POP_R11 = 0x5b, POP_RCX = 0x59, RET = 0xc3, INT = 0xcd, INT3 = 0xcc;
    private static final int[] SYSCALL = {0x0f, 0x05};

    private HypercallPage() {}

    public static byte[] content(Width width) {
        byte[] page = new byte[BYTES];
        Arrays.fill(page, (byte) INT3);
        for (int number = 0; number < BYTES / STUB_BYTES; number++) {
            // IRET takes AX from the stack and does not return here.
            boolean iret = number == Hypercall.IRET.number();
            int at = number * STUB_BYTES;
            if (width.wide()) {
                at = put(page, at, PUSH_RCX, REX_B, PUSH_R11);
            }
            if (iret) {
                at = put(page, at, PUSH_RAX);
            }
            at = put(page, at, MOV_EAX, number, 0, 0, 0);
            at = width.wide() ? put(page, at, SYSCALL) : put(page, at, INT, VECTOR);
            if (!iret) {
                at = width.wide() ? put(page, at, REX_B, POP_R11, POP_RCX) : at;
                put(page, at, RET);
            }
        }
        return page;
    }

    private static int put(byte[] page, int at, int... values) {
        for (int value : values) {
            page[at++] = (byte) value;
        }
        return at;
    }
}
