package proteus.cpu.para;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.event.Hypercall;
import proteus.api.silicon.CpuRegisters;
import proteus.x86.asm.Assembly;
import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/** Small kernels in ring 3 that ask the hypervisor, and what comes of it. */
class ParavirtualCpuTest {
    /** Ends the run. */
    private static final String SHUTDOWN = """

            shutdown:
                    mov eax, 29             ; SCHED_OP
                    mov edi, 2              ; shutdown
                    mov rsi, reason
                    syscall
            reason: dd 0
                    align 8
            """;
    /** Mapped frames that nobody else uses. */
    private static final int REQUESTS = 100;
    private static final int INVALID = -22, BUSY = -16;
    private static final long PRESENT_WRITABLE = PageTable.PRESENT | PageTable.WRITABLE;

    private final TestDomain domain = new TestDomain();
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

    @Test
    void aKernelPrintsAndPowersOff() {
        runToEnd("""
                    mov eax, 18             ; CONSOLE_IO
                    xor edi, edi
                    mov esi, 5
                    mov rdx, text
                    syscall
                    jmp shutdown
            text:   db 'hello'
            """);
        assertEquals("hello", domain.printed.toString());
        assertEquals(2, domain.counters.get(CountedEvent.HYPERCALLS));
        assertEquals(1, domain.counters.hypercalls(Hypercall.CONSOLE_IO));
        assertEquals(3, domain.processor().registers().cpl());
    }

    @Test
    void anUnknownHypercallSaysSo() {
        runToEnd("""
                    mov eax, 41
                    syscall
                    mov [result], rax
                    jmp shutdown
                    align 8
            result: dq 0
            """);
        assertEquals(-38, domain.value(code, "result"));
    }

    @Test
    void exceptionsOfTheKernelAreItsOwnAffair() {
        runToEnd("""
                    xor eax, eax            ; SET_TRAP_TABLE
                    mov rdi, table
                    syscall
                    mov rbx, rsp
            fault:  ud2
                    align 8
            handler:
                    pop rcx
                    pop r11
                    mov rax, [rsp]
                    mov [rip_], rax
                    mov rax, [rsp + 8]
                    mov [cs_], rax
                    mov rax, [rsp + 24]
                    sub rax, rbx
                    mov [rsp_], rax
                    jmp shutdown
                    align 8
            table:  db 6, 4
                    dw 0xe033, 0, 0
                    dq handler
                    dq 0, 0
            rip_:   dq 0
            cs_:    dq 0
            rsp_:   dq 1
            """);
        assertEquals(code.symbol("fault"), domain.value(code, "rip_"));
        assertEquals(0xe030, (int) domain.value(code, "cs_"), "the kernel believes in ring 0");
        assertEquals(1, domain.value(code, "cs_") >>> 32, "events were masked");
        assertEquals(0, domain.value(code, "rsp_"));
        assertEquals(1, domain.counters.get(CountedEvent.BOUNCED_EXCEPTIONS));
    }

    @Test
    void anExceptionWithoutAHandlerEndsTheDomain() {
        domain.load("ud2");
        assertEquals(RunOutcome.STOP_REQUESTED, domain.run());
        assertTrue(domain.end.contains("#UD"), domain.end);
    }

    @Test
    void cpuidBehindThePrefixIsXens() {
        runToEnd("""
                    mov eax, 0x40000000
                    ud2
                    db 'xen'
                    cpuid
                    mov [result], rbx
                    mov eax, 1
                    xor ecx, ecx
                    ud2
                    db 'xen'
                    cpuid
                    mov [features], rcx
                    jmp shutdown
                    align 8
            result: dq 0
            features: dq 0
            """);
        assertEquals(0x566e6558L, domain.value(code, "result"));
        assertEquals(0, domain.value(code, "features") & 1 << 26, "no XSAVE, whose control register is the hypervisor's");
    }

