package proteus.silicon.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;

/** Every access of every form faults, and nothing has happened (SDM 3A, 6.6): oracle 3 of the conformance work. */
class RestartabilityTest {
    /** @param least how many faults these forms are known to give: fewer would mean that they are not looked at any more */
    private static void prove(List<Form> forms, int least) {
        try (Bench bench = new Bench()) {
            prove(bench, forms, least);
        }
    }

    private static void prove(Bench bench, List<Form> forms, int least) {
        List<String> problems = new ArrayList<>();
        int faults = 0;
        for (Form form : forms) {
            Restart restart = new Restart(bench, form);
            problems.addAll(restart.problems());
            faults += restart.faults;
        }
        assertEquals("", String.join("\n", problems));
        assertTrue(faults >= least, faults + " faults");
    }

    @Test
    void loadsAndStoresOfEveryFamily() {
        prove(DataForms.all(), 9_000);
    }

    @Test
    void stackStringsAndPorts() {
        prove(StackForms.all(), 13_000);
    }

    @Test
    void segmentsGatesEventsAndTasks() {
        prove(TransferForms.all(), 16_000);
    }

    /** The engine that translates to host code, where this host has it: the accesses recorded are the interpreter's, the faults its own. */
    @Test
    void translatedCodeFaultsTheSame() {
        List<Form> forms = new ArrayList<>(DataForms.all());
        forms.addAll(StackForms.all());
        forms.removeIf(form -> form.mode() != Mode.LONG && form.mode() != Mode.PROTECTED32);
        try (Bench bench = Bench.translating()) {
            prove(bench, forms, 10_000);
            assertTrue(bench.translated() >= forms.size(), bench.translated() + " translations");
        }
    }

    /** SDM 3C, table 28-7: bit 8 is clear when it was a paging-structure entry that could not be reached, and its flags are written. */
    @Test
    void pageTablesThatSecondLevelTranslationTakesAwayFaultTheSame() {
        for (Mode mode : List.of(Mode.V86, Mode.PROTECTED32, Mode.LONG)) {
            try (Bench bench = new Bench()) {
                Form form = Form.of("add [@b], eax", mode, 3);
                bench.build(form, null, 0, null);
                State before = bench.state();
                assertEquals(Bench.Outcome.FINE, bench.run());
                State after = bench.state();
                for (long access : new long[] {0, Ept.READ}) {
                    bench.tables.build(mode, null);
                    bench.restore(before);
                    bench.nested(true);
                    bench.tables.allow(Tables.TABLE, Tables.TABLE, access);
                    Bench.Outcome outcome = bench.run();
                    assertEquals(Bench.EPT_VIOLATION, outcome.vector());
                    long kind = access == 0 ? Ept.VIOLATION_READ : Ept.VIOLATION_READ | Ept.VIOLATION_WRITE | Ept.VIOLATION_READABLE;
                    assertEquals(Ept.VIOLATION_LINEAR_VALID | kind, outcome.error() | (access == 0 ? 0 : Ept.VIOLATION_READ));
                    assertEquals(List.of(), before.differences(bench.state(), (r, o, was, is) -> false));
                    bench.tables.allow(Tables.TABLE, Tables.TABLE, Ept.ACCESS);
                    assertEquals(Bench.Outcome.FINE, bench.run());
                    assertEquals(List.of(), after.differences(bench.state(), (r, o, was, is) -> false));
                    bench.nested(false);
                }
            }
        }
    }

    /** The bytes of an instruction are accesses too: the second page of one that crosses. */
    @Test
    void anInstructionWhoseSecondPageIsAbsentFaultsThere() {
        for (Mode mode : List.of(Mode.V86, Mode.PROTECTED16, Mode.PROTECTED32, Mode.LONG)) {
            try (Bench bench = new Bench()) {
                Form form = Form.of("mov dword [@b], 0x12345678", mode, 3);
                bench.build(form, null, 0, null);
                byte[] code = new byte[16];
                bench.memory.read(Region.CODE.physical() + Bench.START, code, 0, code.length);
                bench.memory.write(Region.CODE.physical() + Bench.START - 2, code, 0, code.length);
                bench.cpu.rip(bench.cpu.rip() - 2);
                State before = bench.state();
                assertEquals(Bench.Outcome.FINE, bench.run());
                State after = bench.state();
                long page = Region.CODE.linear() + Bench.START;
                long entry = bench.tables.get(page);
                bench.tables.put(page, 0);
                bench.restore(before);
                int fetch = mode == Mode.LONG ? ExceptionVector.PF_FETCH : 0;
                assertEquals(new Bench.Outcome(ExceptionVector.PF, ExceptionVector.PF_USER | fetch, page), bench.run());
                assertEquals(List.of(), before.differences(bench.state(), (r, o, was, is) -> false));
                bench.tables.put(page, entry);
                bench.cpu.mmu.flushAll();
                assertEquals(Bench.Outcome.FINE, bench.run());
                assertEquals(List.of(), after.differences(bench.state(), (r, o, was, is) -> false));
            }
        }
    }
}
