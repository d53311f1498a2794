package proteus.silicon.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.GuestFault;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/** Page walks in one and two dimensions on tables built by hand: references, faults, accessed and dirty flags. */
class WalkTest {
    private static final long RAM = 64L << 20;
    private static final long GVA = 0x1234_4178_9000L;
    private static final long USER_WRITABLE = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER;

    private final EventCounters counters = new EventCounters();
    private final ModelHostMemory memory = new ModelHostMemory(RAM);
    private final Cpu cpu = new Cpu(counters, new CpuFeatures("test", EnumSet.of(SiliconFeature.EPT), 40), false, c -> new Mmu(c, memory));
    private long nextTable = 0x10_0000;
    private long nextEptTable = 0x200_0000;

    @AfterEach
    void close() {
        cpu.close();
        memory.close();
    }

    private long table() {
        nextTable += 4096;
        return nextTable;
    }

    /** Long mode, supervisor, write protection on. */
    private void longMode() {
        cpu.cr0 = Cr0.PE | Cr0.PG | Cr0.WP;
        cpu.cr4 = Cr4.PAE | Cr4.PGE;
        cpu.efer = Efer.LME | Efer.LMA | Efer.NXE;
        cpu.rights[Cpu.CS] = 0xa09b;
        cpu.cr3 = table();
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
    }

    /** Maps a page; level 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB. Returns the address of the leaf entry. */
    private long map(long gva, long gpa, int leafLevel, long bits) {
        long table = cpu.cr3;
        for (int level = 4; level > leafLevel; level--) {
            long at = table + 8L * PageTable.index(gva, level);
            if (memory.read64(at) == 0) {
                memory.write64(at, table() | USER_WRITABLE);
            }
            table = memory.read64(at) & PageTable.FRAME;
        }
        long leaf = table + 8L * PageTable.index(gva, leafLevel);
        memory.write64(leaf, gpa | bits | (leafLevel > 1 ? PageTable.LARGE : 0));
        return leaf;
    }

    /** Second level: all of RAM, identity, with pages of a level. */
    private void identityEpt(int leafLevel) {
        long root = nextEptTable;
        nextEptTable += 4096;
        long page = PageTable.span(leafLevel);
        for (long gpa = 0; gpa < RAM; gpa += page) {
            mapEpt(root, gpa, gpa, leafLevel, Ept.ACCESS);
        }
        cpu.mmu.eptExits(new EptExits() {
            @Override
            public void violation(long gpa, long gva, long qualification) {
                throw new IllegalStateException("violation %x %x".formatted(gpa, qualification));
            }

            @Override
            public void misconfiguration(long gpa) {
                throw new IllegalStateException("misconfiguration %x".formatted(gpa));
            }
        });
        cpu.mmu.eptp(Ept.eptp(root, Ept.WRITE_BACK, 4, false));
    }

    private void mapEpt(long root, long gpa, long hpa, int leafLevel, long permissions) {
        long table = root;
        for (int level = 4; level > leafLevel; level--) {
            long at = table + 8L * PageTable.index(gpa, level);
            if (memory.read64(at) == 0) {
                memory.write64(at, nextEptTable | Ept.ACCESS);
                nextEptTable += 4096;
            }
            table = memory.read64(at) & PageTable.FRAME;
        }
        memory.write64(table + 8L * PageTable.index(gpa, leafLevel), hpa | permissions | 6 << 3 | (leafLevel > 1 ? Ept.LARGE : 0));
    }

    private long references(Runnable access) {
        long before = counters.get(CountedEvent.WALK_REFERENCES_GUEST) + counters.get(CountedEvent.WALK_REFERENCES_NESTED);
        access.run();
        return counters.get(CountedEvent.WALK_REFERENCES_GUEST) + counters.get(CountedEvent.WALK_REFERENCES_NESTED) - before;
    }

    // The accessed bits are set beforehand so that the walk writes nothing: those writes are counted apart (experiments.md, E6).
    private long coldRead(int guestLevel, int eptLevel) {
        longMode();
        map(GVA, guestLevel == 1 ? 0x30_0000 : 0, guestLevel, USER_WRITABLE | PageTable.ACCESSED);
        for (long table = cpu.cr3, level = 4; level > guestLevel; level--) {
            long at = table + 8L * PageTable.index(GVA, (int) level);
            memory.write64(at, memory.read64(at) | PageTable.ACCESSED);
            table = memory.read64(at) & PageTable.FRAME;
        }
        if (eptLevel > 0) {
            identityEpt(eptLevel);
        }
        return references(() -> cpu.mmu.read64(GVA));
    }

