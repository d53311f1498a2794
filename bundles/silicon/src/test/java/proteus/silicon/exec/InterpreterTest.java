package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.silicon.cpu.Cpu;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/** What the engine promises beside the semantics of single instructions: exact budgets, exact code modification, restartable faults, limits. */
@ParameterizedClass(name = "translated: {0}")
@ValueSource(booleans = {false, true})
class InterpreterTest {
    private static final long ORIGIN = 0x2000;
    private static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RSI = 6, RDI = 7;
    private static final int DE = 0, UD = 6, SS = 12, GP = 13;

    @Parameter
    boolean translated;

    private TestCpu t;

    @AfterEach
    void close() {
        if (t != null) {
            t.close();
        }
    }

    private Assembly load(int mode, String source) {
        t = TestCpu.with(translated, mode, 4 << 20);
        Assembly code = Assembler.assemble(source, mode, ORIGIN);
        t.write(ORIGIN, code.bytes());
        t.cpu.gpr(RSP, 0x8000);
        return code;
    }

    private void execute(int mode, String source) {
        load(mode, source);
        assertEquals(Interpreter.IDLE, t.run(ORIGIN, 1_000_000));
    }

    private static final String WORK = """
            mov ecx, 1000
            xor eax, eax
        again:
            add eax, ecx
            rol eax, 3
            push rax
            pop rdx
            test dl, 1
            jz even
            xor eax, 0x1234567
        even:
            mov [0x6000 + rcx*4], eax
            cmp eax, [0x6000 + rcx*4]
            jne wrong
            loop again
            hlt
        wrong:
            ud2
        """;

    @Test
    void aBudgetIsMetExactlyWhereverItEnds() {
        execute(64, WORK);
        long whole = t.cpu.retired;
        long result = t.cpu.gpr(RAX);
        t.close();
        Random random = new Random(3);
        load(64, WORK);
        long rip = ORIGIN;
        long expected = 0;
        while (true) {
            int budget = 1 + random.nextInt(30);
            int reason = t.run(rip, budget);
            rip = t.cpu.rip();
            if (reason == Interpreter.IDLE) {
                break;
            }
            assertEquals(Interpreter.BUDGET, reason);
            expected += budget;
            assertEquals(expected, t.cpu.retired);
        }
        assertEquals(whole, t.cpu.retired);
        assertEquals(result, t.cpu.gpr(RAX));
    }

    /** Flags that are overwritten in the same block, with everything between that can see them: a fault, a store over the block, a carry taken in. */
    private static final String FLAGS = """
            mov ecx, 40
            mov ebx, 0x80000001
        again:
            add eax, ebx
            xor edx, eax
            shl ebx, 3
            inc ebx
            adc edx, 5
            sub eax, 0x1234567
            mov [0x6000 + rcx*4], eax
            and edx, eax
            cmp edx, [0x6000 + rcx*4]
            setb al
            dec edx
            imul edx, edx, 77
            test eax, edx
            sar ebx, 1
            or eax, 9
            imul eax, ebx
            shr edx, 2
            neg edx
            sub ecx, 1
            jnz again
            hlt
        """;

    @Test
    void flagsAreExactWhereverABlockIsLeft() {
        load(64, FLAGS);
        List<Long> flags = new ArrayList<>();
        for (long rip = ORIGIN; t.run(rip, 1) == Interpreter.BUDGET; rip = t.cpu.rip()) {
            flags.add(t.cpu.rflags() ^ t.cpu.gpr(RAX) << 32 ^ t.cpu.gpr(RDX));
        }
        for (int n : new int[] {2, 3, 7, 19, 20, 21}) {
            t.close();
            load(64, FLAGS);
            int i = n - 1;
            for (long rip = ORIGIN; t.run(rip, n) == Interpreter.BUDGET; rip = t.cpu.rip()) {
                assertEquals(flags.get(i), t.cpu.rflags() ^ t.cpu.gpr(RAX) << 32 ^ t.cpu.gpr(RDX), "after instruction " + i + " in steps of " + n);
                i += n;
            }
        }
    }

    @Test
    void aFaultSeesTheFlagsOfTheInstructionBeforeIt() {
        load(64, "mov eax, 1\nsub eax, 1\nmov rcx, [rbx]\nxor edx, 3\nhlt");
        t.cpu.gpr(RBX, 0x8000_0000_0000L);
        t.run(ORIGIN, 100);
        assertEquals(GP, t.firstFault);
        assertTrue((t.cpu.rflags() & 0x40) != 0, "ZF of the subtraction");
    }

