package proteus.tck.contract;

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
import proteus.api.silicon.Silicon;
import proteus.tck.machine.GuestBench;

/**
 * What every memory technique must do. Extend it, hand in the technique, silicon, and a CPU technique to compose it with: guests that page in
 * each of the architecture's ways run on it and must see what SDM 3A, chapter 4 says, whatever the hardware really walks.
 */
public abstract class MemoryTechniqueContract {
    /** A page fault says its error code and address, then goes on at the address in EBP, with the flag in EDX for the rest. */
    private static final String TABLES = """
            fault:  pop eax
                    out 0xe9, eax
                    mov eax, cr2
                    out 0xe9, eax
                    mov [esp], ebp
                    iret
                    align 8
            gdt:    dq 0
                    dw 0xffff, 0, 0x9b00, 0x00cf
                    dw 0xffff, 0, 0x9300, 0x00cf
            gdtr:   dw 0x17
                    dd gdt
            idtr:   dw 0x7f
                    dd idt
                    align 8
            idt:    times 32 dd 0
            """;
    private static final String SETUP = """
                    lgdt [gdtr]
                    lidt [idtr]
                    mov eax, fault
                    mov [idt + 14 * 8], ax
                    mov word [idt + 14 * 8 + 2], 8
                    mov word [idt + 14 * 8 + 4], 0x8e00
                    shr eax, 16
                    mov [idt + 14 * 8 + 6], ax
            """;
    /** 32-bit paging: a directory at 0x100000, a table at 0x101000 for the first 4 MiB, one to one. */
    private static final String LEGACY = SETUP + """
                    mov edi, 0x101000
                    mov eax, 3
            fill:   mov [edi], eax
                    add edi, 4
                    add eax, 0x1000
                    cmp eax, 0x400003
                    jne fill
                    mov dword [0x100000], 0x101003
                    mov eax, 0x100000
                    mov cr3, eax
                    mov eax, cr0
                    or eax, 0x80010000
                    mov cr0, eax
            """;

    private GuestBench bench;
    private Silicon silicon;
    private long free;

    /** The technique under test, new for each call. */
    protected abstract MemoryTechnique technique();

    /** The CPU technique to compose it with, such as {@code new HardwareAssistedTechnique()}. */
    protected abstract CpuTechnique cpu();

    /** Silicon to run on, such as {@code new ModelSilicon(64 << 20, Set.of(), 40)}; each test has its own. */
    protected abstract Silicon silicon();

    /** Switches the silicon of a test off. */
    protected void powerOff() {}

    @BeforeEach
    void compose() {
        silicon = silicon();
        free = silicon.hostMemory().free();
        bench = new GuestBench(silicon, cpu(), technique());
    }

    /** Whatever a test did, closing gives every frame of the host back. */
    @AfterEach
    void everyFrameIsGivenBack() {
        bench.close();
        assertEquals(free, silicon.hostMemory().free(), "bytes of host memory free after close");
        powerOff();
    }

    private void halts(String program, String... trace) {
        assertEquals(RunOutcome.HALTED, bench.run(program + TABLES), () -> bench.cpu().failure());
        assertEquals(List.of(trace), bench.trace);
    }

    @Test
    void itSaysWhatItIs() {
        TechniqueInfo info = technique().info();
        assertEquals(TechniqueInfo.Kind.MEMORY, info.kind());
        assertTrue(info.name().matches("[a-z][a-z0-9-]*"), info.name());
        assertTrue(!info.title().isBlank() && !info.literature().isBlank(), info.toString());
        assertTrue(silicon.features().containsAll(info.requires()), "it needs " + info.requires() + " of " + silicon.features());
    }

    @Test
    void withoutPagingMemoryIsWhereItIs() {
        halts(SETUP + "mov dword [0x300000], 0x1234\nmov eax, [0x300000]\nout 0xe9, eax\nmov eax, [0xfee00000]\nout 0xe9, eax\nhlt\n",
                "out e9/4 1234", "read fee00000/4", "out e9/4 5a5a5a5a");
    }