    @Test
    void aNativeWalkMakesFourReferences() {
        assertEquals(4, coldRead(1, 0));
    }

    @Test
    void aNestedWalkMakesTwentyFourReferences() {
        assertEquals(24, coldRead(1, 1));
    }

    @Test
    void largePagesInOneDimensionMakeNineteen() {
        assertEquals(19, coldRead(2, 1));
    }

    @Test
    void largePagesInTheOtherDimensionMakeNineteenToo() {
        assertEquals(19, coldRead(1, 2));
    }

    @Test
    void largePagesInBothDimensionsMakeFifteen() {
        assertEquals(14 + 1, coldRead(2, 2));
    }

    @Test
    void aGuestWithoutPagingMakesFour() {
        identityEpt(1);
        assertEquals(4, references(() -> cpu.mmu.read64(0x30_0000)));
    }

    @Test
    void theSecondAccessHitsTheTlb() {
        coldRead(1, 1);
        assertEquals(0, references(() -> cpu.mmu.read64(GVA + 8)));
    }

    /** Two address spaces with PCIDs 1 and 2 that map the same address to different pages; the second is in force. */
    private long[] twoContexts(long bits) {
        longMode();
        map(GVA, 0x30_0000, 1, USER_WRITABLE | bits);
        long first = cpu.cr3 | 1;
        long second = table();
        cpu.cr3 = second;
        map(GVA, 0x31_0000, 1, USER_WRITABLE | bits);
        cpu.cr3 = first & ~1L;
        cpu.cr4 |= Cr4.PCIDE;
        memory.write64(0x30_0000, 0x1111);
        memory.write64(0x31_0000, 0x2222);
        cpu.mmu.pagingModeChanged();
        cpu.mmu.loadCr3(first, false);
        assertEquals(0x1111, cpu.mmu.read64(GVA));
        cpu.mmu.loadCr3(second | 2, false);
        assertEquals(0x2222, cpu.mmu.read64(GVA));
        return new long[] {first, second | 2};
    }

    @Test
    void aProcessContextKeepsItsTranslationsWhileOthersRun() {
        long[] roots = twoContexts(0);
        assertEquals(0, references(() -> {
            cpu.mmu.loadCr3(roots[0], true);
            assertEquals(0x1111, cpu.mmu.read64(GVA));
            cpu.mmu.loadCr3(roots[1], true);
            assertEquals(0x2222, cpu.mmu.read64(GVA));
        }));
        assertEquals(4, references(() -> {
            cpu.mmu.loadCr3(roots[1], false);
            cpu.mmu.read64(GVA);
            cpu.mmu.loadCr3(roots[0], true);
            cpu.mmu.read64(GVA);
        }));
    }

    @Test
    void moreProcessContextsThanBanksAreStillRight() {
        long[] roots = twoContexts(0);
        for (int pcid = 3; pcid < 40; pcid++) {
            cpu.mmu.loadCr3(roots[pcid & 1] & ~0xfffL | pcid, true);
            assertEquals((pcid & 1) == 0 ? 0x1111 : 0x2222, cpu.mmu.read64(GVA));
        }
        cpu.mmu.loadCr3(roots[0], true);
        assertEquals(0x1111, cpu.mmu.read64(GVA));
    }

    @Test
    void invalidationsReachTheContextsTheyName() {
        long[] roots = twoContexts(0);
        cpu.mmu.flushContext(1);
        assertEquals(0, references(() -> cpu.mmu.read64(GVA)));
        cpu.mmu.loadCr3(roots[0], true);
        assertEquals(4, references(() -> cpu.mmu.read64(GVA)));
        cpu.mmu.flushContexts();
        cpu.mmu.loadCr3(roots[1], true);
        assertEquals(4, references(() -> cpu.mmu.read64(GVA)));
    }

    @Test
    void globalTranslationsAreForgottenEverywhereByInvlpg() {
        long[] roots = twoContexts(PageTable.GLOBAL);
        cpu.mmu.flushContexts();
        assertEquals(0, references(() -> cpu.mmu.read64(GVA)));
        cpu.mmu.invalidatePage(GVA);
        cpu.mmu.loadCr3(roots[0], true);
        assertEquals(4, references(() -> cpu.mmu.read64(GVA)));
    }

