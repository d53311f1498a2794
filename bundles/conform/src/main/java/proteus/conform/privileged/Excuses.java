package proteus.conform.privileged;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import proteus.conform.privileged.Comparison.Difference;

/**
 * Differences that are not the model's: the manual leaves the matter open, or it decides against the oracle. Each is as narrow as the case and
 * the difference allow, and says why.
 */
final class Excuses {
    /** Reasons, for the report and the documentation. */
    enum Reason {
        BELOW_STACK("what a transfer that faulted had pushed already: the stack pointer has not moved (SDM 3A, 6.12.1; SDM vol. 2, CALL)"),
        UPPER_ACCESSED("accessed flags of upper-level entries after a walk that faulted (SDM 3A, 4.8)"),
        SOFTWARE_RF("RF in the image that INT n, INT3, INT1 and INTO push: as it was (SDM 3B, 17.3.1.1); the oracle clears it"),
        ABORT_RF("RF in the image of a double fault, an abort: as it was (SDM 3B, 17.3.1.1); the oracle sets it"),
        LAR_BITS("bits 19:16 of LAR's result (SDM vol. 2A: masked by 00FxFF00H)"),
        DEBUG_PRIVILEGE("#GP for the privilege or #DB for DR7.GD: no order (SDM 3A, table 6-2; SDM vol. 2, MOV DR)"),
        WIDE_CALL("the stack that a call from a 16-bit stack segment to 64-bit code uses: the base of SS counts until the transfer is done (SDM vol. 2, CALL)"),
        NULL_STACK("a null SS whose RPL is not the ring returned to (SDM vol. 2, IRET and RET)"),
        NARROW_IRET("IRET with 16 or 32-bit operands in 64-bit mode pops SS and RSP too (SDM vol. 2, IRET); the oracle does not"),
        STACK_ERROR("the error code of a non-canonical inner stack: a null selector (SDM vol. 2, INT n); the oracle names one"),
        V8086_TARGET("IRET to v8086 mode with an EIP beyond the limit of 64 KiB: #GP(0) (SDM vol. 2, IRET, RETURN-TO-VIRTUAL-8086-MODE); the oracle cuts it"),
        CONFORMING_IST("pushes on an interrupt stack while CPL stays 3: user accesses (SDM 3A, 4.6); the oracle's are the supervisor's"),
        VIRTUAL_INTERRUPT("VIF and VIP both set: #GP under VME in v8086 mode and under PVI in ring 3 of every other, below IOPL 3 (SDM 3B, 20.3.2 and 20.4); the oracle looks at neither IOPL nor which of the two, and not in 64-bit mode"),
        STACK_ABSENT("a stack segment that is not present: #SS (SDM vol. 2, IRET); the oracle raises #NP in IA-32e mode"),
        TARGET_ORDER("a target that is not canonical: #GP before anything is pushed (SDM vol. 2, INT n); the oracle pushes first"),
        UPPER_TYPE("type bits in the upper half of a system descriptor: #GP (SDM 3A, 3.5.2, 5.8.3.1); the oracle does not look at them, or later"),
        DR6_TASK("DR6.BT stays until it is cleared (SDM 3B, 17.2.3); the oracle clears it"),
        DR7_RTM("DR7.RTM is reserved where there is no RTM, as in the model (SDM 3B, 17.2.4); the oracle keeps it"),
        SYSRET_TF("SYSRET that sets TF traps at once (SDM 3B, 17.3.1.4); the oracle one instruction later"),
        NEW_TASK("a fault while the segments of a new task are loaded, handled on its own stack: what is loaded by then is not said (SDM 3A, 7.3: such a handler needs a task of its own)"),
        PEER_RF("RF in the image of a fault is set (SDM 3B, 17.3.1.1); the oracle leaves it"),
        PEER_ACCESSED("the accessed bit of a code segment is set when it is loaded (SDM 3A, 3.4.5.1); the oracle leaves it");

