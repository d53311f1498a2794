package proteus.cpu.para;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.event.Hypercall;
import proteus.x86.asm.Assembly;
import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/** Small 32-bit kernels in ring 1, and what keeps them there. */
class NarrowDomainTest {
    private static final String SHUTDOWN = """

            shutdown:
                    mov eax, 29             ; SCHED_OP
                    mov ebx, 2              ; shutdown
                    mov ecx, reason
                    int 0x82
            reason: dd 0
                    align 8
            """;
    /** UPDATE_DESCRIPTOR or MMU_UPDATE, whose result is left. */
    private static final String ASK = """
                    mov eax, %d
                    mov ebx, %s
                    mov ecx, %s
                    mov edx, %s
                    mov esi, %s
                    int 0x82
                    mov [result], eax
                    jmp shutdown
                    align 8
            result: dq 0
            request: dq %s
            """;
    private static final int INVALID = -22, PRESENT_WRITABLE = (int) (PageTable.PRESENT | PageTable.WRITABLE);

    private final TestDomain domain = new TestDomain(Width.NARROW);
    private Assembly code;

    @AfterEach
    void close() {
        domain.close();
    }

    private void runToEnd(String source) {
        domain.end = "";
        code = domain.load(source + SHUTDOWN);
        RunOutcome outcome = domain.run();
        assertEquals(RunOutcome.STOP_REQUESTED, outcome, () -> "RIP %x, %s".formatted(domain.processor().registers().rip(), domain.cpu.failure()));
        assertEquals("power off", domain.end);
        assertTrue(domain.othersUntouched());
    }

    private int describe(long descriptor) {
        long at = domain.hpa(TestDomain.FREE);
        runToEnd(ASK.formatted(Hypercall.UPDATE_DESCRIPTOR.number(), at, at >>> 32, descriptor & 0xffff_ffffL, descriptor >>> 32, 0));
        return (int) domain.value(code, "result");
    }

    private int update(long entry, long value) {
        runToEnd(ASK.formatted(Hypercall.MMU_UPDATE.number(), "request", 1, 0, MmuCalls.DOMID_SELF, entry + ", " + value));
        return (int) domain.value(code, "result");
    }

    @Test
    void aKernelInRingOneCallsByAnInterrupt() {
        runToEnd("""
                    mov eax, 18             ; CONSOLE_IO
                    xor ebx, ebx
                    mov ecx, 5
                    mov edx, text
                    int 0x82
                    jmp shutdown
            text:   db 'hello'
            """);
        assertEquals("hello", domain.printed.toString());
        assertEquals(2, domain.counters.get(CountedEvent.HYPERCALLS));
        assertEquals(1, domain.processor().registers().cpl());
        assertEquals(32, domain.processor().registers().codeSize());
    }

    @Test
    void thereIsNoSegmentOfSixtyFourBitCode() {
        // Flat code, ring 1: with D it is good, with L it would reach what 32 bits do not.
        assertEquals(0, describe(0x00cf_bb00_0000_ffffL));
        assertEquals(INVALID, describe(0x00af_bb00_0000_ffffL));
    }

    @Test
    void aDescriptorOfRingZeroBecomesOneOfRingOne() {
        assertEquals(0, describe(0x00cf_9b00_0000_ffffL));
        assertEquals(0x00cf_bb00_0000_ffffL, domain.memory.read64(domain.hpa(TestDomain.FREE)));
    }

    @Test
    void levelThreeHasFourEntriesAndTheLastStays() {
        long level3 = domain.hpa(TestDomain.L3);
        assertEquals(INVALID, update(level3 + 3 * 8, 0));
        assertEquals(INVALID, update(level3 + 4 * 8, domain.hpa(TestDomain.FREE) | PageTable.PRESENT));
        // A cleared page is a good table of level 2; its mapping must not be writable.
        assertEquals(-16, update(level3, domain.hpa(TestDomain.FREE) | PageTable.PRESENT), "busy: mapped writable");
    }

    @Test
    void theHypervisorsPartOfTheLastTableIsItsOwn() {
        for (int index : new int[] {428, 511}) {
            assertEquals(INVALID, update(domain.hpa(TestDomain.L2) + 8L * index, domain.hpa(TestDomain.L1) | PRESENT_WRITABLE));
        }
        assertEquals(0, update(domain.hpa(TestDomain.L2) + 8L * 427, domain.hpa(TestDomain.L1) | PRESENT_WRITABLE));
    }

    @Test
    void theTableOfPseudoPhysicalFramesCanBeReadAndNotWritten() {
        long at = Width.NARROW.hypervisorStart + 4 * domain.mfn(TestDomain.FREE);
        runToEnd("""
                    xor eax, eax            ; SET_TRAP_TABLE
                    mov ebx, traps
                    int 0x82
                    mov eax, [%d]
                    mov [seen], eax
                    mov dword [%d], 7
                    jmp shutdown
            fault:  pop dword [error]
                    jmp shutdown
                    align 8
            traps:  db 14, 0
                    dw 0xe019
                    dd fault
                    dd 0, 0
            seen:   dq 0
            error:  dq 0
            """.formatted(at, at));
        assertEquals(TestDomain.FREE, domain.value(code, "seen"));
        assertEquals(3, domain.value(code, "error"), "present, a write, not by user code");
    }

    @Test
    void userCodeFindsNoHypercallAtTheInterrupt() {
        runToEnd("""
                    xor eax, eax
                    mov ebx, traps
                    int 0x82
                    mov eax, 3              ; STACK_SWITCH
                    mov ebx, 0xe021
                    mov ecx, esp
                    int 0x82
                    mov eax, 14             ; UPDATE_VA_MAPPING: this page for user code too
                    mov ebx, user
                    mov ecx, %d
                    mov edx, %d
                    xor esi, esi
                    int 0x82
                    push 0xe033
                    push 0
                    push 0x202
                    push 0xe02b
                    push user
                    push 0
                    mov eax, 23             ; IRET
                    int 0x82
            fault:  mov edx, 0xe021         ; IRET took the kernel's data segment away
                    mov ds, dx
                    pop dword [error]
                    mov eax, [esp + 4]
                    mov [cs_], eax
                    jmp shutdown
                    align 8
            traps:  db 13, 0
                    dw 0xe019
                    dd fault
                    dd 0, 0
            error:  dq 0
            cs_:    dq 0
            user:   mov eax, 29
                    int 0x82
            """.formatted(domain.hpa(TestDomain.CODE) & 0xffff_ffffL | PRESENT_WRITABLE | PageTable.USER, domain.hpa(TestDomain.CODE) >>> 32));
        assertEquals(0x82 << 3 | 2, domain.value(code, "error"), "#GP as at a gate of the kernel's");
        assertEquals(0xe02b, domain.value(code, "cs_") & 0xffff);
    }
}
