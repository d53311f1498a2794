package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static proteus.silicon.system.TestMachine.FREE;
import static proteus.silicon.system.TestMachine.RIP;
import static proteus.silicon.system.TestMachine.STACK;

import java.util.Collections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.silicon.cpu.Cpu;
import proteus.x86.asm.Assembler;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.SegmentDescriptor;

/** What comparison with a real processor in 32-bit and 16-bit code has found wrong in the model. */
class ProcessorBehaviourTest {
    private static final int DONE = -1;
    private static final int EAX = 0, ECX = 1, EBX = 3, ESP = 4, EBP = 5;
    private static final long PATTERN = 0x1122_3344_5566_7788L;
    /** The first address that {@link TestMachine#longMode} does not map. */
    private static final long UNMAPPED = 0x100_0000;
    private static final int AM = 1 << 18, AC = 1 << 18;

    private final TestMachine machine = new TestMachine();
    private final Cpu cpu = machine.cpu;

    @AfterEach
    void close() {
        machine.close();
    }

    private int run(String... lines) {
        machine.load(String.join("\n", lines) + "\nhlt");
        return machine.run();
    }

    /** A writable data segment for SS or DS. */
    private void segment(int register, int limit, int rights) {
        machine.descriptor(FREE, SegmentDescriptor.of(0, limit, rights));
        Segments.put(cpu, register, FREE | cpu.cpl, machine.descriptor(FREE));
        cpu.updateMode();
    }

    @Test
    void enterOnA16BitStackTakesTheUpperHalfOfEspIntoEbp() {
        segment(Cpu.SS, 0xffff, 0x0093);
        cpu.gpr(ESP, 0x1234_9000L);
        cpu.gpr(EBP, 0x5678_9000L);
        assertEquals(DONE, run("enter 8, 1"));
        assertEquals(0x1234_8ffcL, cpu.gpr(EBP));
        assertEquals(0x1234_8ffc, machine.memory.read32(0x8ff8), "the frame pointer of level 1");
    }

    @Test
    void aSelectorIsPushedAndPoppedWith16BitsThough32BitsAreTaken() {
        machine.memory.write64(STACK - 8, PATTERN);
        assertEquals(DONE, run("push ds"));
        assertEquals(0x1122_0000 | TestMachine.DATA0, machine.memory.read32(STACK - 4));
        assertEquals(STACK - 4, cpu.gpr(ESP));
        // an expand-up stack of which only two bytes are left
        segment(Cpu.SS, 0x8fff, 0x4093);
        machine.memory.write16(0x8ffe, TestMachine.DATA0);
        cpu.gpr(ESP, 0x8ffe);
        cpu.rip(RIP);
        assertEquals(DONE, run("pop es"));
        assertEquals(0x9002, cpu.gpr(ESP));
    }