        final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private static final long RF = 0x1_0000, ACCESSED = 0x20, SEGMENT_ACCESSED = 1 << 8, VIRTUAL = 0x18_0000;

    private final Map<Reason, Long> used = new EnumMap<>(Reason.class);

    /** How many cases each reason excused. */
    Map<Reason, Long> used() {
        return used;
    }

    /** What is left of the differences of a case. */
    List<Difference> remaining(Machine oracle, Case c, Outcome theirs, Outcome ours, List<Difference> differences) {
        if (differences.isEmpty()) {
            return differences;
        }
        List<Difference> left = whole(differences, Reason.NEW_TASK, c.family() == Family.TASK && isTaskFault(theirs) && isTaskFault(ours)
            && (theirs.after() == null || ours.after() == null || theirs.after().getInt(Registers.VECTOR) != ours.after().getInt(Registers.VECTOR)));
        if (theirs.after() == null || ours.after() == null) {
            return left;
        }
        boolean peer = oracle.name().equals("qemu");
        Registers a = theirs.after();
        Registers b = ours.after();
        int vector = b.getInt(Registers.VECTOR);
        boolean sameEvent = vector == a.getInt(Registers.VECTOR) && a.get(Registers.RIP) == b.get(Registers.RIP);
        String name = c.text().replaceFirst("^(o16|o32|o64) ", "").split("[ \\n]")[0];
        if (sameEvent && vector != 3) {
            left = drop(left, Reason.BELOW_STACK, d -> d.where().endsWith("(the model left it)") && d.address() >= 0x1_2000 && d.address() < Layout.USER_STACK);
        }
        if (vector == 14) {
            left = drop(left, Reason.UPPER_ACCESSED, d -> isUpperEntry(d.address()) && d.onlyIn(ACCESSED));
        }
        if (vector == 1 || vector == 3 || vector == 4 || vector >= 0x20) {
            left = drop(left, Reason.SOFTWARE_RF, d -> isFlags(d, b) && d.onlyIn(RF));
        }
        if (vector == 8) {
            left = drop(left, Reason.ABORT_RF, d -> isFlags(d, b) && d.onlyIn(RF));
        }
        if (name.equals("lar") || c.text().contains("\nlar ")) {
            left = drop(left, Reason.LAR_BITS, d -> d.onlyIn(0xf_0000));
        }
        left = whole(left, Reason.DEBUG_PRIVILEGE, (c.before().get(Registers.DR7) & 0x2000) != 0 && c.text().contains("dr")
            && ((c.before().get(Registers.CS) & 3) != 0 || (c.before().get(Registers.RFLAGS) & 0x2_0000) != 0));
        boolean narrowStack = c.mode() == Case.LONG && c.bits() == 16 && name.equals("call");
        left = whole(left, Reason.WIDE_CALL, narrowStack);
        boolean wideIret = c.mode() == Case.LONG && c.bits() == 64 && (name.equals("iretw") || name.equals("iretd"));
        left = whole(left, Reason.NARROW_IRET, wideIret && (a.get(Registers.RSP) != b.get(Registers.RSP) || sameEvent && vector == 13));
        left = whole(left, Reason.V8086_TARGET, name.startsWith("iret") && vector == 13 && b.get(Registers.ERROR) == 0
            && b.get(Registers.RIP) == c.before().get(Registers.RIP) && (a.get(Registers.RFLAGS) & 0x2_0000) != 0);
        left = whole(left, Reason.NULL_STACK, c.mode() == Case.LONG && (name.startsWith("iret") || name.equals("retf")) && (a.get(Registers.SS) & 0xfffc) == 0 && vector == 13 && b.get(Registers.ERROR) == 0);
        left = drop(left, Reason.STACK_ERROR, d -> vector == 12 && sameEvent && c.mode() == Case.LONG && (b.get(Registers.ERROR) & ~1L) == 0
            && (d.where().equals("error code") || d.model() == b.get(Registers.ERROR) && d.oracle() == a.get(Registers.ERROR)));
        left = whole(left, Reason.CONFORMING_IST, c.mode() == Case.LONG && (c.before().get(Registers.CS) & 3) == 3 && vector == 14 && (b.get(Registers.ERROR) & 7) == 7
            && patched(c, "conforming"));
        long virtual = c.before().get(Registers.RFLAGS);
        left = whole(left, Reason.VIRTUAL_INTERRUPT, (virtual & VIRTUAL) == VIRTUAL && (a.getInt(Registers.VECTOR) == 13 || c.bits() == 64)
            && (vector == 13 ? b : a).get(Registers.RIP) == c.before().get(Registers.RIP));
        left = whole(left, Reason.STACK_ABSENT, c.mode() == Case.LONG && vector == 12 && a.getInt(Registers.VECTOR) == 11 && a.get(Registers.ERROR) == b.get(Registers.ERROR));
        left = whole(left, Reason.TARGET_ORDER, c.mode() == Case.LONG && vector == 13 && b.get(Registers.ERROR) <= 1 && (a.getInt(Registers.VECTOR) == 14 || a.getInt(Registers.VECTOR) == 12)
            && patched(c, "upper half of the gate"));
        left = whole(left, Reason.UPPER_TYPE, c.mode() == Case.LONG && vector == 13 && patched(c, "its upper half"));
        left = drop(left, Reason.DR6_TASK, d -> d.where().equals("dr6") && d.onlyIn(1 << 15));
        left = drop(left, Reason.DR7_RTM, d -> (c.text().contains("dr7") || c.text().contains("dr5")) && d.onlyIn(1 << 11));
        left = whole(left, Reason.SYSRET_TF, name.equals("sysret") && vector == 1);
        if (peer) {
            left = drop(left, Reason.PEER_RF, d -> d.onlyIn(RF) && (isFlags(d, b) || d.address() >= Layout.TSS32 && d.address() < Layout.IDT32));
            left = drop(left, Reason.PEER_ACCESSED, d -> d.address() >= Layout.GDT && d.address() < Layout.TSS32 && (d.address() & 4) != 0
                && d.onlyIn(SEGMENT_ACCESSED));
        }
        return left;
    }