    /** The user's root is the kernel's here: what matters is who answers SYSCALL, and where the stack is. */
    @Test
    void systemCallsOfProgramsGoToTheKernel() {
        domain.load("nop");
        runToEnd("""
                    mov eax, 30             ; CALLBACK_OP
                    xor edi, edi
                    mov rsi, callback
                    syscall
                    mov eax, 3              ; STACK_SWITCH
                    mov edi, 0xe02b
                    mov rsi, kstack
                    syscall
                    mov eax, 26             ; MMUEXT_OP
                    mov rdi, base
                    mov esi, 1
                    xor edx, edx
                    mov r10d, 0x7ff0
                    syscall
                    mov [based], rax
                    push 0xe02b
                    push ustack
                    push 0x202
                    push 0xe033
                    push user
                    push 0
                    push 0
                    push 0
                    push 0
                    mov eax, 23             ; IRET
                    syscall
            user:   mov eax, 18             ; not a hypercall here
            call_:  syscall
            after:  ud2
            entry:  pop rcx
                    pop r11
                    mov [number], rax
                    mov [rcx_], rcx
                    mov [stack_], rsp
                    mov rax, [rsp + 8]
                    mov [cs_], rax
                    jmp shutdown
                    align 8
            callback: dw 2, 0, 0, 0
                    dq entry
            base:   dd 15, 0
                    dq %d, 0
            based:  dq 1
            number: dq 0
            rcx_:   dq 0
            stack_: dq 0
            cs_:    dq 0
                    times 32 dq 0
            kstack: times 32 dq 0
            ustack:
            """.formatted(domain.mfn(TestDomain.L4)));
        assertEquals(0, domain.value(code, "based"));
        assertEquals(18, domain.value(code, "number"));
        assertEquals(code.symbol("after"), domain.value(code, "rcx_"));
        assertEquals((code.symbol("kstack") & -16) - 5 * 8, domain.value(code, "stack_"));
        assertEquals(0xe033, domain.value(code, "cs_"));
        assertEquals(1, domain.counters.get(CountedEvent.BOUNCED_SYSTEM_CALLS));
    }

    @Test
    void theTimerWakesABlockedKernelByAnEvent() {
        runToEnd("""
                    mov eax, 30
                    xor edi, edi
                    mov rsi, callback
                    syscall
                    mov eax, 32             ; EVENT_CHANNEL_OP
                    mov edi, 1              ; bind_virq
                    mov rsi, virq
                    syscall
                    mov eax, 24             ; VCPU_OP
                    mov edi, 8              ; set_singleshot_timer
                    xor esi, esi
                    mov rdx, timer
                    syscall
                    mov eax, 29
                    mov edi, 1              ; block
                    xor esi, esi
                    syscall
            dead:   jmp dead
            event:  inc qword [events]
                    jmp shutdown
                    align 8
            callback: dw 0, 0, 0, 0
                    dq event
            virq:   dd 0, 0, 0, 0
            timer:  dq 5000000
                    dd 0, 0
            events: dq 0
            """);
        assertEquals(1, domain.value(code, "events"));
        assertTrue(domain.now() >= 5_000_000);
        assertEquals(1, domain.counters.get(CountedEvent.EVENT_UPCALLS));
    }

    @Test
    void typedCharactersArriveInTheRing() {
        code = domain.load("""
                    mov eax, 29
                    mov edi, 1
                    xor esi, esi
                    syscall
                    jmp shutdown
            """ + SHUTDOWN);
        assertEquals(RunOutcome.HALTED, domain.run());
        domain.type("ls");
        assertEquals(RunOutcome.STOP_REQUESTED, domain.run());
        assertEquals('l', domain.memory.read8(domain.hpa(TestDomain.CONSOLE)));
        assertEquals(2, domain.memory.read32(domain.hpa(TestDomain.CONSOLE) + 3076));
    }

    // ---- page tables

    /** The result of one MMU_UPDATE. */
    private long update(long machineAddress, long value) {
        runToEnd("""
                    mov eax, 1              ; MMU_UPDATE
                    mov rdi, request
                    mov esi, 1
                    xor edx, edx
                    mov r10d, 0x7ff0
                    syscall
                    mov [result], rax
                    jmp shutdown
                    align 8
            request: dq %d, %d
            result: dq 1
            """.formatted(machineAddress, value));
        return domain.value(code, "result");
    }

    private long entryOf(int pfn) {
        return domain.hpa(TestDomain.L1) + 8L * pfn;
    }

    @Test
    void anEntryOfTheDomainsOwnFrameIsWritten() {
        assertEquals(0, update(entryOf(300), domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE));
        assertEquals(domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE | PageTable.USER, domain.memory.read64(entryOf(300)));
    }

    @Test
    void nobodyElsesFrameIsMapped() {
        assertEquals(INVALID, update(entryOf(300), domain.foreignMfn() << 12 | PageTable.PRESENT));
        assertEquals(0, domain.memory.read64(entryOf(300)));
    }