    @Test
    void allPushesAndPopsAreAlignedBeforeAnyPageIsMissing() {
        machine.longMode(3);
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xfffff, 0xc0fb));
        Segments.put(cpu, Cpu.CS, FREE | 3, machine.descriptor(FREE));
        cpu.updateMode();
        cpu.cr0 |= AM;
        cpu.rflags(AC | 2);
        cpu.gpr(ESP, UNMAPPED + 0x101);
        assertEquals(ExceptionVector.AC, run("pushad"));
        machine.longMode(3);
        Segments.put(cpu, Cpu.CS, FREE | 3, machine.descriptor(FREE));
        cpu.updateMode();
        cpu.rflags(AC | 2);
        cpu.gpr(ESP, UNMAPPED + 0x101);
        assertEquals(ExceptionVector.AC, run("popad"));
    }

    @Test
    void aStoreThatAnUnmaskedExceptionPreventsChecksNoLimit() {
        segment(Cpu.DS, 0xfff, 0x4093);
        // the stack is empty and that exception is unmasked: nothing is stored
        assertEquals(DONE, run("mov dword [esp-8], 0x37e", "fninit", "fldcw [esp-8]", "fst qword [0x2000]", "fnstsw ax"));
        assertEquals(0x41, cpu.gpr(EAX) & 0x41);
        cpu.rip(RIP);
        assertEquals(DONE, run("fninit", "fldcw [esp-8]", "fist dword [0x2000]"));
        cpu.rip(RIP);
        assertEquals(ExceptionVector.GP, run("fninit", "fst qword [0x2000]"), "masked, the indefinite is stored");
    }

    @Test
    void aCallBeyondTheLimitHasPushedBeforeItFaults() {
        machine.ring(3);
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xffff, 0x40fb));
        Segments.put(cpu, Cpu.CS, FREE | 3, machine.descriptor(FREE));
        cpu.updateMode();
        cpu.gpr(EBX, 0x1_0000);
        assertEquals(ExceptionVector.GP, run("call ebx"));
        assertEquals((int) RIP + 2, machine.memory.read32(STACK - 4));
    }

    @Test
    void farReturnsReadFirstWhatIsPoppedLast() {
        machine.longMode(3);
        cpu.gpr(ESP, UNMAPPED);
        assertEquals(ExceptionVector.PF, run("retf"));
        assertEquals(UNMAPPED + 4, cpu.cr2, "the selector");
        machine.longMode(3);
        cpu.gpr(ESP, UNMAPPED);
        assertEquals(ExceptionVector.PF, run("iretd"));
        assertEquals(UNMAPPED + 8, cpu.cr2, "the flags");
        machine.longMode(3);
        cpu.gpr(ESP, UNMAPPED - 12);
        machine.memory.write32(UNMAPPED - 8, TestMachine.CODE64_USER);
        assertEquals(ExceptionVector.PF, run("iretd"));
        assertEquals(UNMAPPED + 4, cpu.cr2, "the selector of the stack");
    }

    @Test
    void aPopOfASelectorReads16BitsIn64BitModeToo() {
        machine.longMode(3);
        machine.memory.write16(UNMAPPED - 2, 0);
        cpu.gpr(ESP, UNMAPPED - 2);
        assertEquals(ExceptionVector.UD, run("pop fs", "ud2"));
    }

    @Test
    void aCallOutOf64BitModePushesWith32BitAddresses() {
        machine.longMode(3);
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xfffff, 0xc0fb));
        machine.memory.write32(0x6800, 0x6000);
        machine.memory.write16(0x6804, FREE | 3);
        byte[] target = Assembler.assemble("ud2", 32, 0x6000).bytes();
        machine.memory.write(0x6000, target, 0, target.length);
        cpu.gpr(ESP, 0x1234_5678_0000_0000L | STACK);
        assertEquals(ExceptionVector.UD, run("call far dword [0x6800]"));
        assertEquals(TestMachine.CODE64_USER, machine.memory.read32(STACK - 4));
        assertEquals((int) RIP + 7, machine.memory.read32(STACK - 8));
    }

    @Test
    void aLineIsFlushedWithinTheCodeSegmentOnly() {
        machine.descriptor(FREE, SegmentDescriptor.of(0, 0xffff, 0x4099));
        Segments.put(cpu, Cpu.CS, FREE, machine.descriptor(FREE));
        cpu.updateMode();
        assertEquals(DONE, run("cs clflush [0xffff]"));
        cpu.rip(RIP);
        assertEquals(ExceptionVector.GP, run("cs clflush [0x10000]"));
    }

    @Test
    void arplOnlyWritesWhatItChanges() {
        machine.ring(3);
        segment(Cpu.DS, 0xffff, 0x40f1);
        machine.memory.write16(0x9000, 0x13);
        cpu.gpr(EAX, 2);
        assertEquals(ExceptionVector.UD, run("arpl [0x9000], ax", "ud2"), "a read-only segment does not matter");
        machine.memory.write16(0x9000, 0x11);
        machine.ring(3);
        segment(Cpu.DS, 0xffff, 0x40f1);
        assertEquals(ExceptionVector.GP, run("arpl [0x9000], ax"));
    }

    @Test
    void boundLooksAtTheLowerBoundFirst() {
        segment(Cpu.DS, 0x9003, 0x4093);
        machine.memory.write32(0x9000, 5);
        cpu.gpr(EBX, 4);
        assertEquals(ExceptionVector.BR, run("bound ebx, [0x9000]"));
        cpu.gpr(EBX, 5);
        cpu.rip(RIP);
        assertEquals(ExceptionVector.GP, run("bound ebx, [0x9000]"), "the upper bound is beyond the limit");
    }

    @Test
    void instructionsWithoutA16BitFormHave32BitsIn16BitCode() {
        machine.realMode();
        cpu.gpr(EAX, 0xffff_ffffL);
        cpu.gpr(ECX, 0x8000_0001L);
        assertEquals(DONE, run("adox ecx, eax", "movnti [0x800], ecx"));
        assertEquals(0x8000_0000L, cpu.gpr(ECX));
        long data = cpu.base[Cpu.DS] + 0x800;
        assertEquals(0x8000_0000, machine.memory.read32(data));
    }

    @Test
    void aTooLongInstructionAtThePagesStartIsForgottenWhenOverwritten() {
        assertEquals(0, RIP & 0xfff);
        machine.load(String.join("\n", Collections.nCopies(15, "db 0x66")) + "\nnop");
        assertEquals(ExceptionVector.GP, machine.run());
        byte[] patch = Assembler.assemble("mov dword [0x7000], 0xf4909090\njmp 0x7000", 32, 0x6000).bytes();
        machine.memory.write(0x6000, patch, 0, patch.length);
        cpu.rip(0x6000);
        assertEquals(DONE, machine.run());
        assertEquals(RIP + 4, cpu.rip());
    }
}