    /** A fault that a bad segment of a new task can be the start of. */
    private static boolean isTaskFault(Outcome outcome) {
        int vector = outcome.after() == null ? 8 : outcome.after().getInt(Registers.VECTOR);
        return outcome.ending() != Outcome.Ending.SILENCE && (vector == 8 || vector >= 10 && vector <= 13);
    }

    private static boolean patched(Case c, String what) {
        return c.patches().stream().anyMatch(patch -> patch.what().contains(what));
    }

    private static boolean isUpperEntry(int address) {
        return address == Layout.PD32 + 4 || address == Layout.PD + 16 || address == Layout.PML4 + 8 || address == Layout.PML4 + 0x800 || address == Layout.PDPT + 8;
    }

    /** The flags register, or the image of it on a stack. */
    private static boolean isFlags(Difference d, Registers ours) {
        return d.where().equals("rflags") || d.address() >= 0x1_2000 && d.address() < 0x1_4000 && ((d.model() ^ ours.get(Registers.RFLAGS)) & ~RF & 0xffff_ffffL) == 0;
    }

    private List<Difference> drop(List<Difference> differences, Reason reason, Predicate<Difference> excused) {
        List<Difference> left = differences.stream().filter(excused.negate()).toList();
        if (left.size() < differences.size()) {
            used.merge(reason, 1L, Long::sum);
        }
        return left;
    }

    private List<Difference> whole(List<Difference> differences, Reason reason, boolean applies) {
        if (!applies || differences.isEmpty()) {
            return differences;
        }
        used.merge(reason, 1L, Long::sum);
        return List.of();
    }
}