    @Test
    void anOverwrittenBlockIsLeftWithTheFlagsOfTheStore() {
        execute(64, """
            sub eax, eax
            add byte [rel patched], 0
            or ecx, 1
        patched:
            setz bl
            hlt
            """);
        assertEquals(0, t.cpu.gpr(RBX) & 0xff, "ZF is of OR");
        t.close();
        execute(64, """
            xor eax, eax
            mov byte [rel patched], 0x90
        patched:
            stc
            setz bl
            add edx, 1
            hlt
            """);
        assertEquals(1, t.cpu.gpr(RBX) & 0xff);
    }

    @Test
    void aStoreChangesTheVeryNextInstruction() {
        execute(64, """
            mov byte [rel patched + 1], 42
        patched:
            mov al, 7
            hlt
            """);
        assertEquals(42, t.cpu.gpr(RAX) & 0xff);
        assertEquals(3, t.cpu.retired);
    }

    @Test
    void aStoreChangesAnInstructionFurtherOnInItsBlock() {
        execute(32, """
            mov ebx, 1
            mov dword [patched + 1], 0x11223344
            inc ebx
            inc ebx
        patched:
            mov eax, 7
            inc ebx
            hlt
            """);
        assertEquals(0x11223344, t.cpu.gpr(RAX));
        assertEquals(4, t.cpu.gpr(RBX));
        assertEquals(7, t.cpu.retired);
    }

    @Test
    void aLoopThatPatchesItselfSeesEachPatch() {
        execute(32, """
            xor ebx, ebx
            mov ecx, 10
        again:
            mov [patched + 1], cl
        patched:
            mov al, 0
            movzx eax, al
            add ebx, eax
            loop again
            hlt
            """);
        assertEquals(55, t.cpu.gpr(RBX));
    }

    @Test
    void codeThatADeviceOverwritesIsDecodedAnew() throws InterruptedException {
        Assembly code = load(64, """
        again:
            mov eax, 1
            hlt
            """);
        t.run(ORIGIN, 100);
        assertEquals(1, t.cpu.gpr(RAX));
        t.write8(ORIGIN + 1, 5);
        t.run(ORIGIN, 100);
        assertEquals(5, t.cpu.gpr(RAX));
        Thread other = new Thread(() -> t.write8(ORIGIN + 1, 9));
        other.start();
        other.join();
        t.run(ORIGIN, 100);
        assertEquals(9, t.cpu.gpr(RAX));
        assertTrue(code.bytes().length > 0);
    }

    @Test
    void anInstructionMayCrossPages() {
        load(64, """
            jmp 0x2ffe
            """);
        byte[] crossing = Assembler.assemble("mov eax, 0x11223344\nhlt", 64, 0x2ffe).bytes();
        t.write(0x2ffe, crossing);
        for (int i = 0; i < 3; i++) {
            assertEquals(Interpreter.IDLE, t.run(ORIGIN, 100));
            assertEquals(0x11223344, t.cpu.gpr(RAX));
        }
        t.write8(0x3000, 0x55); // its byte in the second page
        t.run(ORIGIN, 100);
        assertEquals(0x11225544, t.cpu.gpr(RAX));
        t.write8(0x2fff, 0x66); // its last byte in the first
        t.run(ORIGIN, 100);
        assertEquals(0x11225566, t.cpu.gpr(RAX));
    }

    @Test
    void dataBesideCodeDoesNotDisturbIt() {
        execute(64, """
            mov ecx, 1000
        again:
            inc dword [rel counter]
            loop again
            mov eax, [rel counter]
            hlt
            align 64
        counter: dd 0
            """);
        assertEquals(1000, t.cpu.gpr(RAX));
    }

    @Test
    void aDivisionThatFaultsLeavesAllAsItWas() {
        load(64, """
            mov eax, 5
            xor ecx, ecx
        faulting:
            div ecx
            hlt
            """);
        assertEquals(Interpreter.IDLE, t.run(ORIGIN, 100));
        assertEquals(DE, t.fault);
        assertEquals(ORIGIN + 7, t.faultRip);
        assertEquals(2, t.cpu.retired);
        assertEquals(5, t.cpu.gpr(RAX));
    }

