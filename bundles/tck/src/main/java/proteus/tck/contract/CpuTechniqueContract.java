package proteus.tck.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.RunOutcome;
import proteus.api.memory.MemoryTechnique;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.Silicon;
import proteus.api.state.ArchState;
import proteus.tck.machine.GuestBench;
import proteus.tck.reference.ReferenceEpt;
import proteus.tck.reference.ReferenceShadow;

/**
 * What every CPU technique for PC guests must do. Extend it, hand in the technique and silicon to run it on: guests of a few instructions
 * run on it, under the simplest memory technique that goes with its mode, and must see what a processor of their own would show them.
 */
public abstract class CpuTechniqueContract {
    /** GDT with code and data of ring 0 (8, 0x10) and ring 3 (0x1b, 0x23), a TSS (0x28), an IDT of 64 gates to be set by {@code gate}. */
    private static final String TABLES = """
                    align 8
            gdt:    dq 0
                    dw 0xffff, 0, 0x9b00, 0x00cf
                    dw 0xffff, 0, 0x9300, 0x00cf
                    dw 0xffff, 0, 0xfb00, 0x00cf
                    dw 0xffff, 0, 0xf300, 0x00cf
                    dw 0x67, task, 0x8900, 0
            gdtr:   dw 0x2f
                    dd gdt
            idtr:   dw 0x1ff
                    dd idt
                    align 8
            task:   dd 0, 0x7000, 0x10
                    times 23 dd 0
            idt:    times 128 dd 0
            """;
    private static final String SETUP = """
                    lgdt [gdtr]
                    lidt [idtr]
                    jmp 8:start
            start:  mov ax, 0x10
                    mov ds, ax
                    mov es, ax
                    mov ss, ax
                    mov ax, 0x28
                    ltr ax
            """;

    protected GuestBench bench;
    private Silicon silicon;
    private long free;

    /** The technique under test, new for each call. */
    protected abstract CpuTechnique technique();

    /** Silicon to run on, such as {@code new ModelSilicon(64 << 20, Set.of(), 40)}; each test has its own. */
    protected abstract Silicon silicon();

    /** What it is composed with. */
    protected MemoryTechnique memory() {
        return technique().executionMode() == ExecutionMode.VMX_NON_ROOT ? new ReferenceEpt() : new ReferenceShadow();
    }

    /** Switches the silicon of a test off. */
    protected void powerOff() {}

    @BeforeEach
    void compose() {
        silicon = silicon();
        free = silicon.hostMemory().free();
        bench = new GuestBench(silicon, technique(), memory());
    }

    /** Whatever a test did, closing gives every frame of the host back. */
    @AfterEach
    void everyFrameIsGivenBack() {
        bench.close();
        assertEquals(free, silicon.hostMemory().free(), "bytes of host memory free after close");
        powerOff();
    }

    /** An interrupt gate of a privilege level: {@code gate(vector, "label", 0)}. */
    private static String gate(int vector, String label, int dpl) {
        return """
                    mov eax, %s
                    mov [idt + %d], ax
                    mov word [idt + %d], 8
                    mov word [idt + %d], 0x%x
                    shr eax, 16
                    mov [idt + %d], ax
            """.formatted(label, 8 * vector, 8 * vector + 2, 8 * vector + 4, 0x8e00 | dpl << 13, 8 * vector + 6);
    }

    private RunOutcome run(String program) {
        return bench.run(SETUP + program + TABLES);
    }

    private void halts(String program, String... trace) {
        assertEquals(RunOutcome.HALTED, run(program), () -> bench.cpu().failure());
        assertEquals(List.of(trace), bench.trace);
    }

    @Test
    void itSaysWhatItIs() {
        TechniqueInfo info = technique().info();
        assertEquals(TechniqueInfo.Kind.CPU, info.kind());
        assertTrue(info.name().matches("[a-z][a-z0-9-]*"), info.name());
        assertTrue(!info.title().isBlank() && !info.literature().isBlank(), info.toString());
        assertTrue(silicon.features().containsAll(info.requires()), "it needs " + info.requires() + " of " + silicon.features());
    }

