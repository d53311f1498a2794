package proteus.cpu.para;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.event.Hypercall;
import proteus.x86.asm.Assembly;
import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/**
 * Generated guests that mean harm: hypercalls with forged entries, wild addresses and lengths, unruly orders of pins and roots; and random
 * bytes as kernels. Whatever they do, the hardware never walks a table that they can write, nobody else's memory changes, and no Java
 * exception comes out.
 */
class HostileGuestTest {
    private static final int CALLERS = 7_000, RANDOM_KERNELS = 3_000;
    private static final int CALLS = 24, CALL_WORDS = 8, REQUESTS = 64, RANDOM_BYTES = 512;
    /** Frames the guest writes its calls, requests and pages of hope into. */
    private static final int CALL_LIST = 96, REQUEST_LIST = 97, SCRATCH = 98, SCRATCH_FRAMES = 8;
    private static final long PAGE = TestDomain.PAGE;

    /** Makes the calls of the list one after the other. */
    private static final String CALLER = """
                    xor eax, eax
                    mov rdi, traps
                    syscall
                    mov rbx, %d
                    mov r12d, %d
            next:   mov rax, [rbx]
                    mov rdi, [rbx + 8]
                    mov rsi, [rbx + 16]
                    mov rdx, [rbx + 24]
                    mov r10, [rbx + 32]
                    mov r8, [rbx + 40]
                    syscall
            skip:   add rbx, %d
                    dec r12d
                    jnz next
            dead:   mov eax, 29
                    mov edi, 2
                    mov rsi, reason
                    syscall
            fault:  jmp dead
                    align 8
            traps:  db 14, 0
                    dw 0xe033, 0, 0
                    dq fault
                    db 13, 0
                    dw 0xe033, 0, 0
                    dq fault
                    dq 0, 0
            reason: dq 0
            """.formatted(TestDomain.BASE + CALL_LIST * PAGE, CALLS, CALL_WORDS * Width.WIDE.bytes);

    private static final String NARROW_CALLER = """
                    xor eax, eax
                    mov ebx, traps
                    int 0x82
                    mov ebp, %d
            next:   mov eax, [ebp]
                    mov ebx, [ebp + 4]
                    mov ecx, [ebp + 8]
                    mov edx, [ebp + 12]
                    mov esi, [ebp + 16]
                    mov edi, [ebp + 20]
                    int 0x82
                    add ebp, %d
                    dec dword [count]
                    jnz next
            dead:   mov eax, 29
                    mov ebx, 2
                    mov ecx, reason
                    int 0x82
            fault:  jmp dead
                    align 8
            traps:  db 14, 0
                    dw 0xe019
                    dd fault
                    db 13, 0
                    dw 0xe019
                    dd fault
                    dd 0, 0
            reason: dd 0
            count:  dd %d
            """.formatted(TestDomain.NARROW_BASE + CALL_LIST * PAGE, CALL_WORDS * Width.NARROW.bytes, CALLS);

    private TestDomain domain;
    private Random random;

    @AfterEach
    void close() {
        domain.close();
    }

    @ParameterizedTest
    @EnumSource(Width.class)
    void hypercallsWithForgedArgumentsReachNothing(Width width) {
        domain = new TestDomain(width);
        for (int seed = 0; seed < CALLERS; seed++) {
            random = new Random(seed);
            domain.end = "";
            domain.load(width.wide() ? CALLER : NARROW_CALLER);
            writeCalls();
            run(seed);
        }
        assertTrue(domain.counters.get(CountedEvent.REFUSED_REQUESTS) > CALLERS, "most of it is refused");
        assertTrue(domain.counters.get(CountedEvent.PAGE_TABLE_UPDATES) > CALLERS, "and the generator gets as far as page tables");
        assertTrue(domain.counters.hypercalls(Hypercall.MMUEXT_OP) > CALLERS / 2);
    }

