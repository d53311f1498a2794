package proteus.mem.shadow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import proteus.tck.reference.ReferenceWalk;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryRegion;
import proteus.mem.shadow.Machine.Result;

/**
 * Random tables, edits and accesses: what the hardware finds in the shadow is what the guest's own tables grant, fault for fault and
 * flag for flag. Tables lie in one small pool and lead to each other at every level, so that one frame plays several parts.
 */
class RandomTablesTest {
    private static final int GUESTS = 60, ROUNDS = 40, ACCESSES = 25;
    private static final int POOL = 0x10_0000, TABLES = 12;
    private static final int[] HOT = {0, 1, 2, 255, 256, 511};

    private final Random random = new Random(20071122);
    private Machine machine;
    private int granted, faulted, emulated, devices;

    @ParameterizedTest
    @EnumSource(Variant.class)
    void theShadowGrantsWhatTheGuestsTablesGrant(Variant variant) {
        for (int guest = 0; guest < GUESTS; guest++) {
            machine = new Machine(variant, 16 + random.nextInt(80));
            mode();
            for (int round = 0; round < ROUNDS; round++) {
                boolean flushPages = random.nextInt(3) == 0;
                for (int i = random.nextInt(6); i > 0; i--) {
                    edit();
                }
                if (random.nextInt(8) == 0) {
                    mode();
                } else if (!flushPages) {
                    root();
                }
                for (int i = 0; i < ACCESSES; i++) {
                    long gva = address();
                    if (flushPages) {
                        machine.memory.onInvlpg(machine.processor, gva);
                    }
                    access(gva);
                }
            }
            machine.memory.close();
            assertEquals(1, machine.host.allocations(), "frames that were not given back");
        }
        assertTrue(granted > 5_000 && faulted > 5_000 && emulated > 500 && devices > 500,
                () -> "granted %d, faulted %d, emulated %d, devices %d".formatted(granted, faulted, emulated, devices));
    }

    private void access(long gva) {
        boolean write = random.nextBoolean();
        boolean fetch = !write && random.nextInt(3) == 0;
        boolean user = random.nextBoolean();
        machine.processor.registers().rflags(2 | (random.nextBoolean() ? 1 << 18 : 0));
        ReferenceWalk reference = new ReferenceWalk(machine, machine, machine.host, (machine.processor.registers().rflags() & 1 << 18) != 0);
        boolean allowed = reference.walk(gva, write, fetch, user);
        Result result = machine.access(gva, write, fetch, user);
        String what = "gva 0x%x write %b fetch %b user %b cr0 %x cr3 %x cr4 %x efer %x: %s".formatted(
                gva, write, fetch, user, machine.cr0, machine.cr3, machine.cr4, machine.efer, result);
        if (!allowed) {
            faulted++;
            assertEquals(FaultOutcome.REFLECT, result.outcome(), what);
            assertEquals(reference.errorCode, result.errorCode(), what);
        } else {
            MemoryRegion region = machine.regionAt(reference.gpa);
            switch (result.outcome()) {
                case RESUME -> {
                    granted++;
                    assertEquals(machine.hpa(reference.gpa), result.hpa(), what);
                    assertTrue(!write || region.writable() && !machine.memory.traced(reference.gpa), what);
                }
                case MMIO -> {
                    devices++;
                    assertTrue(region == null, what);
                }
                case EMULATE -> {
                    emulated++;
                    boolean withAc = !user && reference.userPage && !reference.writePermission && (machine.cr4 & 1 << 21) != 0;
                    assertTrue(!reference.backed || write && (!region.writable() || machine.memory.traced(reference.gpa) || withAc), what);
                }
                case REFLECT -> throw new AssertionError("a true fault that is none: " + what);
            }
        }
        boolean wide = (machine.cr4 & 32) != 0;
        reference.marked.forEach((at, entry) -> assertEquals(
                entry, wide ? machine.host.read64(machine.hpa(at)) : machine.host.read32(machine.hpa(at)) & 0xffff_ffffL, "flags of the entry; " + what));
        if (result.outcome() == FaultOutcome.RESUME && write && reference.gpa >= POOL && reference.gpa < POOL + TABLES * 4096L) {
            // The guest may write this table unnoticed: it does, and flushes.
            long at = reference.gpa & -4096L | (long) hot() * 8;
            machine.host.write64(machine.hpa(at), entry());
            root();
        }
    }

