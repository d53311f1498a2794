package proteus.silicon.faults;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.faults.Bench.Access;
import proteus.silicon.faults.Bench.Outcome;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/**
 * Makes every access of a form fault and looks at what is left. The form runs once to record its accesses; then each region is
 * shifted so that a border between pages lies in front of, and within, each access, and the page on either side is taken away
 * in all ways that matter. After each fault the page is mended and the form goes on: it must end as if nothing had happened.
 */
final class Restart {
    /** How a page is made to fault. */
    private enum Fault { ABSENT, READ_ONLY, SUPERVISOR, NO_EPT, READ_ONLY_EPT }

    /** What is tried where a border lies in front of an access, and where it lies within. */
    private static final Set<Fault> PAGING = EnumSet.of(Fault.ABSENT, Fault.READ_ONLY, Fault.SUPERVISOR),
        NESTED = EnumSet.of(Fault.ABSENT, Fault.NO_EPT, Fault.READ_ONLY_EPT);

    private final Bench bench;
    private final Form form;
    private final State.Tolerance tolerance;
    private final List<String> problems = new ArrayList<>();
    private State before, after;
    private List<Access> accesses;
    /** How many faults were made. */
    int faults;

    Restart(Bench bench, Form form) {
        this.bench = bench;
        this.form = form;
        tolerance = this::allows;
    }

    /** What is wrong, one sentence each. */
    List<String> problems() {
        bench.build(form, null, 0, null);
        List<Access> all = bench.record();
        Set<Access> distinct = new LinkedHashSet<>(all);
        Set<Long> layouts = new HashSet<>();
        for (Region region : Region.values()) {
            if (distinct.stream().anyMatch(a -> a.region() == region)) {
                prepare(region, 0, null);
                limits(region);
            }
        }
        for (Access access : distinct) {
            for (int cut = 0; cut < 2; cut++) {
                int shift = Region.BORDER - (access.offset() + cut);
                boolean fits = Math.abs(shift) < Region.BORDER - 0x100 && shift % form.align() == 0;
                if (fits && layouts.add((long) access.region().ordinal() << 32 | shift & 0xffff_ffffL)) {
                    layout(access.region(), shift, cut == 0 ? PAGING : NESTED);
                }
            }
        }
        return problems;
    }

    private void layout(Region region, int shift, Set<Fault> kinds) {
        prepare(region, shift, null);
        for (int page = 0; page < Region.BYTES >> 12; page++) {
            for (Fault fault : kinds) {
                Access first = first(region, page, fault);
                if (first != null) {
                    page(first, fault);
                }
            }
        }
        // a call to compatibility mode pushes with 32-bit addresses already
        boolean narrow = form.text().startsWith("a32") || region == Region.STACK && form.text().startsWith("call") && after.selector(Cpu.CS) == Descriptors.CODE32_USER;
        if (form.mode() == Mode.LONG && !region.implicit() && !narrow) {
            prepare(region, shift, region);
            canonical(region);
        }
    }

    /** Builds the surroundings, and finds the accesses and the end of a run without a fault; it is the same with and without the TLB. */
    private void prepare(Region region, int shift, Region highest) {
        bench.build(form, region, shift, highest);
        before = bench.state();
        if (highest != null) {
            return;
        }
        bench.restore(before);
        accesses = bench.record();
        State recorded = bench.state();
        bench.restore(before);
        Outcome outcome = bench.run();
        after = bench.state();
        if (outcome.vector() >= 0) {
            problem(region, shift, "a run without a fault ends with", outcome, List.of());
        }
        List<String> differences = recorded.differences(after, (r, o, was, is) -> false);
        differences.removeIf(d -> d.startsWith("DR7"));
        if (!differences.isEmpty()) {
            problem(region, shift, "a run past the TLB differs", outcome, differences);
        }
    }

    /** The access that a page's fault has to meet, or null if the fault does not matter to this form. */
    private Access first(Region region, int page, Fault fault) {
        boolean writes = fault == Fault.READ_ONLY || fault == Fault.READ_ONLY_EPT;
        boolean applies = switch (fault) {
            case ABSENT, READ_ONLY -> form.mode().paging();
            case SUPERVISOR -> form.cpl() == 3 && form.mode().paging() && !region.implicit();
            // a task switch in VMX operation exits before its first access (SDM 3C, 26.2)
            case NO_EPT -> !switchesTask();
            case READ_ONLY_EPT -> form.mode().paging() && !switchesTask();
        };
        if (!applies) {
            return null;
        }
        for (Access access : accesses) {
            if (access.region() == region && access.page() == page && (access.write() || !writes)) {
                return access;
            }
        }
        return null;
    }

