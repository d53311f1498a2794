package proteus.x86.format;

/** Offsets in a 32-bit task state segment (SDM 3A 7.2.1). */
public final class Tss32 {
    public static final int LINK = 0, ESP0 = 4, SS0 = 8, ESP1 = 12, SS1 = 16, ESP2 = 20, SS2 = 24, CR3 = 28, EIP = 32, EFLAGS = 36, EAX = 40, ECX = 44, EDX = 48,
        EBX = 52, ESP = 56, EBP = 60, ESI = 64, EDI = 68, ES = 72, CS = 76, SS = 80, DS = 84, FS = 88, GS = 92, LDT = 96, DEBUG_TRAP = 100, IO_MAP_BASE = 102,
        SIZE = 104;

    private Tss32() {
    }
}