    @Test
    void divisionsThatOverflowFault() {
        String[] overflows = {"mov rdx, 1\nmov ecx, 1\ndiv rcx", "mov rax, 1 << 63\ncqo\nmov rcx, -1\nidiv rcx", "mov eax, 0x80000000\ncdq\nmov ecx, -1\nidiv ecx",
            "mov ax, 0x1000\nmov cl, 0x10\ndiv cl", "mov ax, 0x8000\nmov cl, 1\nidiv cl"};
        for (String source : overflows) {
            load(64, source + "\nhlt");
            t.run(ORIGIN, 100);
            assertEquals(DE, t.fault, source);
            t.close();
        }
        load(64, "mov rdx, 1\nmov ecx, 2\ndiv rcx\nhlt");
        t.run(ORIGIN, 100);
        assertEquals(-1, t.fault);
        assertEquals(1L << 63, t.cpu.gpr(RAX));
    }

    @Test
    void aPushThatFaultsDoesNotMoveTheStackPointer() {
        load(32, "push dword [0x100]\nhlt");
        t.cpu.limit[Cpu.SS] = 0x7fff;
        t.cpu.updateMode();
        t.cpu.gpr(RSP, 0x8004);
        t.run(ORIGIN, 100);
        assertEquals(SS, t.fault);
        assertEquals(0x8004, t.cpu.gpr(RSP));
    }

    @Test
    void popToMemoryAddressesWithTheStackPointerAfterThePop() {
        execute(32, """
            push dword 0
            push dword 0x1234
            pop dword [esp]
            mov eax, [esp]
            hlt
            """);
        assertEquals(0x1234, t.cpu.gpr(RAX));
        assertEquals(0x7ffc, t.cpu.gpr(RSP));
    }

    @Test
    void pushOfTheStackPointerPushesItsOldValue() {
        execute(64, "push rsp\npop rax\nhlt");
        assertEquals(0x8000, t.cpu.gpr(RAX));
    }

    @Test
    void aComparingExchangeNeedsWriteAccessEvenWhenUnequal() {
        load(32, "mov eax, 1\ncmpxchg [0x6000], ecx\nhlt");
        t.cpu.rights[Cpu.DS] = 0x91 | 1 << 14;
        t.cpu.updateMode();
        t.run(ORIGIN, 100);
        assertEquals(GP, t.fault);
        assertEquals(1, t.cpu.gpr(RAX));
    }

    @Test
    void aJumpBeyondTheCodeSegmentIsTheFaultOfTheJump() {
        load(32, "nop\njmp 0x9000");
        t.cpu.limit[Cpu.CS] = 0x7fff;
        t.cpu.updateMode();
        t.run(ORIGIN, 100);
        assertEquals(GP, t.fault);
        assertEquals(ORIGIN + 1, t.faultRip);
        assertEquals(1, t.cpu.retired);
    }

    @Test
    void runningOverTheEndOfTheCodeSegmentIsTheFaultOfTheFetch() {
        load(32, "nop\nnop\nmov eax, 1\nhlt");
        t.cpu.limit[Cpu.CS] = ORIGIN + 3; // in the middle of the MOV
        t.cpu.updateMode();
        t.run(ORIGIN, 100);
        assertEquals(GP, t.fault);
        assertEquals(ORIGIN + 2, t.faultRip);
        assertEquals(2, t.cpu.retired);
    }

    @Test
    void aReturnToANonCanonicalAddressIsTheFaultOfTheReturn() {
        load(64, "mov rax, 0x8000_0000_0000\npush rax\nret");
        t.run(ORIGIN, 100);
        assertEquals(GP, t.fault);
        assertEquals(0x7ff8, t.cpu.gpr(RSP));
        assertEquals(2, t.cpu.retired);
    }

    @Test
    void aRepeatedMoveThatFaultsStandsAtTheFaultingElement() {
        load(32, "rep movsb\nhlt");
        t.cpu.limit[Cpu.ES] = 0x6fff;
        t.cpu.updateMode();
        t.cpu.gpr(RSI, 0x5000);
        t.cpu.gpr(RDI, 0x6fd0);
        t.cpu.gpr(RCX, 100);
        for (int i = 0; i < 100; i++) {
            t.write8(0x5000 + i, i);
        }
        t.run(ORIGIN, 100);
        assertEquals(GP, t.fault);
        assertEquals(ORIGIN, t.faultRip);
        assertEquals(0x7000, t.cpu.gpr(RDI));
        assertEquals(0x5030, t.cpu.gpr(RSI));
        assertEquals(52, t.cpu.gpr(RCX));
        assertEquals(0x2f, t.read8(0x6fff));
        assertEquals(0, t.cpu.retired);
    }