    @Test
    void accessedAndDirtyFlagsAreSetByTheAccessThatShould() {
        halts(LEGACY + """
                    mov eax, [0x200000]
                    mov eax, [0x101000 + 4 * 0x200]
                    out 0xe9, eax
                    mov [0x200000], eax
                    mov eax, [0x101000 + 4 * 0x200]
                    out 0xe9, eax
                    mov eax, [0x101000 + 4 * 0x201]
                    out 0xe9, eax
                    hlt
            """, "out e9/4 200023", "out e9/4 200063", "out e9/4 201003");
    }

    @Test
    void aChangedEntryHoldsAfterInvlpg() {
        halts(LEGACY + """
                    mov dword [0x200000], 0x11
                    mov dword [0x201000], 0x22
                    mov eax, [0x200000]
                    out 0xe9, eax
                    mov dword [0x101000 + 4 * 0x200], 0x201003
                    invlpg [0x200000]
                    mov eax, [0x200000]
                    out 0xe9, eax
                    mov dword [0x101000 + 4 * 0x200], 0x200003
                    mov eax, cr3
                    mov cr3, eax
                    mov eax, [0x200000]
                    out 0xe9, eax
                    hlt
            """, "out e9/4 11", "out e9/4 22", "out e9/4 11");
    }

    @Test
    void faultsTellTheGuestsOwnReason() {
        halts(LEGACY + """
                    mov dword [0x101000 + 4 * 0x200], 0
                    mov dword [0x101000 + 4 * 0x201], 0x201001
                    mov eax, cr3
                    mov cr3, eax
                    mov ebp, one
                    mov eax, [0x200010]            ; not present
            one:    mov ebp, two
                    mov [0x200020], eax            ; not present, a write
            two:    mov eax, [0x201030]
                    mov ebp, three
                    mov [0x201040], eax            ; read-only, with CR0.WP
            three:  mov eax, cr0
                    and eax, 0xfffeffff
                    mov cr0, eax
                    mov dword [0x201050], 0x77     ; without
                    mov eax, [0x201050]
                    out 0xe9, eax
                    hlt
            """, "out e9/4 0", "out e9/4 200010", "out e9/4 2", "out e9/4 200020", "out e9/4 3", "out e9/4 201040", "out e9/4 77");
    }

    @Test
    void largePagesMapWhatTheyCover() {
        halts(LEGACY + """
                    mov eax, cr4
                    or eax, 0x10
                    mov cr4, eax
                    mov dword [0x100000 + 4], 0x83 ; 4 MiB at 0x400000 to the first 4
                    mov dword [0x250000], 0x1234
                    mov eax, [0x650000]
                    out 0xe9, eax
                    mov dword [0x650000], 0x4321
                    mov eax, [0x250000]
                    out 0xe9, eax
                    mov eax, [0x100000 + 4]
                    out 0xe9, eax
                    hlt
            """, "out e9/4 1234", "out e9/4 4321", "out e9/4 e3");
    }

    @Test
    void anotherAddressSpaceIsAnother() {
        halts(LEGACY + """
                    mov esi, 0x101000              ; a second table, and a directory for it at 0x102000
                    mov edi, 0x103000
                    mov ecx, 1024
                    cld
                    rep movsd
                    mov dword [0x102000], 0x103003
                    mov dword [0x103000 + 4 * 0x200], 0x201003
                    mov dword [0x200000], 0x11
                    mov dword [0x201000], 0x22
                    mov ebx, 3
            again:  mov eax, 0x102000
                    mov cr3, eax
                    mov eax, [0x200000]
                    out 0xe9, eax
                    mov eax, 0x100000
                    mov cr3, eax
                    mov eax, [0x200000]
                    out 0xe9, eax
                    dec ebx
                    jnz again
                    hlt
            """, "out e9/4 22", "out e9/4 11", "out e9/4 22", "out e9/4 11", "out e9/4 22", "out e9/4 11");
    }

