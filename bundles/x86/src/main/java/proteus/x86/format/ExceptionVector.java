package proteus.x86.format;

/** Exception vectors (SDM 3A 6.3, 6.13, 6.15, table 6-5). */
public final class ExceptionVector {
    public static final int DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8, COPROCESSOR_OVERRUN = 9, TS = 10, NP = 11, SS = 12,
        GP = 13, PF = 14, MF = 16, AC = 17, MC = 18, XM = 19, VE = 20, CP = 21, HV = 28, VC = 29, SX = 30;

    /** Error code of selector-related exceptions: external event, index refers to the IDT, index refers to the LDT. */
    public static final int ERROR_EXT = 1, ERROR_IDT = 2, ERROR_TI = 4;
    /** Error code of #PF (SDM 3A figure 4-12). */
    public static final int PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16, PF_PROTECTION_KEY = 32, PF_SHADOW_STACK = 64,
        PF_SGX = 1 << 15;

    /** Classes that decide about double faults. */
    public static final int BENIGN = 0, CONTRIBUTORY = 1, PAGE_FAULT = 2, DOUBLE_FAULT = 3;

    private static final int WITH_ERROR_CODE = 1 << DF | 1 << TS | 1 << NP | 1 << SS | 1 << GP | 1 << PF | 1 << AC | 1 << CP | 1 << VC | 1 << SX;
    private static final int CONTRIBUTORY_VECTORS = 1 << DE | 1 << TS | 1 << NP | 1 << SS | 1 << GP | 1 << CP;
    private static final String[] NAMES = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "#9", "#TS", "#NP", "#SS", "#GP", "#PF", "#15",
        "#MF", "#AC", "#MC", "#XM", "#VE", "#CP", "#22", "#23", "#24", "#25", "#26", "#27", "#HV", "#VC", "#SX", "#31"};

    private ExceptionVector() {
    }

    /** Whether delivery in protected or long mode pushes an error code (never in real mode). */
    public static boolean pushesErrorCode(int vector) {
        return vector >= 0 && vector < 32 && (WITH_ERROR_CODE >>> vector & 1) != 0;
    }

    /** {@link #BENIGN}, {@link #CONTRIBUTORY}, {@link #PAGE_FAULT} or {@link #DOUBLE_FAULT}. */
    public static int severity(int vector) {
        if (vector == PF || vector == VE) {
            return PAGE_FAULT;
        }
        if (vector == DF) {
            return DOUBLE_FAULT;
        }
        return vector >= 0 && vector < 32 && (CONTRIBUTORY_VECTORS >>> vector & 1) != 0 ? CONTRIBUTORY : BENIGN;
    }

    /**
     * What the processor raises when {@code second} happens while it delivers {@code first}: {@link #DF}, {@code second}
     * itself (handled serially), or -1 for shutdown (triple fault).
     */
    public static int combine(int first, int second) {
        int before = severity(first);
        int after = severity(second);
        if (before == DOUBLE_FAULT) {
            return after == BENIGN ? second : -1;
        }
        boolean twice = before == CONTRIBUTORY && after == CONTRIBUTORY || before == PAGE_FAULT && (after == CONTRIBUTORY || after == PAGE_FAULT);
        return twice ? DF : second;
    }

    /** The manual's mnemonic, such as {@code #PF}, or the vector number in decimal. */
    public static String name(int vector) {
        return vector >= 0 && vector < NAMES.length ? NAMES[vector] : Integer.toString(vector);
    }

    /** The error code of #PF in words, such as {@code "user write, not present"}. */
    public static String describePageFault(int errorCode) {
        StringBuilder text = new StringBuilder((errorCode & PF_USER) != 0 ? "user " : "supervisor ");
        text.append((errorCode & PF_FETCH) != 0 ? "fetch" : (errorCode & PF_WRITE) != 0 ? "write" : "read");
        text.append((errorCode & PF_RESERVED) != 0 ? ", reserved bit" : (errorCode & PF_PRESENT) != 0 ? ", protection" : ", not present");
        return text.append((errorCode & PF_PROTECTION_KEY) != 0 ? ", protection key" : "").toString();
    }
}