    @ParameterizedTest
    @EnumSource(Width.class)
    void randomBytesAsKernelsReachNothing(Width width) {
        domain = new TestDomain(width);
        for (int seed = 0; seed < RANDOM_KERNELS; seed++) {
            random = new Random(~seed);
            domain.end = "";
            Assembly code = domain.load("nop");
            byte[] bytes = new byte[RANDOM_BYTES];
            random.nextBytes(bytes);
            // System calls and privileged instructions more often than chance has them.
            for (int i = 0; i < bytes.length - 2; i += 16) {
                boolean call = !width.wide() && random.nextBoolean();
                bytes[i] = (byte) (call ? 0xcd : 0x0f);
                bytes[i + 1] = call ? (byte) 0x82 : new byte[] {0x05, 0x0b, 0x20, 0x22, 0x30, 0x32, 0x01, 0x34}[random.nextInt(8)];
            }
            domain.memory.write(domain.hpa(TestDomain.CODE) + code.bytes().length, bytes, 0, bytes.length);
            run(seed);
        }
    }

    private void run(int seed) {
        domain.limit = domain.processor().retired() + 20_000;
        RunOutcome outcome = domain.run();
        assertFalse(outcome == RunOutcome.FAILED || outcome == RunOutcome.TRIPLE_FAULT, () -> "seed " + seed + ": " + domain.cpu.failure());
        assertTrue(domain.othersUntouched(), () -> "seed " + seed);
        checkTables(seed);
    }

    /** What the hardware walks from the root in force: frames of the domain only, none of its tables writable. */
    private void checkTables(int seed) {
        long root = domain.processor().registers().cr(3);
        boolean[] table = new boolean[TestDomain.FRAMES];
        boolean[] writable = new boolean[TestDomain.FRAMES];
        // The root of a 32-bit domain is the hypervisor's, and the guest's tables hang in its first entry.
        visit(domain.width.wide() ? root : domain.memory.read64(root) & PageTable.FRAME, domain.width.levels, false, table, writable, seed);
        for (int pfn = 0; pfn < TestDomain.FRAMES; pfn++) {
            assertFalse(table[pfn] && writable[pfn], "seed " + seed + ": frame " + pfn + " is a table and writable");
        }
        if (domain.width.wide()) {
            assertEquals(3, domain.processor().registers().cpl(), "seed " + seed);
        } else {
            // Its ring 1 would reach the hypervisor's pages with addresses of 64 bits.
            assertTrue(domain.processor().registers().cpl() > 0, "seed " + seed);
            assertTrue(domain.processor().registers().codeSize() < 64, "seed " + seed);
        }
    }

    /** @param last whether the table stands in the last entry of its kind, where a 32-bit domain has the hypervisor's part */
    private void visit(long hpa, int level, boolean last, boolean[] table, boolean[] writable, int seed) {
        table[pfn(hpa, seed)] = true;
        boolean wide = domain.width.wide();
        for (int i = 0; i < 512; i++) {
            long entry = domain.memory.read64(hpa + 8L * i);
            boolean hypervisors = wide ? level == 4 && i >= 256 && i <= 271 : level == 2 && last && i >= 428;
            if ((entry & PageTable.PRESENT) == 0 || hypervisors) {
                continue;
            }
            long target = entry & PageTable.FRAME;
            if (level > 1) {
                visit(target, level - 1, level == 3 && i == 3, table, writable, seed);
            } else if ((entry & PageTable.WRITABLE) != 0) {
                writable[pfn(target, seed)] = true;
            } else {
                pfn(target, seed);
            }
        }
    }

    private int pfn(long hpa, int seed) {
        long pfn = (hpa >>> 12) - domain.mfn(0);
        assertTrue(pfn >= 0 && pfn < TestDomain.FRAMES, "seed " + seed + ": a foreign frame 0x" + Long.toHexString(hpa >>> 12));
        return (int) pfn;
    }

    // ---- what the guests ask for

    private void writeCalls() {
        for (int i = 0; i < REQUESTS; i++) {
            long at = domain.hpa(REQUEST_LIST) + 16L * i;
            domain.memory.write64(at, pointer());
            domain.memory.write64(at + 8, value());
        }
        for (int frame = 0; frame < SCRATCH_FRAMES; frame++) {
            for (int i = 0; i < 8; i++) {
                domain.memory.write64(domain.hpa(SCRATCH + frame) + 8L * random.nextInt(512), value());
            }
        }
        for (int i = 0; i < CALLS; i++) {
            long[] call = call();
            for (int word = 0; word < call.length; word++) {
                domain.writeWord(domain.hpa(CALL_LIST) + ((long) i * CALL_WORDS + word) * domain.width.bytes, call[word]);
            }
        }
    }

