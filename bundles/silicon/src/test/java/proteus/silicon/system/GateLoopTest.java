package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.event.CountedEvent;
import proteus.api.silicon.TranslationCounts;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.format.Cr4;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;

/**
 * Interrupts by INT n, returns from them and loads of segment registers leave the same translated, where they run without leaving the
 * code once a handler has done them, as interpreted; whatever changes under them on the way.
 */
class GateLoopTest {
    private static final int VECTOR = 0x31, OTHER = 0x36, ROUNDS = 10;
    private static final long ENTRY = 0x9000, OTHER_ENTRY = 0x9800;
    private static final String USER32 = """
        again:
            int 0x31
            setc dl
            add ebx, edx
            add bx, [gs:0x10]
            mov ax, fs
            add ebx, eax
            int 0x36
            add ebx, esp
            dec ebp
            jnz again
            ud2
        """;
    /** As 32-bit kernels save and load segments; {@code %s} is what a round does besides. */
    private static final String ENTRY32 = """
            push gs
            push fs
            push es
            push ds
            mov ax, 0x23
            mov ds, ax
            mov es, eax
            mov cx, 0x60
            mov fs, cx
            add ebx, [fs:0x10]
            mov esi, ds
            add ebx, esi
            mov [0x6020], cs
            sti
            add ebx, 3
            cli
            pushfd
            push cs
            call same
            %s
            pop ds
            pop es
            pop fs
            pop gs
            iret
        same:
            iret
        """;
    private static final String USER64 = """
        again:
            int 0x31
            setc dl
            add rbx, rdx
            mov ax, ss
            add rbx, rax
            int 0x36
            add rbx, rsp
            dec ebp
            jnz again
            ud2
        """;
    private static final String ENTRY64 = """
            mov ax, cs
            add rbx, rax
            mov [0x6020], ss
            sti
            add rbx, 3
            cli
            mov rcx, rsp
            push 0
            push rcx
            pushfq
            mov rax, cs
            push rax
            lea rax, [rel behind]
            push rax
            iretq
        behind:
            %s
            iretq
        """;

    private static TestMachine machine(boolean translated, boolean wide, String more, long flags, boolean trapGate) {
        TestMachine machine = TestMachine.translating(translated);
        Cpu cpu = machine.cpu;
        if (wide) {
            machine.longMode(3);
        }
        cpu.cr4 |= Cr4.OSFXSR;
        int type = trapGate ? SegmentDescriptor.TRAP_GATE : SegmentDescriptor.INTERRUPT_GATE;
        machine.descriptor(TestMachine.FREE, SegmentDescriptor.of(0x6_0000, 0xfffff, 0xc093));
        for (int vector : new int[] {VECTOR, OTHER}) {
            long entry = vector == VECTOR ? ENTRY : OTHER_ENTRY;
            int slot = (wide ? 16 : 8) * vector;
            machine.memory.write64(TestMachine.IDT + slot, GateDescriptor.of(wide ? TestMachine.CODE64 : TestMachine.CODE0, entry, type, 3, 0));
            if (wide) {
                machine.memory.write64(TestMachine.IDT + slot + 8, 0);
            }
        }
        machine.memory.write32(0x6_0010, 0x1234);
        if (!wide) {
            machine.ring(3);
        }
        machine.load(wide ? USER64 : USER32);
        machine.put(wide ? ENTRY64.formatted(more) : ENTRY32.formatted(more), ENTRY);
        machine.put(wide ? "inc rdi\niretq" : "inc edi\niret", OTHER_ENTRY);
        restart(machine, wide, flags);
        return machine;
    }

    private static void restart(TestMachine machine, boolean wide, long flags) {
        Cpu cpu = machine.cpu;
        if (wide) {
            Segments.put(cpu, Cpu.CS, TestMachine.CODE64_USER, machine.descriptor(TestMachine.CODE64_USER));
            Segments.put(cpu, Cpu.SS, TestMachine.DATA3, machine.descriptor(TestMachine.DATA3));
            cpu.setCpl(3);
            cpu.updateMode();
            cpu.gpr(4, TestMachine.STACK);
            cpu.rip(TestMachine.RIP);
        } else {
            machine.ring(3);
            Segments.putNull(cpu, Cpu.FS, 0, 0);
            cpu.updateMode();
        }
        cpu.rflags(flags | 2);
    }

    private static String outcome(boolean translated, boolean wide, String more, long flags, boolean trapGate) {
        try (TestMachine machine = machine(translated, wide, more, flags, trapGate)) {
            Cpu cpu = machine.cpu;
            cpu.gpr(5, ROUNDS);
            int vector = machine.run();
            String segments = IntStream.range(0, 6).mapToObj(r -> "%x %x %x %x".formatted(cpu.selector[r], cpu.rights[r], cpu.base[r], cpu.limit[r]))
                .collect(Collectors.joining(", "));
            String stack = IntStream.range(1, 12).mapToObj(n -> Long.toHexString(machine.memory.read64(TestMachine.STACK0 - 8L * n))).collect(Collectors.joining(" "));
            return "vector %d, registers %s, RIP %x, RFLAGS %x, CPL %d, retired %d, switches %d, segments %s, shadow %d, stack %s, cell %x".formatted(vector,
                IntStream.range(0, 16).mapToObj(r -> Long.toHexString(cpu.gpr(r))).toList(), cpu.rip(), cpu.rflags(), cpu.cpl, cpu.retired,
                cpu.counters.get(CountedEvent.MODE_SWITCHES), segments, cpu.interruptibility, stack, machine.memory.read32(0x6020));
        }
    }

