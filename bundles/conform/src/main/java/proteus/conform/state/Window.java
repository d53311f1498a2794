package proteus.conform.state;

/**
 * The 64 KiB of linear addresses in which cases run, the same on the host and on the model. What is not named is a guard: no page is
 * there. Where it is depends on what the JVM has left free; the cases of a seed differ in nothing else. The control page is the harness's own and no operand ever points to it.
 */
public final class Window {
    public static final long BYTES = 0x1_0000, BASE = FreeAddresses.find(BYTES);
    public static final int PAGE = 4096;
    /** Two pages that can be read and written. */
    public static final long DATA = BASE + 0x1000, DATA_BYTES = 2 * PAGE, DATA_END = DATA + DATA_BYTES;
    /** A page that can only be read. Its contents never change. */
    public static final long CONSTANTS = BASE + 0x4000;
    public static final long CONTROL = BASE + 0x6000;
    /** The harness's own code. */
    public static final long STUB = BASE + 0x8000;
    /** Two pages of code: slots with one instruction each. */
    public static final long CODE = BASE + 0xa000, CODE_BYTES = 2 * PAGE, CODE_END = CODE + CODE_BYTES;

    /** An instruction, a jump out behind it, and breakpoints up to the end. */
    public static final int SLOT = 64, SLOTS = 64;
    /** The first slot; so placed that one of them lies across the boundary of the two pages. */
    public static final long FIRST_SLOT = CODE + PAGE / 2 - 8;
    /** From here on a slot holds only breakpoints: where branches go. */
    public static final int SLOT_TAIL = 40;
    /** How far into its slot an instruction may start. */
    public static final int MOST_JITTER = 16;

    private Window() {}

    public static long slot(int i) {
        return FIRST_SLOT + (long) i * SLOT;
    }

    public static boolean inCode(long address) {
        return address >= CODE && address < CODE_END;
    }

    public static boolean inData(long address) {
        return address >= DATA && address < DATA_END;
    }

    /** Whether there is a breakpoint that a branch may go to; the address is one of the code pages. */
    public static boolean isTail(long address) {
        long distance = address - FIRST_SLOT;
        return distance >= 0 && distance < (long) SLOTS * SLOT && distance % SLOT >= SLOT_TAIL;
    }

    /** Whether an instruction can read all these bytes. */
    public static boolean isReadable(long address, int bytes) {
        return within(address, bytes, DATA, DATA_END) || within(address, bytes, CONSTANTS, CONSTANTS + PAGE) || within(address, bytes, CODE, CODE_END);
    }

    private static boolean within(long address, int bytes, long from, long end) {
        return address >= from && address <= end - bytes;
    }
}