    @Test
    void aGuestComputes() {
        halts("mov eax, 6\nmov ecx, 7\nmul ecx\nout 0xe9, eax\nhlt\n", "out e9/4 2a");
    }

    @Test
    void portsReachTheBusInTheirSizes() {
        halts("mov eax, 0x12345678\nout 0x10, al\nout 0x10, ax\nmov dx, 0x1234\nout dx, eax\nxor eax, eax\nin al, 0x60\nin ax, dx\nout 0xe9, eax\nhlt\n",
                "out 10/1 78", "out 10/2 5678", "out 1234/4 12345678", "in 60/1", "in 1234/2", "out e9/4 5a5a");
    }

    @Test
    void stringInstructionsOfPortsMoveMemory() {
        halts("mov edi, 0x20ffe\nmov ecx, 4\nmov dx, 0x60\ncld\nrep insb\nmov eax, [0x20ffe]\nout 0xe9, eax\nhlt\n",
                "in 60/1", "in 60/1", "in 60/1", "in 60/1", "out e9/4 5a5a5a5a");
    }

    @Test
    void registersInMemoryReachTheBus() {
        halts("mov eax, [0xfee00020]\nmov byte [0xfee00031], 0x41\nadd dword [0xfee00040], 1\nout 0xe9, eax\nhlt\n",
                "read fee00020/4", "write fee00031/1 41", "read fee00040/4", "write fee00040/4 5a5a5a5b", "out e9/4 5a5a5a5a");
    }

    @Test
    void writesToRomAreLost() {
        halts("mov eax, [0xe00010]\nmov dword [0xe00010], 0x1234\ncmp eax, [0xe00010]\nsetne al\nmovzx eax, al\nout 0xe9, eax\nhlt\n", "out e9/4 0");
    }

    @Test
    void aRunEndsExactlyAtItsLimit() {
        bench.load("again: jmp again");
        bench.limit = 1000;
        assertEquals(RunOutcome.LIMIT, bench.run());
        assertEquals(1000, bench.processor().retired());
        assertEquals(RunOutcome.LIMIT, bench.run(), "no instruction is left");
        assertEquals(1000, bench.processor().retired());
    }

    @Test
    void aRunEndsWhenADeviceWishes() {
        bench.load("again: jmp again");
        bench.stop = true;
        assertEquals(RunOutcome.STOP_REQUESTED, bench.run());
    }

    @Test
    void aKickBringsTheGuestOut() {
        bench.load("again: jmp again");
        bench.limit = Long.MAX_VALUE;
        bench.processor().kick();
        assertEquals(RunOutcome.KICKED, bench.run());
    }

    @Test
    void exceptionsReachTheGuestsHandlers() {
        halts(gate(6, "invalid", 0) + gate(13, "general", 0) + gate(0, "divide", 0) + """
                    ud2
            back:   mov eax, 0x1000
                    mov fs, ax
            next:   xor edx, edx
                    xor ecx, ecx
                    div ecx
            last:   hlt
            invalid: mov dword [esp], back
                    mov al, 6
                    out 0xe9, al
                    iret
            general: pop eax
                    out 0xe9, eax
                    mov dword [esp], next
                    iret
            divide: mov dword [esp], last
                    mov al, 0
                    out 0xe9, al
                    iret
            """, "out e9/1 6", "out e9/4 1000", "out e9/1 0");
    }

    @Test
    void threeFaultsInARowAreATripleFault() {
        assertEquals(RunOutcome.TRIPLE_FAULT, run("lidt [none]\nud2\nnone: dw 0\ndd 0\n"));
    }

    @Test
    void userCodeIsHeldBack() {
        halts(gate(13, "general", 0) + gate(0x30, "call", 3) + """
                    push 0x23
                    push 0x6000
                    push 2
                    push 0x1b
                    push user
                    iret
            user:   mov ax, cs
                    movzx eax, ax
                    mov ebx, eax
                    cli
            after:  mov ecx, esp
                    int 0x30
            general: pop eax
                    mov eax, [esp + 4]
                    out 0xe9, eax
                    mov dword [esp], after
                    iret
            call:   mov eax, ebx
                    out 0xe9, eax
                    mov eax, ecx
                    out 0xe9, eax
                    mov eax, esp
                    out 0xe9, eax
                    hlt
            """, "out e9/4 1b", "out e9/4 1b", "out e9/4 6000", "out e9/4 6fec");
    }