    private void page(Access access, Fault fault) {
        faults++;
        long linear = bench.base(access.region()) + 4096L * access.page();
        long physical = access.region().physical() + 4096L * access.page();
        long entry = bench.tables.get(linear);
        switch (fault) {
            case ABSENT -> bench.tables.put(linear, entry & ~PageTable.PRESENT);
            case READ_ONLY -> bench.tables.put(linear, entry & ~PageTable.WRITABLE);
            case SUPERVISOR -> bench.tables.put(linear, entry & ~PageTable.USER);
            case NO_EPT -> bench.tables.allow(form.mode().paging() ? physical : linear, physical, 0);
            case READ_ONLY_EPT -> bench.tables.allow(physical, physical, Ept.READ);
        }
        boolean nested = fault == Fault.NO_EPT || fault == Fault.READ_ONLY_EPT;
        bench.nested(nested);
        bench.restore(before);
        Outcome outcome = bench.run();
        State stopped = bench.state();
        String what = "%s of page %d of %s".formatted(fault, access.page(), access.region());
        long address = bench.base(access.region()) + access.offset();
        if (nested) {
            long kind = access.write() ? Ept.VIOLATION_WRITE : Ept.VIOLATION_READ;
            boolean kindKnown = form.mode().paging();
            long readable = fault == Fault.READ_ONLY_EPT ? Ept.VIOLATION_READABLE : 0;
            long expected = Ept.VIOLATION_LINEAR_VALID | Ept.VIOLATION_TRANSLATION | readable | (kindKnown ? kind : outcome.error() & 3);
            expect(what, new Outcome(Bench.EPT_VIOLATION, expected, address), outcome);
        } else {
            int error = (fault == Fault.ABSENT ? 0 : ExceptionVector.PF_PRESENT) | (access.write() ? ExceptionVector.PF_WRITE : 0)
                | (form.cpl() == 3 && !access.region().implicit() ? ExceptionVector.PF_USER : 0);
            expect(what, new Outcome(ExceptionVector.PF, error, address), outcome);
        }
        boolean committed = check(what, outcome, before, stopped);
        bench.tables.put(linear, entry);
        bench.tables.allow(form.mode().paging() ? physical : linear, physical, Ept.ACCESS);
        bench.cpu.mmu.flushAll();
        if (!committed) {
            finish(what, outcome);
        }
        bench.nested(false);
    }

    private void finish(String what, Outcome fault) {
        Outcome outcome = bench.run();
        List<String> differences = after.differences(bench.state(), (r, o, was, is) -> false);
        if (outcome.vector() >= 0 || !differences.isEmpty()) {
            problems.add("%s: %s: after %s and mending it ends with %s: %s".formatted(form, what, fault, outcome, differences));
        }
    }

    /** The segment, or the table, ends in front of each access, and one byte behind its start. */
    private void limits(Region region) {
        Set<Integer> ends = new LinkedHashSet<>();
        for (Access access : accesses) {
            if (access.region() == region) {
                ends.add(access.offset());
                ends.add(access.offset() + 1);
            }
        }
        for (int end : ends) {
            bench.restore(before);
            if (limit(region, end)) {
                faults++;
                bench.cpu.updateMode();
                String what = "limit of %s at 0x%x".formatted(region, end);
                State limited = bench.state();
                Outcome outcome = bench.run();
                if (outcome.vector() >= 0) {
                    boolean committed = check(what, outcome, limited, bench.state());
                    if (!region.implicit()) {
                        int vector = region == Region.STACK ? ExceptionVector.SS : ExceptionVector.GP;
                        expect(what, new Outcome(vector, outcome.error() & 1, 0), outcome);
                    }
                    if (!committed) {
                        before.restoreLimits(bench.cpu);
                        bench.cpu.updateMode();
                        finish(what, outcome);
                    }
                } else if (!region.implicit() && accesses.stream().anyMatch(a -> a.region() == region && a.offset() == end)) {
                    problems.add("%s: %s does not fault".formatted(form, what));
                }
            }
        }
    }