    /** CR0, CR4, EFER and the root all at once. */
    private void mode() {
        int kind = random.nextInt(8);
        machine.cr0 = 1 | (kind == 0 ? 0 : 0x8000_0000L) | (random.nextInt(3) == 0 ? 0 : 1 << 16);
        machine.cr4 = (kind >= 3 ? 32 : 0) | (random.nextBoolean() ? 16 : 0) | (random.nextInt(4) == 0 ? 1 << 20 : 0) | (random.nextInt(4) == 0 ? 1 << 21 : 0)
                | (random.nextBoolean() ? 128 : 0);
        machine.efer = (kind >= 5 ? 0x500 : 0) | (random.nextInt(8) == 0 ? 0 : 0x800);
        // Half of the time what the tables hold is of another mode, and makes little sense in this one.
        for (int i = random.nextBoolean() ? 0 : TABLES * HOT.length * 4; i > 0; i--) {
            edit();
        }
        root();
    }

    private boolean legacy() {
        return (machine.cr4 & 32) == 0;
    }

    private void root() {
        machine.cr3 = table();
        for (int i = 0; i < 4; i++) {
            machine.pdptes[i] = random.nextInt(6) == 0 ? 0 : table() | 1;
        }
        machine.changed();
    }

    private long table() {
        return random.nextInt(40) == 0 ? 0x900_0000L : POOL + 4096L * random.nextInt(TABLES);
    }

    private int hot() {
        return HOT[random.nextInt(HOT.length)];
    }

    private long address() {
        boolean longMode = (machine.efer & 0x400) != 0;
        long gva = random.nextInt(4096) & -8;
        if (longMode) {
            gva |= (long) hot() << 12 | (long) hot() << 21 | (long) hot() << 30 | (long) hot() << 39;
            return gva << 16 >> 16;
        }
        if (legacy()) {
            return (gva | (2L * hot() + random.nextInt(2)) << 12 | (2L * hot() + random.nextInt(2)) << 22) & 0xffff_ffffL;
        }
        return (gva | (long) hot() << 12 | (long) hot() << 21 | (long) random.nextInt(4) << 30) & 0xffff_ffffL;
    }

    private void edit() {
        long at = POOL + 4096L * random.nextInt(TABLES) + hot() * 8L;
        if (legacy() || random.nextInt(20) == 0) {
            machine.poke(at + 4 * random.nextInt(2), 4, entry());
        } else {
            machine.poke(at, 8, entry());
        }
    }

    /** An entry that makes sense at any level and in any mode, mostly. */
    private long entry() {
        long entry = random.nextInt(16) == 0 ? 0 : 1;
        entry |= random.nextInt(10) == 0 ? 0 : 2;
        entry |= random.nextInt(10) == 0 ? 0 : 4;
        entry |= random.nextInt(2) == 0 ? 0 : 32;
        entry |= random.nextInt(2) == 0 ? 0 : 64;
        if (random.nextInt(6) == 0) {
            // A large page, or a leaf entry's memory type.
            return entry | 128 | (random.nextInt(8) == 0 ? POOL : 0x40_0000L * random.nextInt(2));
        }
        entry |= random.nextInt(4) == 0 ? 256 : 0;
        entry |= random.nextInt(24) == 0 ? 1L << 63 : 0;
        entry |= random.nextInt(60) == 0 ? 1L << 40 : 0;
        return entry | switch (random.nextInt(12)) {
            case 0 -> Machine.ROM + 4096L * random.nextInt(16);
            case 1 -> 0x900_0000L + 4096L * random.nextInt(16);
            case 2 -> 0x20_0000L * random.nextInt(3);
            case 3, 4 -> 0x20_0000L + 4096L * random.nextInt(64);
            default -> POOL + 4096L * random.nextInt(TABLES);
        };
    }
}