    @Test
    void aPageTableIsNeverMappedWritable() {
        assertEquals(BUSY, update(entryOf(TestDomain.L1), domain.hpa(TestDomain.L1) | PRESENT_WRITABLE));
        assertEquals(BUSY, update(entryOf(300), domain.hpa(TestDomain.L4) | PRESENT_WRITABLE));
    }

    @Test
    void theHypervisorsSlotsOfARootAreItsOwn() {
        for (int slot : new int[] {256, 260, 271}) {
            assertEquals(INVALID, update(domain.hpa(TestDomain.L4) + 8L * slot, domain.hpa(TestDomain.L3) | PRESENT_WRITABLE));
        }
    }

    @Test
    void largePagesAreRefused() {
        assertEquals(INVALID, update(domain.hpa(TestDomain.L2) + 8, PRESENT_WRITABLE | PageTable.LARGE));
    }

    @Test
    void aWritableFrameDoesNotBecomeATable() {
        assertEquals(BUSY, update(domain.hpa(TestDomain.L2) + 8, domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE));
    }

    /** A kernel may write its tables as if they were its own, one level of them. */
    @Test
    void ordinaryWritesToATableAreEmulated() {
        runToEnd("""
                    mov rax, %d
                    mov rbx, %d
                    lock bts qword [rax], 5
                    xchg [rax + 8], rbx
                    mov [old], rbx
                    jmp shutdown
                    align 8
            old:    dq 1
            """.formatted(TestDomain.BASE + TestDomain.L1 * TestDomain.PAGE + 8 * TestDomain.FREE, domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE));
        assertEquals(domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE | PageTable.USER | PageTable.ACCESSED, domain.memory.read64(entryOf(TestDomain.FREE)));
        assertEquals(domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE | PageTable.USER, domain.memory.read64(entryOf(TestDomain.FREE + 1)));
        assertEquals(domain.hpa(TestDomain.FREE + 1) | PRESENT_WRITABLE | PageTable.USER, domain.value(code, "old"));
        assertEquals(2, domain.counters.get(CountedEvent.PTE_WRITES_EMULATED));
    }

    @Test
    void anEmulatedWriteThatForgesAnEntryIsAPageFault() {
        runToEnd("""
                    xor eax, eax
                    mov rdi, table
                    syscall
                    mov rax, %d
                    mov rbx, %d
            write:  mov [rax], rbx
                    jmp shutdown
                    align 8
            fault:  mov rax, [rsp + 16]
                    mov [error], rax
                    mov rax, [rsp + 24]
                    mov [rip_], rax
                    jmp shutdown
                    align 8
            table:  db 14, 0
                    dw 0xe033, 0, 0
                    dq fault
                    dq 0, 0
            error:  dq -1
            rip_:   dq 0
            """.formatted(TestDomain.BASE + TestDomain.L1 * TestDomain.PAGE + 8 * 300, domain.hpa(TestDomain.L1) | PRESENT_WRITABLE));
        assertEquals(3, domain.value(code, "error"), "a write to what is present, by what believes to be ring 0");
        assertEquals(code.symbol("write"), domain.value(code, "rip_"));
        assertEquals(0, domain.memory.read64(entryOf(300)));
    }

    @Test
    void theTableOfPseudoPhysicalFramesIsReadOnly() {
        runToEnd("""
                    xor eax, eax
                    mov rdi, table
                    syscall
                    mov rax, %d
                    mov rbx, [rax]
                    mov [pfn], rbx
                    mov [rax], rbx
            fault:  inc qword [faults]
                    jmp shutdown
                    align 8
            table:  db 14, 0
                    dw 0xe033, 0, 0
                    dq fault
                    dq 0, 0
            pfn:    dq -1
            faults: dq 0
            """.formatted(Width.WIDE.hypervisorStart + 8 * domain.mfn(TestDomain.FREE)));
        assertEquals(TestDomain.FREE, domain.value(code, "pfn"));
        assertEquals(1, domain.value(code, "faults"));
        assertEquals(1, domain.counters.get(CountedEvent.BOUNCED_EXCEPTIONS));
    }

