package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.event.CountedEvent;
import proteus.x86.asm.Assembler;
import proteus.x86.format.Cr4;
import proteus.x86.format.PageTable;

/**
 * Code that changes while it runs, and pages that change under it (SDM 3A, 9.1.3 and 12.6: a write is seen by the next fetch of
 * the same processor, by whatever linear address it was made; 4.10.4: translations may be kept until they are invalidated).
 */
@ParameterizedClass(name = "translated: {0}")
@ValueSource(booleans = {false, true})
class CodeModificationTest {
    private static final int RAX = 0, RCX = 1, RBX = 3, PROGRAM = -1;
    /** Linear pages of 4 KiB, and the frames they have at first. */
    private static final long PAGES = 0xe0_0000, TABLE = TestMachine.TABLES + 0x3000, A = 0xa_0000, B = 0xb_0000;
    private static final long BITS = PageTable.PRESENT | PageTable.WRITABLE;

    private final TestMachine machine;

    CodeModificationTest(boolean translated) {
        machine = TestMachine.translating(translated);
    }

    @BeforeEach
    void pages() {
        machine.longMode(0);
        machine.cpu.cr4 |= Cr4.OSFXSR;
        machine.load("nop"); // for the handlers
        machine.memory.write64(TestMachine.TABLES + 0x2000 + 8 * 7, TABLE | BITS);
        for (int page = 0; page < 16; page++) {
            map(page, A + 0x1000L * page, 0);
        }
        machine.cpu.mmu.flushAll();
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void map(int page, long frame, long more) {
        machine.memory.write64(TABLE + 8L * page, frame | BITS | more);
    }

    private static long page(int n) {
        return PAGES + 0x1000L * n;
    }

    private void put(long frame, String source, long linear) {
        byte[] code = Assembler.assemble(source, 64, linear).bytes();
        machine.memory.write(frame, code, 0, code.length);
    }

    private void runs(long from, long rax) {
        machine.cpu.rip(from);
        assertEquals(PROGRAM, machine.run());
        assertEquals(rax, machine.cpu.gpr(RAX));
    }

    @Test
    void aStoreThroughAnAliasChangesTheNextInstruction() {
        map(1, A, 0);
        put(A, "mov byte [0xe01000 + patched - $$ + 1], 42\npatched: mov eax, 7\nhlt", page(0));
        runs(page(0), 42);
    }

    @Test
    void aStoreIntoAnotherPageChangesWhatRanThere() {
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        put(A, "call 0xe01000\nmov byte [0xe01001], 9\ncall 0xe01000\nhlt", page(0));
        runs(page(0), 9);
    }

    /** The tail of an instruction that begins in the page before. */
    @Test
    void aStoreIntoTheSecondPageOfAnInstruction() {
        put(A + 0xffe, "mov eax, 7\nret", page(0) + 0xffe);
        put(A + 0x2000, "call 0xe00ffe\nmov byte [0xe01000], 9\ncall 0xe00ffe\nhlt", page(2));
        runs(page(2), 0x900 | 7);
    }

    @Test
    void everyKindOfStoreIsSeen() {
        String[] stores = {"push rbx", "xchg [rdx], rbx", "lock xadd [rdx], rbx", "movups [rdx], xmm0", "mov rdi, rdx\nmov rcx, 8\nmov rsi, 0xe05000\nrep movsb",
            "mov rdi, rdx\nmov rcx, 1\nmov rax, rbx\nrep stosq", "fnstcw [rdx+1]", "sgdt [rdx]"};
        for (String store : stores) {
            // the patched code: mov eax, imm32; ret
            put(A + 0x1000, "mov eax, 7\nret", page(1));
            put(A + 0x5000, "mov eax, 9\nret", page(1));
            put(A, "call 0xe01000\nmov rdx, 0xe01000\nmov rbx, [0xe05000]\nmov rsp, 0xe01008\n" + store + "\nmov rsp, 0xe08000\nhlt", page(0));
            machine.cpu.gpr(4, page(8));
            machine.cpu.rip(page(0));
            assertEquals(PROGRAM, machine.run(), store);
            byte[] now = new byte[8];
            machine.memory.read(A + 0x1000, now, 0, 8);
            // what is in memory now is what a fetch sees: the same bytes at a place that never ran
            machine.memory.write(A + 0x6000, now, 0, 8);
            machine.memory.write8(A + 0x6008, 0xf4);
            machine.memory.write8(A + 0x1008, 0xf4);
            assertEquals(outcome(page(6)), outcome(page(1)), store);
        }
    }

    private String outcome(long at) {
        machine.cpu.gpr(RAX, 0);
        machine.cpu.gpr(4, page(8));
        machine.memory.write64(A + 0x8000, page(9));
        machine.memory.write8(A + 0x9000, 0xf4);
        machine.cpu.rip(at);
        int vector = machine.run();
        return vector + " " + machine.cpu.gpr(RAX);
    }

    /** That a page holds code is nothing the hardware's TLB knows of. */
    @Test
    void storesBesideCodeMissTheTlbOnce() {
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        put(A, "call 0xe01000\nmov rbx, 0xe01100\nmov rcx, 64\nagain: mov [rbx], rcx\nadd rbx, 8\nloop again\nhlt", page(0));
        runs(page(0), 7);
        long before = machine.cpu.counters.get(CountedEvent.TLB_MISSES);
        runs(page(0), 7);
        assertTrue(machine.cpu.counters.get(CountedEvent.TLB_MISSES) - before <= 1, "64 stores to a page that the TLB knows");
        assertTrue(machine.memory.isCode(A + 0x1000));
    }

    @Test
    void aPageWhoseCodeIsOverwrittenIsOrdinaryAgainUntilItHoldsCode() {
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        put(A, "call 0xe01000\nmov rdi, 0xe01000\nmov rcx, 512\nmov rax, 0xc3000000c3b8\nrep stosq\nhlt", page(0));
        runs(page(0), 0xc3000000c3b8L);
        assertFalse(machine.memory.isCode(A + 0x1000));
        // MOV EAX, 0xc3; RET, until the store
        put(A, "call 0xe01000\nmov ebx, eax\nmov byte [0xe01001], 9\ncall 0xe01000\nhlt", page(0));
        runs(page(0), 9);
        assertEquals(0xc3, machine.cpu.gpr(RBX));
        assertTrue(machine.memory.isCode(A + 0x1000));
    }

    /** A device, or another processor, writes physical memory. */
    @Test
    void directMemoryAccessChangesCode() {
        put(A, "mov eax, 7\nhlt", page(0));
        runs(page(0), 7);
        machine.memory.write8(A + 1, 9);
        runs(page(0), 9);
        machine.memory.fill(A + 1, 1, (byte) 11);
        runs(page(0), 11);
    }

    @Test
    void theProcessorsOwnWritesChangeCodeToo() {
        // a descriptor in the middle of code: loading it sets its accessed bit, the lowest of an immediate
        put(A, "mov ax, 0x60\nmov ds, ax\nhlt", page(0));
        machine.cpu.gdtrBase = page(1);
        put(A + 0x1060, "dq 0x00cf92000000ffff", 0);
        // code that contains the byte: at 0xe01065 the immediate of MOV AL begins one before
        machine.memory.write8(A + 0x1064, 0xb0);
        machine.memory.write8(A + 0x1066, 0xf4);
        machine.cpu.gpr(RAX, 0);
        runs(page(1) + 0x64, 0x92);
        machine.cpu.rip(page(0));
        machine.memory.write8(A + 0x1064, 0);
        machine.memory.write8(A + 0x1066, 0xcf);
        assertEquals(PROGRAM, machine.run());
        machine.memory.write8(A + 0x1066, 0xf4);
        machine.memory.write8(A + 0x1064, 0xb0);
        machine.cpu.gpr(RAX, 0);
        runs(page(1) + 0x64, 0x93);
    }

    @Test
    void aPageRemappedUnderCodeIsSeenAfterInvlpg() {
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        put(B, "mov eax, 9\nret", page(1));
        put(A, "call 0xe01000\nmov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\ninvlpg [0xe01000]\ncall 0xe01000\nhlt".formatted(B | BITS, TABLE + 8), page(0));
        runs(page(0), 9);
    }

    /** INVLPG with any address of a large page invalidates all of it (SDM 3A, 4.10.4.1). */
    @Test
    void aLargePageRemappedUnderCodeIsSeenAfterInvlpgOfAnotherPartOfIt() {
        long linear = 0xc0_0000, other = 0x80_0000;
        put(linear, "mov eax, 7\nret", linear);
        put(other, "mov eax, 9\nret", linear);
        put(A, "mov rsi, 0x%x\ncall rsi\nmov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\ninvlpg [rsi + 0x100000]\ncall rsi\nhlt".formatted(
            linear, other | BITS | PageTable.LARGE, TestMachine.TABLES + 0x2000 + 8 * 6), page(0));
        runs(page(0), 9);
    }

    /** An instruction whose last bytes lie in the page that INVLPG names. */
    @Test
    void theSecondPageOfAnInstructionIsRemapped() {
        put(A + 0xffe, "mov eax, 7\nret", page(0) + 0xffe);
        machine.memory.write(B, new byte[] {9, 0, 0, (byte) 0xc3}, 0, 4); // the rest of MOV EAX, 0x907; RET
        put(A + 0x2000, "call 0xe00ffe\nmov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\ninvlpg [0xe01000]\ncall 0xe00ffe\nhlt".formatted(B | BITS, TABLE + 8), page(2));
        runs(page(2), 0x907);
    }

    @Test
    void aPageRemappedUnderCodeIsSeenAfterALoadOfCr3() {
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        put(B, "mov eax, 9\nret", page(1));
        put(A, "call 0xe01000\nmov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\nmov rdx, cr3\nmov cr3, rdx\ncall 0xe01000\nhlt".formatted(B | BITS, TABLE + 8),
            page(0));
        runs(page(0), 9);
    }

    /** SDM 3A, 4.10.2.4: MOV CR3 leaves global translations, INVLPG does not. */
    @Test
    void aGlobalPageStaysUntilInvlpg() {
        machine.cpu.cr4 |= Cr4.PGE;
        map(1, A + 0x1000, PageTable.GLOBAL);
        machine.cpu.mmu.pagingModeChanged();
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        put(B, "mov eax, 9\nret", page(1));
        put(A, """
            call 0xe01000
            mov rbx, 0x%x
            mov rcx, 0x%x
            mov [rcx], rbx
            mov rdx, cr3
            mov cr3, rdx
            call 0xe01000
            mov ebx, eax
            invlpg [0xe01000]
            call 0xe01000
            hlt""".formatted(B | BITS, TABLE + 8), page(0));
        runs(page(0), 9);
        assertEquals(7, machine.cpu.gpr(RBX));
    }

    /** The page that the running code itself lies on: the next instruction comes from the new frame. */
    @Test
    void theRunningPageItselfIsRemapped() {
        put(A, "mov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\ninvlpg [0xe00000]\nmov eax, 7\nhlt".formatted(B | BITS, TABLE), page(0));
        put(B, "mov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\ninvlpg [0xe00000]\nmov eax, 9\nhlt".formatted(B | BITS, TABLE), page(0));
        runs(page(0), 9);
    }

    /** No-execute and privilege changes of a page that ran are seen after the invalidation. */
    @Test
    void takingAwayExecutionFaults() {
        machine.cpu.efer |= 1 << 11;
        machine.cpu.mmu.pagingModeChanged();
        put(A + 0x1000, "mov eax, 7\nret", page(1));
        machine.cpu.rip(page(0));
        put(A, "call 0xe01000\nmov rbx, 0x%x\nmov rcx, 0x%x\nmov [rcx], rbx\ninvlpg [0xe01000]\ncall 0xe01000\nhlt".formatted(
            A + 0x1000 | BITS | PageTable.NX, TABLE + 8), page(0));
        assertEquals(14, machine.run());
        assertEquals(page(1), machine.cpu.cr2);
        assertEquals(0x11, machine.stack64(0));
    }

    @Test
    void aPageTableThatIsCodeChangesWhenTheWalkSetsItsAccessedFlag() {
        // MOV EAX, imm32 in the page table: its bytes are the entry of page 15, the accessed flag is bit 5 of the immediate
        long entry = TABLE + 8 * 15;
        machine.memory.write64(entry, A + 0xf000 | BITS);
        machine.memory.write8(TABLE + 8 * 14 + 7, 0xb8);
        machine.memory.write8(TABLE + 8 * 15 + 4, 0xf4);
        machine.cpu.mmu.flushAll();
        // execution there stops at HLT behind the immediate; bits 32 to 39 are a part of the frame, so take them back for the walk
        runs(TABLE + 8 * 14 + 7, A + 0xf000 | BITS);
        machine.memory.write8(TABLE + 8 * 15 + 4, 0);
        machine.cpu.mmu.flushAll();
        put(A, "mov cl, [0xe0f000]\nhlt", page(0));
        machine.cpu.rip(page(0));
        assertEquals(PROGRAM, machine.run());
        assertEquals(A + 0xf000 | BITS | PageTable.ACCESSED, machine.memory.read64(entry));
        machine.cpu.gpr(RCX, 0);
        machine.memory.write8(TABLE + 8 * 15 + 4, 0xf4);
        runs(TABLE + 8 * 14 + 7, A + 0xf000 | BITS | PageTable.ACCESSED);
    }
}