    /** In its ring 0 a guest sees what ring 0 shows, wherever the technique really runs it (Robin and Irvine, 2000). */
    @Test
    void sensitiveInstructionsAnswerAsInRing0() {
        halts("""
                    sti
                    pushfd
                    pop eax
                    and eax, 0x3200
                    out 0xe9, eax
                    cli
                    pushfd
                    pop eax
                    and eax, 0x3200
                    out 0xe9, eax
                    push 0x3202
                    popfd
                    pushfd
                    pop eax
                    and eax, 0x3200
                    out 0xe9, eax
                    push 2
                    popfd
                    sgdt [0x9000]
                    mov eax, [0x9002]
                    sub eax, gdt
                    out 0xe9, eax
                    sidt [0x9000]
                    mov eax, [0x9002]
                    sub eax, idt
                    out 0xe9, eax
                    xor eax, eax
                    str ax
                    out 0xe9, eax
                    sldt ax
                    out 0xe9, eax
                    smsw ax
                    and eax, 1
                    out 0xe9, eax
                    mov eax, cs
                    out 0xe9, eax
                    push ss
                    pop eax
                    and eax, 0xffff
                    out 0xe9, eax
                    mov ecx, 8
                    lar eax, ecx
                    and eax, 0xf0ff00          ; the others are undefined
                    out 0xe9, eax
                    lsl eax, ecx
                    out 0xe9, eax
                    mov ecx, 0x10
                    verw cx
                    setz al
                    movzx eax, al
                    out 0xe9, eax
                    mov eax, cr0
                    and eax, 0x80000001
                    out 0xe9, eax
                    hlt
            """,
                "out e9/4 200", "out e9/4 0", "out e9/4 3200", "out e9/4 0", "out e9/4 0", "out e9/4 28", "out e9/4 0", "out e9/4 1", "out e9/4 8", "out e9/4 10",
                "out e9/4 c09b00", "out e9/4 ffffffff", "out e9/4 1", "out e9/4 1");
    }

    @Test
    void cpuidAnswersAsTheContractOfTheGuestSays() {
        halts("mov eax, 0\ncpuid\nout 0xe9, eax\nmov eax, 1\ncpuid\nmov eax, edx\nand eax, 0xfffffdff\nout 0xe9, eax\nhlt\n",
                "out e9/4 %x".formatted(bench.contract().cpuid(0, 0)[0]), "out e9/4 %x".formatted(bench.contract().cpuid(1, 0)[3] & ~(1 << 9)));
    }

    @Test
    void anInterruptWaitsUntilTheGuestTakesIt() {
        bench.interrupt = 0x20;
        halts(gate(0x20, "timer", 0) + """
                    mov al, 'a'
                    out 0xe9, al
                    sti
                    mov al, 'b'
                    out 0xe9, al
                    mov al, 'c'
                    out 0xe9, al
                    cli
                    hlt
            timer:  push eax
                    mov al, 't'
                    out 0xe9, al
                    pop eax
                    iret
            """, "out e9/1 61", "out e9/1 74", "out e9/1 62", "out e9/1 63");
    }

    @Test
    void anInterruptWakesAHaltedGuest() {
        assertEquals(RunOutcome.HALTED, run(gate(0x20, "timer", 0) + """
                    sti
                    hlt
                    mov al, 'w'
                    out 0xe9, al
                    cli
                    hlt
            timer:  mov al, 't'
                    out 0xe9, al
                    iret
            """));
        assertEquals(RunOutcome.HALTED, bench.run(), "nothing has happened");
        assertEquals(List.of(), bench.trace);
        bench.interrupt = 0x20;
        assertEquals(RunOutcome.HALTED, bench.run());
        assertEquals(List.of("out e9/1 74", "out e9/1 77"), bench.trace);
    }