    private long[] call() {
        int self = random.nextInt(8) == 0 ? random.nextInt() : MmuCalls.DOMID_SELF;
        return switch (random.nextInt(10)) {
            case 0, 1, 2 -> new long[] {Hypercall.MMU_UPDATE.number(), requests(), count(), random.nextInt(4) == 0 ? address() : 0, self, 0};
            case 3, 4 -> extended(self);
            case 5, 6 -> mapping();
            case 7 -> new long[] {Hypercall.SET_GDT.number(), requests(), random.nextInt(8000), 0, 0, 0};
            case 8 -> domain.width.wide()
                    ? new long[] {Hypercall.UPDATE_DESCRIPTOR.number(), machineAddress(), random.nextLong(), 0, 0, 0}
                    : new long[] {Hypercall.UPDATE_DESCRIPTOR.number(), machineAddress(), 0, random.nextInt(), random.nextInt(), 0};
            default -> new long[] {random.nextInt(45), argument(), argument(), argument(), argument(), argument()};
        };
    }

    private long[] mapping() {
        long value = value();
        return domain.width.wide()
                ? new long[] {Hypercall.UPDATE_VA_MAPPING.number(), address(), value, random.nextInt(8), 0, 0}
                : new long[] {Hypercall.UPDATE_VA_MAPPING.number(), address(), value, value >>> 32, random.nextInt(8), 0};
    }

    /** One MMUEXT_OP, written where the last of the requests lie. */
    private long[] extended(int self) {
        long at = 16L * random.nextInt(REQUESTS - 2);
        domain.writeWord(domain.hpa(REQUEST_LIST) + at, random.nextInt(21));
        domain.writeWord(domain.hpa(REQUEST_LIST) + at + domain.width.bytes, random.nextInt(4) == 0 ? address() : mfn());
        domain.writeWord(domain.hpa(REQUEST_LIST) + at + 2 * domain.width.bytes, random.nextBoolean() ? mfn() : random.nextInt(9000));
        return new long[] {Hypercall.MMUEXT_OP.number(), domain.base + REQUEST_LIST * PAGE + at, random.nextInt(4) == 0 ? count() : 1, 0, self, 0};
    }

    private long requests() {
        return random.nextInt(8) == 0 ? address() : domain.base + REQUEST_LIST * PAGE + 16L * random.nextInt(REQUESTS);
    }

    private long count() {
        return random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(REQUESTS);
    }

    private long argument() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(64);
            case 2 -> machineAddress();
            default -> address();
        };
    }

    private int frame() {
        return switch (random.nextInt(4)) {
            case 0 -> TestDomain.L4 + random.nextInt(4);
            case 1 -> SCRATCH + random.nextInt(SCRATCH_FRAMES);
            case 2 -> TestDomain.MAPPED + random.nextInt(TestDomain.FRAMES - TestDomain.MAPPED);
            default -> random.nextInt(TestDomain.FRAMES);
        };
    }

    private long mfn() {
        return switch (random.nextInt(16)) {
            case 0 -> domain.foreignMfn();
            case 1 -> random.nextLong();
            case 2 -> random.nextInt(1 << 12);
            default -> domain.mfn(frame());
        };
    }

    private long machineAddress() {
        return mfn() << 12 | 8L * random.nextInt(512);
    }

    /** Of a page-table entry more often than not, and which kind of update. */
    private long pointer() {
        return (random.nextInt(4) == 0 ? machineAddress() : domain.hpa(TestDomain.L4 + random.nextInt(4)) + 8L * random.nextInt(512)) | random.nextInt(4);
    }

    private long value() {
        long flags = random.nextInt(4) == 0 ? random.nextInt(1 << 12) : PageTable.PRESENT | (random.nextBoolean() ? PageTable.WRITABLE : 0) | PageTable.USER;
        return mfn() << 12 | flags | (random.nextInt(8) == 0 ? 1L << 52 + random.nextInt(12) : 0);
    }

    private long address() {
        return switch (random.nextInt(5)) {
            case 0 -> domain.width.hypervisorStart + (random.nextLong() & (domain.width.wide() ? 0x7fff_ffff_ffffL : 0xa7f_ffff));
            case 1 -> XenArea.GDT + random.nextInt(1 << 17);
            case 2 -> random.nextLong();
            default -> domain.base + frame() * PAGE + random.nextInt((int) PAGE);
        };
    }
}
