package proteus.conform.privileged;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.silicon.processor.ModelSilicon;

class PrivilegedTest {
    private static final long MEMORY = 5L << 30;
    private static final int BP = 3, GP = 13;

    private final ModelSilicon silicon = new ModelSilicon(MEMORY, Set.of(), 40);

    @AfterEach
    void close() {
        silicon.close();
    }

    private List<Outcome> run(List<Case> cases) throws IOException {
        try (Machine model = new ModelMachine(silicon)) {
            return Runner.run(model, cases);
        }
    }

    private static Scene scene(Scene.Kind kind, int cpl, Scene.Paging paging) {
        return new Scene(new SplittableRandom(1), kind, cpl, paging);
    }

    @Test
    void everyModeAndRingIsEnteredAsItWasDescribedAndEndsAtInt3() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (Scene.Kind kind : Scene.Kind.values()) {
            for (Scene.Paging paging : Scene.Paging.values()) {
                for (int cpl = 0; cpl < 4; cpl++) {
                    cases.add(scene(kind, cpl, paging).code(Family.PRIVILEGE, "nop"));
                }
            }
        }
        List<Outcome> outcomes = run(cases);
        for (int i = 0; i < cases.size(); i++) {
            Registers before = cases.get(i).before();
            Registers after = outcomes.get(i).after();
            assertEquals(BP, after.getInt(Registers.VECTOR), cases.get(i).toString());
            assertEquals(before.get(Registers.RIP) + 2, after.get(Registers.RIP));
            for (int field : new int[] {Registers.CS, Registers.SS, Registers.RFLAGS, Registers.RSP, Registers.GPRS, Registers.GPRS + 24, Registers.CR0}) {
                assertEquals(before.get(field), after.get(field), "field 0x%x of case %d".formatted(field, i));
            }
            assertEquals(before.getShort(Registers.FS), after.getShort(Registers.FS));
        }
    }

    @Test
    void whatACaseChangesIsReportedAndGoneBeforeTheNext() throws IOException {
        Scene store = scene(Scene.Kind.PROTECTED32, 0, Scene.Paging.NONE);
        Case first = store.code(Family.PRIVILEGE, "mov dword [0x%x], 0x12345678\nmov ax, 0x93\nmov es, ax".formatted(store.dataOffset()));
        Case second = scene(Scene.Kind.LONG, 3, Scene.Paging.NONE).code(Family.PRIVILEGE, "hlt");
        List<Outcome> outcomes = run(List.of(first, second));
        assertEquals(0x1234_5678, outcomes.get(0).memory().get(Layout.KERNEL_DATA));
        assertEquals(0x93, outcomes.get(0).after().getShort(Registers.ES));
        assertNull(outcomes.get(1).memory().get(Layout.KERNEL_DATA));
        assertEquals(GP, outcomes.get(1).after().getInt(Registers.VECTOR));
    }

    @Test
    void aCaseThatTheMachineDoesNotSurviveIsTheOnlyOneLost() throws IOException {
        Scene triple = scene(Scene.Kind.PROTECTED32, 0, Scene.Paging.NONE);
        triple.r.table(Registers.IDTR, Layout.IDT32, 0);
        Case plain = scene(Scene.Kind.REAL, 0, Scene.Paging.NONE).code(Family.REAL_MODE, "nop");
        List<Outcome> outcomes = run(List.of(plain, triple.code(Family.EXCEPTION, "ud2"), plain));
        assertEquals(List.of(Outcome.Ending.EVENT, Outcome.Ending.SHUTDOWN, Outcome.Ending.EVENT), outcomes.stream().map(Outcome::ending).toList());
        assertEquals(BP, outcomes.get(2).after().getInt(Registers.VECTOR));
    }

    @Test
    void theSameSeedGivesTheSameImage() {
        for (Family family : Family.values()) {
            assertArrayEquals(RomImage.of(cases(family, 40), 0), RomImage.of(cases(family, 40), 0), family.label());
        }
    }

    private static List<Case> cases(Family family, int count) {
        SplittableRandom random = new SplittableRandom(7);
        List<Case> cases = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            cases.add(family.next(random.split()));
        }
        return cases;
    }

    @Test
    void everyRegisterAndEveryChangedWordIsCompared() throws IOException {
        Case c = scene(Scene.Kind.PROTECTED32, 0, Scene.Paging.NONE).code(Family.PRIVILEGE, "nop");
        Outcome right = run(List.of(c)).get(0);
        assertTrue(Comparison.compare(c, right, right).isEmpty());
        for (Registers.Field field : Registers.FIELDS) {
            Registers wrong = right.after().copy();
            wrong.bytes.put(field.offset(), (byte) (wrong.bytes.get(field.offset()) ^ 4));
            assertEquals(List.of(field.name()), Comparison.compare(c, right, new Outcome(right.ending(), wrong, right.memory())).stream().map(Comparison.Difference::where).toList());
        }
        TreeMap<Integer, Integer> memory = new TreeMap<>(right.memory());
        memory.put(Layout.GDT + 8, 1);
        assertFalse(Comparison.compare(c, right, new Outcome(right.ending(), right.after(), memory)).isEmpty());
    }

    /** The oracle: skipped, with the reason, where Bochs is not installed. */
    @Test
    void theModelAgreesWithBochsInEveryFamily() {
        assumeTrue(EmulatorMachine.bochs().isPresent(), Oracles.absence("bochs"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        int status = PrivilegedProgram.run(silicon, new String[] {"--privileged", "--cases", "200", "--seed", "5"}, print, print);
        assertEquals(0, status, () -> out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void usageIsAnswered() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        assertEquals(64, PrivilegedProgram.run(silicon, new String[] {"--privileged", "--oracle", "tea-leaves"}, print, print));
        assertEquals(0, PrivilegedProgram.run(silicon, new String[] {"--privileged", "--help"}, print, print));
    }
}