    @Test
    void descriptorsThatLeadToRing0AreRefused() {
        runToEnd("""
                    mov eax, 10             ; UPDATE_DESCRIPTOR
                    mov rdi, %1$d
                    mov rsi, 0x0000ee0000080000 ; a call gate
                    syscall
                    mov [gate], rax
                    mov eax, 10
                    mov rdi, %1$d
                    mov rsi, 0x00af9b000000ffff ; 64-bit code, ring 0
                    syscall
                    mov [code], rax
                    jmp shutdown
                    align 8
            gate:   dq 1
            code:   dq 1
            """.formatted(domain.hpa(TestDomain.FREE)));
        assertEquals(INVALID, domain.value(code, "gate"));
        assertEquals(0, domain.value(code, "code"));
        assertEquals(0x00af_fb00_0000_ffffL, domain.memory.read64(domain.hpa(TestDomain.FREE)), "ring 3 instead of ring 0");
    }

    /** Experiment E5: the law of batching. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 32, 500, 1000})
    void hypercallsAreUpdatesByBatchRoundedUp(int batch) {
        int updates = 1000;
        domain.limit = 1_000_000;
        runToEnd("""
                    mov r12d, %1$d          ; updates left
            next:   mov r13d, %2$d          ; of this batch
                    cmp r12d, r13d
                    cmovb r13d, r12d
                    mov rdi, %6$d           ; requests
                    mov rbx, rdi
                    mov ecx, r13d
            fill:   mov eax, r12d
                    and eax, 15
                    lea rax, [rax * 8 + %3$d]
                    mov rdx, %4$d
                    mov [rbx], rdx
                    add [rbx], rax
                    mov rdx, %5$d
                    mov [rbx + 8], rdx
                    add rbx, 16
                    dec ecx
                    jnz fill
                    mov eax, 1
                    mov esi, r13d
                    xor edx, edx
                    mov r10d, 0x7ff0
                    syscall
                    or [results], rax
                    sub r12d, r13d
                    jnz next
                    jmp shutdown
                    align 8
            results: dq 0
            """.formatted(updates, batch, 8 * 400, domain.hpa(TestDomain.L1), domain.hpa(TestDomain.FREE) | PRESENT_WRITABLE, TestDomain.BASE + REQUESTS * TestDomain.PAGE));
        assertEquals(0, domain.value(code, "results"));
        assertEquals(updates, domain.counters.get(CountedEvent.PAGE_TABLE_UPDATES));
        assertEquals((updates + batch - 1) / batch, domain.counters.hypercalls(Hypercall.MMU_UPDATE));
        assertEquals((updates + batch - 1) / batch + 1, domain.counters.get(CountedEvent.HYPERCALLS), "and one to end");
    }

    @Test
    void aMulticallIsOneHypercall() {
        runToEnd("""
                    mov eax, 13             ; MULTICALL
                    mov rdi, list
                    mov esi, 3
                    syscall
                    jmp shutdown
                    align 8
            list:   dq 17, 1, 0, 0, 0, 0, 0, 0      ; XEN_VERSION
                    dq 17, 1, 7, 0, 0, 0, 0, 0      ; its page size
                    dq 13, 1, 0, 0, 0, 0, 0, 0      ; a batch in a batch
            """);
        long list = domain.hpa(0) + code.symbol("list") - TestDomain.BASE;
        assertEquals(CpuidPolicy.VERSION, domain.memory.read64(list + 8));
        assertEquals(4096, domain.memory.read64(list + 64 + 8));
        assertEquals(INVALID, domain.memory.read64(list + 128 + 8));
        assertEquals(2, domain.counters.get(CountedEvent.HYPERCALLS));
        assertEquals(3, domain.counters.get(CountedEvent.BATCHED_CALLS));
    }

    @Test
    void portsAndControlRegistersAreEmulatedForTheKernel() {
        runToEnd("""
                    mov eax, 33             ; PHYSDEV_OP
                    mov edi, 6              ; set_iopl
                    mov rsi, level
                    syscall
                    in al, 0x71
                    mov [port], al
                    mov rax, cr0
                    mov [cr0_], rax
                    mov ecx, 0xc0000100
                    mov eax, 0x12345000
                    xor edx, edx
                    wrmsr
                    jmp shutdown
                    align 8
            level:  dd 1, 0
            port:   dq 0
            cr0_:   dq 0
            """);
        assertEquals(0xff, domain.value(code, "port"));
        assertEquals(0x8000_0001L, domain.value(code, "cr0_") & 0x8000_0001L);
        assertEquals(0x1234_5000L, domain.processor().registers().segment(CpuRegisters.FS).base());
    }
}