    @Test
    void aWriteSetsTheDirtyFlagAndAReadDoesNot() {
        longMode();
        long leaf = map(GVA, 0x30_0000, 1, USER_WRITABLE);
        cpu.mmu.read8(GVA);
        assertEquals(PageTable.ACCESSED, memory.read64(leaf) & (PageTable.ACCESSED | PageTable.DIRTY));
        cpu.mmu.write8(GVA, (byte) 7);
        assertEquals(PageTable.ACCESSED | PageTable.DIRTY, memory.read64(leaf) & (PageTable.ACCESSED | PageTable.DIRTY));
        assertEquals(7, memory.read8(0x30_0000));
    }

    private int faultOf(Runnable access) {
        GuestFault fault = assertThrows(GuestFault.class, access::run);
        assertEquals(ExceptionVector.PF, fault.vector);
        assertEquals(GVA, fault.detail);
        return fault.errorCode;
    }

    @Test
    void anAbsentPageFaultsWithTheErrorCodeOfTheAccess() {
        longMode();
        assertEquals(0, faultOf(() -> cpu.mmu.read8(GVA)));
        assertEquals(ExceptionVector.PF_WRITE, faultOf(() -> cpu.mmu.write8(GVA, (byte) 1)));
        cpu.setCpl(3);
        assertEquals(ExceptionVector.PF_USER, faultOf(() -> cpu.mmu.read8(GVA)));
    }

    @Test
    void writeProtectionHoldsForTheSupervisorOnlyWithWp() {
        longMode();
        map(GVA, 0x30_0000, 1, PageTable.PRESENT | PageTable.USER);
        assertEquals(ExceptionVector.PF_PRESENT | ExceptionVector.PF_WRITE, faultOf(() -> cpu.mmu.write8(GVA, (byte) 1)));
        cpu.cr0 &= ~Cr0.WP;
        cpu.mmu.pagingModeChanged();
        cpu.mmu.write8(GVA, (byte) 9);
        assertEquals(9, memory.read8(0x30_0000));
    }

    @Test
    void smapForbidsTheSupervisorUserPagesUnlessAcIsSet() {
        longMode();
        cpu.cr4 |= Cr4.SMAP;
        cpu.mmu.pagingModeChanged();
        map(GVA, 0x30_0000, 1, USER_WRITABLE);
        assertEquals(ExceptionVector.PF_PRESENT, faultOf(() -> cpu.mmu.read8(GVA)));
        cpu.flag(proteus.silicon.cpu.Flags.AC, true);
        cpu.mmu.read8(GVA);
        cpu.flag(proteus.silicon.cpu.Flags.AC, false);
        assertEquals(ExceptionVector.PF_PRESENT, faultOf(() -> cpu.mmu.read8(GVA)), "the TLB remembers under which rule it was filled");
    }

    @Test
    void smepForbidsTheSupervisorToFetchFromUserPages() {
        longMode();
        cpu.cr4 |= Cr4.SMEP;
        cpu.mmu.pagingModeChanged();
        map(GVA, 0x30_0000, 1, USER_WRITABLE);
        assertEquals(ExceptionVector.PF_PRESENT | ExceptionVector.PF_FETCH, faultOf(() -> cpu.mmu.fetch(GVA)));
    }

    @Test
    void aReservedBitFaultsAsReserved() {
        longMode();
        map(GVA, 0x30_0000 | 1L << 45, 1, USER_WRITABLE);
        assertEquals(ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED, faultOf(() -> cpu.mmu.read8(GVA)));
    }

    @Test
    void aWriteThatCrossesIntoAnAbsentPageChangesNothing() {
        longMode();
        map(GVA, 0x30_0000, 1, USER_WRITABLE);
        long end = GVA + 4094;
        GuestFault fault = assertThrows(GuestFault.class, () -> cpu.mmu.write32(end, -1));
        assertEquals(GVA + 4096, fault.detail);
        assertEquals(0, memory.read16(0x30_0ffe));
    }

    @Test
    void aPageCrossingAccessReachesBothFrames() {
        longMode();
        map(GVA, 0x30_0000, 1, USER_WRITABLE);
        map(GVA + 4096, 0x50_0000, 1, USER_WRITABLE);
        cpu.mmu.write64(GVA + 4093, 0x1122334455667788L);
        assertEquals(0x1122334455667788L, cpu.mmu.read64(GVA + 4093));
        assertEquals(0x66, memory.read8(0x30_0fff) & 0xff);
        assertEquals(0x55, memory.read8(0x50_0000));
    }