    /** False if nothing limits a region. */
    private boolean limit(Region region, int end) {
        Cpu cpu = bench.cpu;
        int last = end - Region.BORDER - 1;
        switch (region) {
            case DATA, TARGET, STACK -> {
                boolean any = false;
                for (int i = 0; i < 6 && form.mode() != Mode.LONG; i++) {
                    if (i != Cpu.CS && cpu.base[i] == region.linear()) {
                        cpu.limit[i] = end - 1;
                        any = true;
                    }
                }
                return any;
            }
            case GDT -> cpu.gdtrLimit = last;
            case IDT -> cpu.idtrLimit = last;
            case LDT -> cpu.limit[Cpu.LDTR] = last;
            case TSS -> cpu.limit[Cpu.TR] = last;
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Canonical addresses end at the border. */
    private void canonical(Region region) {
        bench.restore(before);
        Outcome outcome = bench.run();
        if (outcome.vector() < 0) {
            return; // all accesses lie below
        }
        faults++;
        String what = "end of canonical addresses in " + region;
        check(what, outcome, before, bench.state());
        expect(what, new Outcome(region == Region.STACK ? ExceptionVector.SS : ExceptionVector.GP, outcome.error() & 1, outcome.address()), outcome);
    }

    private boolean switchesTask() {
        return after.selector(Cpu.TR) != before.selector(Cpu.TR);
    }

    private void expect(String what, Outcome expected, Outcome outcome) {
        if (!expected.equals(outcome)) {
            problems.add("%s: %s: expected %s but was %s".formatted(form, what, expected, outcome));
        }
    }

    /** The state after a fault is that of before, a part of a repetition, or that of a task that has been switched to: true in the last case. */
    private boolean check(String what, Outcome outcome, State start, State stopped) {
        if (switchesTask() && stopped.selector(Cpu.TR) == after.selector(Cpu.TR)) {
            inNewTask(what, outcome, stopped);
            return true;
        }
        List<String> differences = start.differences(stopped, tolerance);
        if (form.text().startsWith("vcvtps2ph")) {
            // the conversion's flags stay when its store faults, as the host's processor shows (bundles/conform, family f16c)
            differences.removeIf(d -> d.startsWith("state+" + CpuLayout.MXCSR));
        }
        if (!differences.isEmpty() && !partial(start, stopped)) {
            problems.add("%s: %s: %s leaves %s".formatted(form, what, outcome, differences));
        }
        return false;
    }

    /**
     * Behind the point of no return of a task switch, descriptors that cannot be loaded fault in the new task in front of its first
     * instruction (SDM 3A, 7.3, steps 13 and 14): all but segment registers is that task's, and the old one is saved.
     */
    private void inNewTask(String what, Outcome outcome, State stopped) {
        List<String> differences = after.differences(stopped, (region, offset, was, is) -> switch (region) {
            case GDT, LDT -> (was ^ is) == 1;
            case INNER -> true; // the error code of an exception
            default -> false;
        });
        differences.removeIf(d -> d.matches("([CDEFGS]S|LDTR|retired|CPL|GDTR limit|TR limit).*"));
        if (form.interruption() != 0) {
            differences.removeIf(d -> d.startsWith("state+" + CpuLayout.gpr(Registers.RSP)));
        }
        if (!differences.isEmpty()) {
            problems.add("%s: %s: %s in the new task leaves %s".formatted(form, what, outcome, differences));
        }
    }

    private void problem(Region region, int shift, String what, Outcome outcome, List<String> differences) {
        problems.add("%s: %s shifted by %d: %s %s %s".formatted(form, region, shift, what, outcome, differences));
    }

    /**
     * A repeated instruction that faults in an iteration has done all iterations before (SDM vol. 2, REP): the state is that of a
     * shorter repetition, with the flags of before.
     */
    private boolean partial(State start, State stopped) {
        if (form.text().contains("gather")) {
            // the elements before the one that faulted are loaded and their masks cleared (SDM vol. 2, VGATHERDPS)
            List<String> differences = start.differences(stopped, tolerance);
            differences.removeIf(d -> d.startsWith("XMM1 ") || d.startsWith("XMM3 "));
            return differences.isEmpty();
        }
        if (!form.repeats()) {
            return false;
        }
        long count = start.gpr(Registers.RCX) - stopped.gpr(Registers.RCX);
        if (count <= 0 || count >= start.gpr(Registers.RCX)) {
            return false;
        }
        State here = bench.state();
        start.restore(bench.cpu, bench.memory, bench.ports);
        long rip = bench.cpu.rip();
        long retired = bench.cpu.retired;
        long flags = bench.cpu.rflags();
        bench.gpr(Registers.RCX, count);
        bench.cpu.mmu.flushAll();
        bench.run();
        bench.gpr(Registers.RCX, stopped.gpr(Registers.RCX));
        bench.cpu.rip(rip);
        bench.cpu.retired = retired;
        bench.cpu.rflags(flags & ~(long) Flags.RF | stopped.rflags() & Flags.RF);
        boolean same = bench.state().differences(stopped, tolerance).isEmpty();
        here.restore(bench.cpu, bench.memory, bench.ports);
        return same;
    }

    /**
     * What the manual lets a fault leave behind: values under the stack pointer, on a stack that is not in force yet, accessed bits
     * of descriptors, and the first part of an x87 operand of ten bytes.
     */
    private boolean allows(Region region, int offset, int was, int is) {
        return switch (region) {
            case STACK -> offset < Region.BORDER + bench.shift(Region.STACK);
            case INNER -> offset < Region.BORDER + bench.shift(Region.INNER);
            case DATA -> form.tears() && offset - Region.BORDER - bench.shift(Region.DATA) < 8;
            case GDT, LDT -> (was ^ is) == 1 && (offset - bench.shift(region) & 7) == 5;
            default -> false;
        };
    }
}