    @Test
    void paePagesCanForbidExecution() {
        halts(SETUP + """
                    mov dword [0x100000], 0x101001 ; PDPT, a directory with two large pages, a table behind the second
                    mov dword [0x100004], 0
                    mov dword [0x101000], 0x83
                    mov dword [0x101008], 0x102003
                    mov edi, 0x102000
                    mov eax, 0x200003
            fill:   mov [edi], eax
                    mov dword [edi + 4], 0
                    add edi, 8
                    add eax, 0x1000
                    cmp eax, 0x400003
                    jne fill
                    mov dword [0x102000 + 8 * 5 + 4], 0x80000000
                    mov ecx, 0xc0000080
                    rdmsr
                    or eax, 0x800
                    wrmsr
                    mov eax, cr4
                    or eax, 0x20
                    mov cr4, eax
                    mov eax, 0x100000
                    mov cr3, eax
                    mov eax, cr0
                    or eax, 0x80010000
                    mov cr0, eax
                    mov byte [0x205000], 0xc3      ; RET
                    mov byte [0x206000], 0xc3
                    mov eax, 0x206000
                    call eax
                    mov ebp, after
                    mov eax, 0x205000
                    call eax
            after:  mov eax, [0x102000 + 8 * 6]
                    out 0xe9, eax
                    hlt
            """, "out e9/4 11", "out e9/4 205000", "out e9/4 206063");
    }

    @Test
    void fourLevelsOf64BitMode() {
        halts(SETUP + """
                    mov word [gdt + 8 + 6], 0x00af ; a 64-bit code segment
                    mov dword [0x100000], 0x101003
                    mov dword [0x101000], 0x102003
                    mov dword [0x102000], 0x83
                    mov dword [0x102008], 0x103003
                    mov dword [0x103000], 0x300003
                    mov dword [0x103008], 0x301003
                    mov eax, cr4
                    or eax, 0x20
                    mov cr4, eax
                    mov eax, 0x100000
                    mov cr3, eax
                    mov ecx, 0xc0000080
                    rdmsr
                    or eax, 0x100
                    wrmsr
                    mov eax, cr0
                    or eax, 0x80010000
                    mov cr0, eax
                    jmp 8:long
                    bits 64
            long:   mov rax, 0x123456789
                    mov [0x200008], rax
                    mov rax, [0x200008]
                    shr rax, 32
                    out 0xe9, eax
                    mov eax, [0x103000]
                    out 0xe9, eax
                    mov dword [0x103000], 0x301003
                    invlpg [0x200000]
                    mov eax, [0x200008]
                    out 0xe9, eax
                    mov eax, [0x201008]
                    out 0xe9, eax
                    hlt
                    bits 32
            """, "out e9/4 1", "out e9/4 300063", "out e9/4 0", "out e9/4 0");
    }

    @Test
    void registersAndRomAreMetThroughPagesToo() {
        halts(LEGACY + """
                    mov dword [0x101000 + 4 * 0x200], 0xfee00003
                    mov dword [0x101000 + 4 * 0x201], 0xe00003
                    invlpg [0x200000]
                    invlpg [0x201000]
                    mov dword [0x200010], 0x41
                    mov eax, [0x200020]
                    out 0xe9, eax
                    mov dword [0x201000], 0x1234
                    mov eax, [0x201000]
                    cmp eax, 0x1234
                    setz al
                    movzx eax, al
                    out 0xe9, eax
                    hlt
            """, "write fee00010/4 41", "read fee00020/4", "out e9/4 5a5a5a5a", "out e9/4 0");
    }

    /** The map's frames may be others: what was derived from them is dropped, and found again. */
    @Test
    void aChangeOfTheMapDropsWhatWasDerived() {
        bench.load(LEGACY + "mov ebx, 1000\nagain: mov eax, [0x200000]\ninc dword [0x200000]\ndec ebx\njnz again\nmov eax, [0x200000]\nout 0xe9, eax\nhlt\n" + TABLES);
        for (bench.limit = 5000; bench.limit < 20_000; bench.limit += 100) {
            RunOutcome outcome = bench.run();
            bench.memory().onMapChange(0x200000, 0x1000);
            bench.memory().onMapChange(0, 4 << 20);
            if (outcome == RunOutcome.HALTED) {
                break;
            }
            assertEquals(RunOutcome.LIMIT, outcome, () -> bench.cpu().failure());
        }
        assertEquals(List.of("out e9/4 3e8"), bench.trace);
    }
}