    @Test
    void globalPagesSurviveALoadOfCr3AndOthersDoNot() {
        longMode();
        map(GVA, 0x30_0000, 1, USER_WRITABLE | PageTable.GLOBAL);
        map(GVA + 4096, 0x31_0000, 1, USER_WRITABLE);
        cpu.mmu.read8(GVA);
        cpu.mmu.read8(GVA + 4096);
        cpu.mmu.loadCr3(cpu.cr3);
        assertEquals(0, references(() -> cpu.mmu.read8(GVA)));
        assertEquals(4, references(() -> cpu.mmu.read8(GVA + 4096)));
    }

    @Test
    void invlpgOfALargePageForgetsAllOfIt() {
        longMode();
        map(GVA & -(2L << 20), 0x40_0000, 2, USER_WRITABLE);
        long one = GVA & -(2L << 20);
        long other = one + 0x5000;
        cpu.mmu.read8(one);
        cpu.mmu.read8(other);
        cpu.mmu.invalidatePage(one);
        assertEquals(3, references(() -> cpu.mmu.read8(other)));
    }

    @Test
    void anAddressThatIsNotCanonicalIsAGeneralProtectionFault() {
        longMode();
        GuestFault fault = assertThrows(GuestFault.class, () -> cpu.mmu.read8(0x8000_0000_0000L));
        assertEquals(ExceptionVector.GP, fault.vector);
    }

    @Test
    void anEptViolationReportsGpaAndQualification() {
        longMode();
        map(GVA, 0x3000_0000L, 1, USER_WRITABLE);
        identityEpt(1);
        IllegalStateException exit = assertThrows(IllegalStateException.class, () -> cpu.mmu.write32(GVA + 4, 0));
        assertTrue(exit.getMessage().startsWith("violation 30000004 182"), exit.getMessage());
    }

    @Test
    void paeWalksTwoLevelsFromThePdpteRegisters() {
        cpu.cr0 = Cr0.PE | Cr0.PG;
        cpu.cr4 = Cr4.PAE;
        cpu.rights[Cpu.CS] = 0xc09b;
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        long directory = table();
        long pages = table();
        cpu.pdpte[1] = directory | PageTable.PRESENT;
        memory.write64(directory, pages | USER_WRITABLE | PageTable.ACCESSED);
        memory.write64(pages + 8, 0x30_0000 | USER_WRITABLE | PageTable.ACCESSED);
        memory.write32(0x30_0010, 77);
        assertEquals(2, references(() -> assertEquals(77, cpu.mmu.read32(0x4000_1010L))));
    }

    /** 32-bit paging: two levels, or one with 4-MByte pages. */
    private long coldLegacy(int guestLevel, int eptLevel) {
        cpu.cr0 = Cr0.PE | Cr0.PG;
        cpu.cr4 = Cr4.PSE;
        cpu.efer = 0;
        cpu.rights[Cpu.CS] = 0xc09b;
        cpu.cr3 = table();
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        long bits = USER_WRITABLE | PageTable.ACCESSED;
        if (guestLevel == 2) {
            memory.write32(cpu.cr3 + 4, (int) (0x40_0000 | bits | PageTable.LARGE));
        } else {
            long pages = table();
            memory.write32(cpu.cr3 + 4, (int) (pages | bits));
            memory.write32(pages + 4, (int) (0x30_0000 | bits));
        }
        identityEpt(eptLevel);
        return references(() -> cpu.mmu.read32(0x40_1000));
    }

    private long coldPae(int eptLevel) {
        cpu.cr0 = Cr0.PE | Cr0.PG;
        cpu.cr4 = Cr4.PAE;
        cpu.efer = 0;
        cpu.rights[Cpu.CS] = 0xc09b;
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        long directory = table();
        long pages = table();
        cpu.pdpte[1] = directory | PageTable.PRESENT;
        memory.write64(directory, pages | USER_WRITABLE | PageTable.ACCESSED);
        memory.write64(pages + 8, 0x30_0000 | USER_WRITABLE | PageTable.ACCESSED);
        identityEpt(eptLevel);
        return references(() -> cpu.mmu.read32(0x4000_1000L));
    }

    private long coldUnpaged(int eptLevel) {
        cpu.cr0 = Cr0.PE;
        cpu.cr4 = 0;
        cpu.efer = 0;
        cpu.rights[Cpu.CS] = 0xc09b;
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        identityEpt(eptLevel);
        return references(() -> cpu.mmu.read32(0x30_0000));
    }