    private static void same(boolean wide, String more, long flags, boolean trapGate) {
        assertEquals(outcome(false, wide, more, flags, trapGate), outcome(true, wide, more, flags, trapGate));
    }

    private static void same(String more) {
        same(false, more, Flags.IF, false);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void asKernelsHaveIt(boolean wide) {
        String outcome = outcome(true, wide, "nop", Flags.IF, false);
        assertTrue(outcome.startsWith("vector 6"), outcome);
        assertEquals(outcome(false, wide, "nop", Flags.IF, false), outcome);
    }

    /** What had to be done by handlers once is done: the exits left are those of the UD2. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void runsWithoutLeavingTheCode(boolean wide) {
        try (TestMachine machine = machine(true, wide, "nop", Flags.IF, false)) {
            machine.cpu.gpr(5, ROUNDS);
            assertEquals(6, machine.run());
            TranslationCounts before = machine.translation();
            restart(machine, wide, Flags.IF);
            machine.cpu.gpr(5, 2 * ROUNDS);
            assertEquals(6, machine.run());
            TranslationCounts exits = machine.translation().since(before);
            assertTrue(exits.instructions() > 30 * ROUNDS, exits.toString());
            assertTrue(exits.memory() + exits.untranslated() + exits.branches() < 4, exits.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void throughTrapGates(boolean wide) {
        same(wide, "nop", Flags.IF | Flags.DF | Flags.CF | Flags.OF, true);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, Flags.NT, Flags.AC, Flags.IOPL, Flags.ID, Flags.NT | Flags.IOPL})
    void flagsThatAreUnusual(int flags) {
        same(false, "nop", flags, false);
        same(true, "nop", flags, false);
    }

    @Test
    void aDescriptorThatChangesItsBase() {
        same("add byte [0x1062], 1");
    }

    @Test
    void aDescriptorThatLosesItsAccessedFlag() {
        same("and byte [0x1065], 0xfe");
    }

    @Test
    void aDescriptorThatGoes() {
        same("cmp ebp, 4\njne still\nand byte [0x1065], 0x7f\nstill: nop");
    }

    /** Both vectors in one place of what is remembered. */
    @Test
    void gatesThatDriveEachOtherOut() {
        same("int 0x32\nint 0x36\nint 0x3a");
    }

    @Test
    void aGateThatLeadsElsewhere() {
        same("cmp ebp, 4\njne still\nadd word [0x2000 + 8 * 0x36], 2\nstill: nop");
        same(true, "cmp ebp, 4\njne still\nadd word [0x2000 + 16 * 0x36], 3\nstill: nop", Flags.IF, false);
    }

    @Test
    void aStackThatMoves() {
        same("sub dword [0x3004], 16");
        same(true, "sub qword [0x3004], 8", Flags.IF, false);
    }

    @Test
    void aStackThatCrossesIntoAnotherPage() {
        same("cmp ebp, 6\njne still\nmov dword [0x3004], 0x2f008\nstill: nop");
        same(true, "cmp ebp, 6\njne still\nmov rcx, 0x2f010\nmov [0x3004], rcx\nstill: nop", Flags.IF, false);
    }

    @Test
    void tablesThatMove() {
        // LGDT of a copy in which FS has another base
        same("cmp ebp, 4\njne still\nmov esi, 0x1000\nmov edi, 0x5000\nmov ecx, 64\nrep movsd\nadd byte [0x5062], 2\nmov word [0x6030], 0xff\n"
            + "mov dword [0x6032], 0x5000\nlgdt [0x6030]\nstill: nop");
    }

    @Test
    void aDataSegmentThatIsNotFlat() {
        same("push 0x60\npop es\nadd ebx, [es:0x10]");
    }

    @Test
    void nullSelectors() {
        same("xor eax, eax\nmov fs, ax\nmov gs, ax\nmov ax, gs\nadd ebx, eax\nmov al, 3\nmov fs, ax");
    }

    /** A segment of ring 0 does not survive the return. */
    @Test
    void segmentsThatTheReturnTakesAway() {
        same("mov ax, 0x10\nmov [esp + 8], ax\nmov [esp], ax");
    }

    @Test
    void selectorsOutsideTheTableFault() {
        same("cmp ebp, 3\njne still\nmov ax, 0x1f0\nmov fs, ax\nstill: nop");
    }

    /** The budget may end between STI and the instruction in its shadow. */
    @Test
    void theShadowOutlivesTheEndOfABudget() {
        for (boolean translated : new boolean[] {false, true}) {
            try (TestMachine machine = TestMachine.translating(translated)) {
                machine.load("again: cli\nnop\nsti\nnop\nnop\njmp again");
                for (int round = 0; round < 30; round++) {
                    machine.run(6 * round + 3);
                    assertEquals(1, machine.cpu.interruptibility, "behind STI, round " + round);
                    machine.run(1);
                    assertEquals(0, machine.cpu.interruptibility, "one further");
                    machine.run(2);
                }
            }
        }
    }
}