    @Test
    void aRepeatedMoveCountsAsOneInstructionAndMakesPauses() {
        load(64, "cld\nrep stosq\nhlt");
        t.cpu.gpr(RDI, 0x100000);
        t.cpu.gpr(RCX, 0x40000);
        t.cpu.gpr(RAX, 0x1122334455667788L);
        t.interpreter.kick();
        assertEquals(Interpreter.KICKED, t.run(ORIGIN, 100));
        assertEquals(Interpreter.IDLE, t.run(ORIGIN, 100));
        assertEquals(3, t.cpu.retired);
        assertEquals(0, t.cpu.gpr(RCX));
        assertEquals(0x300000, t.cpu.gpr(RDI));
        assertEquals(0x1122334455667788L, t.read64(0x2ffff8));
    }

    @Test
    void anOverlappingForwardMoveRepeatsThePattern() {
        execute(64, """
            mov edi, 0x6000
            mov dword [rdi], 0x04030201
            lea rsi, [rdi]
            add edi, 4
            mov ecx, 100
            rep movsb
            hlt
            """);
        for (int i = 0; i < 104; i++) {
            assertEquals(i % 4 + 1, t.read8(0x6000 + i));
        }
    }

    @Test
    void backwardMovesGoBackward() {
        execute(32, """
            mov edi, 0x6010
            mov esi, 0x600f
            mov dword [0x600c], 0x44332211
            mov ecx, 4
            std
            rep movsb
            cld
            hlt
            """);
        assertEquals(0x44332211, t.read32(0x600d));
    }

    @Test
    void repeatedScansStopAtTheRightElement() {
        execute(64, """
            mov edi, 0x6000
            mov dword [rdi], 'abcd'
            mov dword [rdi + 4], 0
            xor eax, eax
            mov rcx, -1
            repne scasb
            not rcx
            dec rcx
            hlt
            """);
        assertEquals(4, t.cpu.gpr(RCX));
    }

    @Test
    void a32BitWriteClearsTheUpperHalfEvenWhenNothingChanges() {
        execute(64, """
            mov rax, -1
            mov rdx, -1
            mov rbx, -1
            xor ecx, ecx
            shl eax, cl
            stc
            cmovnc edx, ecx
            bswap ebx
            hlt
            """);
        assertEquals(0xffffffffL, t.cpu.gpr(RAX));
        assertEquals(0xffffffffL, t.cpu.gpr(RDX));
        assertEquals(0xffffffffL, t.cpu.gpr(RBX));
    }

    @Test
    void ipWrapsInSixteenBitOperands() {
        execute(16, """
            mov ax, 0x1234
            call sub
            hlt
        sub:
            add ax, 1
            ret
            """);
        assertEquals(0x1235, t.cpu.gpr(RAX));
        assertEquals(0x8000, t.cpu.gpr(RSP));
    }

    @Test
    void anEnterWithLevelsCopiesTheFramePointers() {
        execute(32, """
            mov ebp, 0x7000
            mov dword [0x6ffc], 0xaaaa
            mov dword [0x6ff8], 0xbbbb
            enter 16, 3
            mov eax, [ebp - 4]
            mov ecx, [ebp - 8]
            mov edx, [ebp - 12]
            mov ebx, esp
            leave
            hlt
            """);
        assertEquals(0xaaaa, t.cpu.gpr(RAX));
        assertEquals(0xbbbb, t.cpu.gpr(RCX));
        assertEquals(0x7ffc, t.cpu.gpr(RDX));
        assertEquals(0x7ffc - 12 - 16, t.cpu.gpr(RBX));
        assertEquals(0x8000, t.cpu.gpr(RSP));
        assertEquals(0x7000, t.cpu.gpr(5));
    }

    @Test
    void whatNoFamilyExecutesIsUndefinedAndNamed() {
        load(64, "xbegin 0x3000\nhlt");
        t.run(ORIGIN, 100);
        assertEquals(UD, t.fault);
        assertNotEquals(0, t.interpreter.missing().size());
    }
}