    /** Experiment E6: (n + 1)(m + 1) - 1 references, one level less in a dimension with large pages, two with 1-GByte pages. */
    @Test
    void theWalkCensus() {
        StringBuilder census = new StringBuilder("guest            EPT 4K  EPT 2M  EPT 1G\n");
        row(census, "4 levels, 4K", eptLevel -> coldRead(1, eptLevel));
        row(census, "4 levels, 2M", eptLevel -> coldRead(2, eptLevel));
        row(census, "4 levels, 1G", eptLevel -> coldRead(3, eptLevel));
        row(census, "PAE, 4K", this::coldPae);
        row(census, "32-bit, 4K", eptLevel -> coldLegacy(1, eptLevel));
        row(census, "32-bit, 4M", eptLevel -> coldLegacy(2, eptLevel));
        row(census, "unpaged", this::coldUnpaged);
        assertEquals("""
            guest            EPT 4K  EPT 2M  EPT 1G
            4 levels, 4K         24      19      14
            4 levels, 2M         19      15      11
            4 levels, 1G         14      11       8
            PAE, 4K              14      11       8
            32-bit, 4K           14      11       8
            32-bit, 4M            9       7       5
            unpaged               4       3       2
            """, census.toString());
    }

    private static void row(StringBuilder census, String guest, IntToLongFunction references) {
        census.append("%-15s%8d%8d%8d\n".formatted(guest, references.applyAsLong(1), references.applyAsLong(2), references.applyAsLong(3)));
    }

    @Test
    void largePagesOf32BitPagingReachBeyondFourGigabytesByPse36() {
        cpu.cr0 = Cr0.PE | Cr0.PG;
        cpu.cr4 = Cr4.PSE;
        cpu.rights[Cpu.CS] = 0xc09b;
        cpu.cr3 = table();
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        memory.write32(cpu.cr3 + 4, (int) (0x80_0000 | USER_WRITABLE | PageTable.LARGE | PageTable.ACCESSED));
        memory.write32(0x80_1234, 5);
        assertEquals(5, cpu.mmu.read32(0x40_1234));
        memory.write32(cpu.cr3 + 4, (int) (1 << 13 | USER_WRITABLE | PageTable.LARGE));
        cpu.mmu.flushAll();
        assertTrue(cpu.mmu.inspect(0x40_1234).summary().contains("0x100001234"), cpu.mmu.inspect(0x40_1234).summary());
    }

    /** Nobody answers there, and on a PC that reads as all ones: present, writable, and with its reserved bits set. */
    @Test
    void aTableOutsideMemoryReadsAsOnes() {
        longMode();
        long beyond = RAM + 0x1000;
        memory.write64(cpu.cr3 + 8L * PageTable.index(GVA, 4), beyond | USER_WRITABLE);
        assertEquals(ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED, faultOf(() -> cpu.mmu.read8(GVA)));
        cpu.mmu.loadCr3(beyond);
        assertEquals(ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED, faultOf(() -> cpu.mmu.read8(GVA)));
        assertEquals(-1, cpu.mmu.readPhysical64(beyond), "and so do the PDPTEs of PAE paging: MOV CR3 is #GP");
    }

    /** Two levels of 32-bit entries have no reserved bits without large pages: the page is the last one below 4 GiB. */
    @Test
    void aTableOutsideMemoryMapsTheTopPageIn32BitPaging() {
        cpu.cr0 = Cr0.PE | Cr0.PG;
        cpu.cr4 = 0;
        cpu.rights[Cpu.CS] = 0xc09b;
        cpu.cr3 = table();
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        memory.write32(cpu.cr3, (int) (RAM + 0x1000 | USER_WRITABLE));
        long[] asked = new long[1];
        cpu.bus = new proteus.api.silicon.MachineBus() {
            @Override
            public int readPort(int port, int size) {
                return 0;
            }

            @Override
            public void writePort(int port, int size, int value) {}

            @Override
            public long readMemory(long gpa, int size) {
                asked[0] = gpa;
                return 0x5a;
            }

            @Override
            public void writeMemory(long gpa, int size, long value) {}
        };
        assertEquals(0x5a, cpu.mmu.read8(0x3123));
        assertEquals(0xffff_f123L, asked[0]);
        cpu.cr4 = Cr4.PSE;
        cpu.mmu.pagingModeChanged();
        cpu.mmu.loadCr3(RAM + 0x1000);
        GuestFault fault = assertThrows(GuestFault.class, () -> cpu.mmu.read8(0x3123));
        assertEquals(ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED, fault.errorCode);
    }
}
