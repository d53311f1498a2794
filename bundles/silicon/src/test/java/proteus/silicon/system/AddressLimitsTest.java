package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.system.TestMachine.Result;
import proteus.x86.format.SegmentDescriptor;

/** Ends of segments and of the canonical addresses (SDM 3A, 5.3; SDM vol. 1, 3.3.7.1), in running programs. */
@ParameterizedClass(name = "translated: {0}")
@ValueSource(booleans = {false, true})
class AddressLimitsTest {
    private static final int SS = 12, GP = 13, PROGRAM = -1;
    private static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4;
    private static final long FIRST_BAD = 0x8000_0000_0000L, LAST_BAD = 0xffff_7fff_ffff_ffffL;

    private final boolean translated;
    private final TestMachine machine;
    private final Cpu cpu;

    AddressLimitsTest(boolean translated) {
        this.translated = translated;
        machine = TestMachine.translating(translated);
        cpu = machine.cpu;
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** Runs an instruction with a data segment; the vector it ends with. */
    private int access(long descriptor, String text) {
        machine.ring(0);
        cpu.rflags(2);
        Segments.put(cpu, Cpu.DS, 0x60, descriptor);
        cpu.updateMode();
        machine.load(text + "\nhlt");
        return machine.run();
    }

    @Test
    void anExpandUpSegmentEndsAtItsLimit() {
        long segment = SegmentDescriptor.of(0x9000, 0xfff, 0x4093);
        assertEquals(PROGRAM, access(segment, "mov eax, [0xffc]"));
        assertEquals(GP, access(segment, "mov eax, [0xffd]"));
        assertEquals(PROGRAM, access(segment, "mov al, [0xfff]"));
        assertEquals(GP, access(segment, "mov al, [0x1000]"));
        assertEquals(GP, access(segment, "fld tword [0xff7]"));
        assertEquals(PROGRAM, access(segment, "fld tword [0xff6]"));
    }

    @Test
    void aBigExpandDownSegmentReachesFromItsLimitToFourGigabytes() {
        long segment = SegmentDescriptor.of(0, 0xfff, 0x4097);
        assertEquals(GP, access(segment, "mov al, [0xfff]"));
        assertEquals(PROGRAM, access(segment, "mov al, [0x1000]"));
        assertEquals(GP, access(segment, "mov eax, [0xffd]"));
        assertEquals(PROGRAM, access(segment, "mov al, [0x10000]"));
        assertEquals(GP, access(segment, "mov eax, [0xfffffffe]"));
    }

    @Test
    void aSmallExpandDownSegmentReachesTo64Kilobytes() {
        long segment = SegmentDescriptor.of(0, 0xfff, 0x0097);
        assertEquals(GP, access(segment, "mov al, [0xfff]"));
        assertEquals(PROGRAM, access(segment, "mov eax, [0xfffc]"));
        assertEquals(GP, access(segment, "mov eax, [0xfffd]"));
        assertEquals(GP, access(segment, "mov al, [0x10000]"));
    }

    /** With page granularity the low twelve bits of a limit are ones: an expand-down segment of limit 0 begins at 0x1000. */
    @Test
    void granularityScalesTheLimitOfExpandDownSegmentsToo() {
        long segment = SegmentDescriptor.of(0, 0, 0xc097);
        assertEquals(GP, access(segment, "mov al, [0xfff]"));
        assertEquals(PROGRAM, access(segment, "mov al, [0x1000]"));
    }

    /** The base is added modulo 4 GiB. */
    @Test
    void linearAddressesWrapAtFourGigabytes() {
        machine.memory.write32(0x9000, 0x1234567);
        assertEquals(PROGRAM, access(SegmentDescriptor.of(0xffff_f000L, 0xfffff, 0xc093), "mov eax, [0xa000]"));
        assertEquals(0x1234567, cpu.gpr(RAX));
    }

    /** An operand that goes around the end of a 4 GiB segment: left to the implementation (SDM 3A, 5.3); here it faults. */
    @Test
    void anOperandDoesNotGoAroundTheEndOfAFlatSegment() {
        assertEquals(GP, access(SegmentDescriptor.of(0, 0xfffff, 0xc093), "mov eax, [0xfffffffe]"));
    }

    @Test
    void aWordAtTheEndOf64KilobytesFaults() {
        machine.realMode();
        for (int vector : new int[] {SS, GP}) {
            machine.memory.write32(4 * vector, (int) TestMachine.HANDLERS >> 4 << 16 | 16 * vector);
        }
        Map<String, Integer> ends = Map.of("mov ax, [0xffff]", GP, "mov [0xffff], ax", GP, "mov eax, [0xfffd]", GP, "mov al, [0xffff]", PROGRAM,
            "mov ax, [ss:0xffff]", SS, "mov ax, [bp+0x7fff]", SS, "a32 mov al, [0x10000]", GP);
        for (var end : ends.entrySet()) {
            cpu.rip(0x100);
            cpu.gpr(5, 0x8000);
            machine.load(end.getKey() + "\nhlt");
            assertEquals(end.getValue(), machine.run(), end.getKey());
            if (end.getValue() >= 0) {
                assertEquals(0x100, machine.memory.read16(cpu.base[Cpu.SS] + cpu.gpr(RSP)));
                Segments.putReal(cpu, Cpu.CS, 0x100);
                cpu.updateMode();
            }
        }
    }

    /** A stack pointer of 16 bits goes around: a push at 0 writes at 0xfffe, one at 1 would cross the end. */
    @Test
    void a16BitStackPointerGoesAround() {
        machine.ring(0);
        Segments.put(cpu, Cpu.SS, TestMachine.DATA0, SegmentDescriptor.of(0x2_0000, 0xffff, 0x93));
        cpu.updateMode();
        machine.load("o16 push ax\nhlt");
        cpu.gpr(RAX, 0x4321);
        cpu.gpr(RSP, 0);
        assertEquals(PROGRAM, machine.run());
        assertEquals(0xfffe, cpu.gpr(RSP));
        assertEquals(0x4321, machine.memory.read16(0x2_fffe));
        cpu.rip(TestMachine.RIP);
        cpu.gpr(RSP, 1);
        // delivery needs a stack too: it is #SS again, then #DF, then the end
        assertEquals(-3, machine.run());
        assertEquals(1, cpu.gpr(RSP));
    }

    /** The stack's B flag decides between SP and ESP; the upper half of ESP is left alone. */
    @Test
    void a16BitStackLeavesTheUpperHalf() {
        machine.ring(0);
        Segments.put(cpu, Cpu.SS, TestMachine.DATA0, SegmentDescriptor.of(0x2_0000, 0xffff, 0x93));
        cpu.updateMode();
        machine.load("push eax\npop ebx\npush eax\nhlt");
        cpu.gpr(RSP, 0x1234_0100L);
        assertEquals(PROGRAM, machine.run());
        assertEquals(0x1234_00fcL, cpu.gpr(RSP));
    }

    @Test
    void anInstructionMayEndAtTheLimitOfItsSegmentAndNotBeyond() {
        for (int limit : new int[] {0x7004, 0x7003}) {
            machine.ring(0);
            Segments.put(cpu, Cpu.CS, TestMachine.CODE0, SegmentDescriptor.of(0, limit, 0x409b));
            cpu.updateMode();
            cpu.gpr(RAX, 0);
            machine.load("mov eax, 5");
            assertEquals(GP, machine.run());
            assertEquals(limit == 0x7004 ? 5 : 0, cpu.gpr(RAX));
            assertEquals(limit == 0x7004 ? 0x7005 : 0x7000, machine.stack32(1));
        }
    }

    /** Execute-only code cannot be read, read-only data and code cannot be written, null cannot be anything. */
    @Test
    void typesOfSegmentsAreChecked() {
        assertEquals(GP, access(SegmentDescriptor.of(0, 0xfffff, 0xc099), "mov al, [0x9000]"));
        assertEquals(PROGRAM, access(SegmentDescriptor.of(0, 0xfffff, 0xc09b), "mov al, [0x9000]"));
        assertEquals(GP, access(SegmentDescriptor.of(0, 0xfffff, 0xc09b), "mov [0x9000], al"));
        assertEquals(GP, access(SegmentDescriptor.of(0, 0xfffff, 0xc091), "inc byte [0x9000]"));
        machine.ring(0);
        machine.load("xor eax, eax\nmov ds, ax\nmov al, [0x9000]\nhlt");
        assertEquals(GP, machine.run());
    }

    // ---- canonical addresses

    /** In 64-bit code; the faulting instruction is the transfer itself, or the access. */
    @Test
    void everyWayToAnUncanonicalAddressFaults() {
        Map<String, Integer> ways = Map.ofEntries(Map.entry("mov al, [rax]", GP), Map.entry("mov [rax], bl", GP), Map.entry("mov al, [rsp]", SS),
            Map.entry("mov [rbp], al", SS), Map.entry("mov al, [fs:rax]", GP), Map.entry("push rax", SS),
            Map.entry("pop rax", SS), Map.entry("jmp rax", GP), Map.entry("lgdt [rbx]", GP), Map.entry("lidt [rbx]", GP), Map.entry("xlat", GP),
            Map.entry("o64 sysret", GP), Map.entry("o64 sysexit", GP), Map.entry("wrfsbase rax", GP), Map.entry("wrgsbase rax", GP),
            Map.entry("movups xmm0, [rax]", GP), Map.entry("fld qword [rbp]", SS), Map.entry("lea rax, [rax]", PROGRAM), Map.entry("prefetcht0 [rax]", PROGRAM),
            Map.entry("invlpg [rax]", PROGRAM), Map.entry("enter 8, 0", SS), Map.entry("leave", SS));
        for (long bad : new long[] {FIRST_BAD, LAST_BAD}) {
            for (var way : ways.entrySet()) {
                try (TestMachine m = TestMachine.translating(translated)) {
                    m.longMode(0);
                    m.cpu.cr4 |= proteus.x86.format.Cr4.FSGSBASE | proteus.x86.format.Cr4.OSFXSR;
                    for (int vector = 0; vector < 32; vector++) {
                        m.wideGate(vector, TestMachine.HANDLERS + 16 * vector, 0, 1);
                    }
                    m.cpu.msrs.sysenterCs = 8;
                    String text = way.getKey();
                    m.load(text + "\nhlt");
                    m.cpu.gpr(RAX, bad);
                    m.cpu.gpr(RCX, bad);
                    m.cpu.gpr(RDX, bad);
                    m.cpu.gpr(5, bad);
                    m.cpu.gpr(RBX, text.equals("xlat") ? bad - (bad & 0xff) : 0x9000);
                    m.memory.write64(0x9002, bad);
                    if (text.contains("rsp") || text.startsWith("push") || text.startsWith("pop") || text.startsWith("enter")) {
                        m.cpu.gpr(RSP, text.startsWith("push") && bad == FIRST_BAD || text.startsWith("enter") && bad == FIRST_BAD ? bad + 8 : bad);
                    }
                    int vector = m.run();
                    assertEquals(way.getValue(), vector, text);
                    if (vector >= 0) {
                        assertEquals(0, m.stack64(0), text);
                        assertEquals(TestMachine.RIP, m.stack64(1), text);
                    }
                }
            }
        }
    }

    @Test
    void returnsToUncanonicalAddressesFaultBeforeTheyLeave() {
        for (String text : new String[] {"ret", "ret 8", "iretq", "o64 retf"}) {
            try (TestMachine m = TestMachine.translating(translated)) {
                m.longMode(0);
                m.load(text + "\nhlt");
                m.push64(TestMachine.DATA0, TestMachine.STACK, 2, TestMachine.CODE64, FIRST_BAD);
                long sp = m.cpu.gpr(RSP);
                if (text.startsWith("o64")) {
                    m.memory.write64(sp + 8, TestMachine.CODE64);
                }
                assertEquals(GP, m.run(), text);
                assertEquals(TestMachine.RIP, m.stack64(1), text);
                assertEquals(sp, m.stack64(4), text);
            }
        }
    }

    /** SDM vol. 2, WRMSR: "source register contains a non-canonical address". */
    @Test
    void addressMsrsTakeCanonicalAddressesOnly() {
        machine.longMode(0);
        int[] addresses = {0xc000_0100, 0xc000_0101, 0xc000_0102, 0xc000_0082, 0xc000_0083, 0x175, 0x176};
        for (int msr : addresses) {
            assertEquals(Result.fault(GP, 0), machine.writeMsr(msr, FIRST_BAD), Integer.toHexString(msr));
            assertEquals(Result.fault(GP, 0), machine.writeMsr(msr, LAST_BAD), Integer.toHexString(msr));
            assertEquals(Result.FINE, machine.writeMsr(msr, FIRST_BAD - 1), Integer.toHexString(msr));
            assertEquals(Result.FINE, machine.writeMsr(msr, LAST_BAD + 1), Integer.toHexString(msr));
        }
    }

    /** Running off the end of the canonical addresses: the fetch faults, and RIP is the address it could not fetch from. */
    @Test
    void executionStopsAtTheEndOfCanonicalAddresses() {
        machine.longMode(0);
        machine.load("nop");
        // the last canonical page of the lower half is the program's page
        long tables = TestMachine.TABLES;
        machine.memory.write64(tables + 8 * 255, tables + 0x4000 | 7);
        machine.memory.write64(tables + 0x4000 + 8 * 511, tables + 0x5000 | 7);
        machine.memory.write64(tables + 0x5000 + 8 * 511, tables + 0x6000 | 7);
        machine.memory.write64(tables + 0x6000 + 8 * 511, 0x9000 | 7);
        machine.memory.write8(0x9ffd, 0x90);
        machine.memory.write8(0x9ffe, 0x90);
        machine.memory.write8(0x9fff, 0x90);
        cpu.rip(FIRST_BAD - 3);
        assertEquals(GP, machine.run());
        assertEquals(FIRST_BAD, machine.stack64(1));
        // and an instruction that crosses the end faults where it begins
        machine.memory.write8(0x9fff, 0xb8);
        cpu.gpr(RSP, TestMachine.STACK);
        cpu.rip(FIRST_BAD - 1);
        assertEquals(GP, machine.run());
        assertEquals(FIRST_BAD - 1, machine.stack64(1));
    }
}