    @Test
    void anNmiNeedsNoPermission() {
        assertEquals(RunOutcome.HALTED, run(gate(2, "nmi", 0) + "cli\nhlt\nmov al, 'w'\nout 0xe9, al\nhlt\nnmi: mov al, 'n'\nout 0xe9, al\niret\n"));
        bench.nmi = true;
        assertEquals(RunOutcome.HALTED, bench.run());
        assertEquals(List.of("out e9/1 6e", "out e9/1 77"), bench.trace);
    }

    @Test
    void aPageFaultTellsItsAddressAndCode() {
        halts(gate(14, "fault", 0) + """
                    mov edi, 0x101000          ; a page table that maps 4 MiB to themselves, behind a directory at 0x100000
                    mov eax, 3
            fill:   mov [edi], eax
                    add edi, 4
                    add eax, 0x1000
                    cmp eax, 0x400003
                    jne fill
                    mov dword [0x100000], 0x101003
                    mov dword [0x101000 + 4 * 0x300], 0
                    mov eax, 0x100000
                    mov cr3, eax
                    mov eax, cr0
                    or eax, 0x80010000
                    mov cr0, eax
                    mov dword [0x300124], 0x77
                    mov eax, [0x300124]
                    out 0xe9, eax
                    mov eax, [0x101000 + 4 * 0x300]
                    out 0xe9, eax
                    hlt
            fault:  pop eax
                    out 0xe9, eax
                    mov eax, cr2
                    out 0xe9, eax
                    mov dword [0x101000 + 4 * 0x300], 0x300003
                    iret
            """, "out e9/4 2", "out e9/4 300124", "out e9/4 77", "out e9/4 300063");
    }

    @Test
    void timePasses() {
        halts("rdtsc\nmov ebx, eax\nrdtsc\nsub eax, ebx\nmov ecx, eax\nsub eax, 1\nshr eax, 31\nout 0xe9, eax\nhlt\n", "out e9/4 0");
    }

    @Test
    void exportingChangesNothing() {
        bench.load("mov ebx, 1\nagain: inc ebx\ncmp ebx, 1000\njne again\nmov eax, ebx\nout 0xe9, eax\nhlt\n");
        bench.limit = 500;
        assertEquals(RunOutcome.LIMIT, bench.run());
        ArchState first = bench.cpu().exportState();
        ArchState second = bench.cpu().exportState();
        assertArrayEquals(first.general().gpr(), second.general().gpr());
        assertEquals(first.general().rip(), second.general().rip());
        assertEquals(first.segments(), second.segments());
        bench.limit = 1_000_000;
        assertEquals(RunOutcome.HALTED, bench.run());
        assertEquals(List.of("out e9/4 3e8"), bench.trace);
    }

    /** Another instance of the technique goes on where the first one stopped. */
    @Test
    void anotherOneGoesOnFromTheExportedState() {
        bench.load("mov ebx, 1\nagain: inc ebx\ncmp ebx, 1000\njne again\nmov eax, ebx\nout 0xe9, eax\nhlt\n");
        bench.limit = 500;
        assertEquals(RunOutcome.LIMIT, bench.run());
        GuestBench other = new GuestBench(silicon, technique(), memory());
        try {
            byte[] memory = new byte[0x10000];
            bench.ram().read(0, memory, 0, memory.length);
            other.ram().write(0, memory, 0, memory.length);
            other.cpu().importState(bench.cpu().exportState());
            assertEquals(RunOutcome.HALTED, other.run());
            assertEquals(List.of("out e9/4 3e8"), other.trace);
            assertEquals(1000, other.gpr(CpuRegisters.RBX));
        } finally {
            other.close();
        }
    }

    @Test
    void codeThatTheGuestChangesRunsAsChanged() {
        halts("""
                    mov ecx, 3
            again:  mov al, 'a'
                    out 0xe9, al
                    inc byte [again + 1]
                    dec ecx
                    jnz again
                    hlt
            """, "out e9/1 61", "out e9/1 62", "out e9/1 63");
    }
}
