package proteus.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec.Entry;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;

class LinuxProtocolTest {
    private static final int ES = 0, CS = 1, SS = 2, TR = 7, RSI = 6, RSP = 4;
    private final FakeMemory memory = new FakeMemory(64);

    private long zeroPage(LoadedGuest guest) {
        return guest.state().general().gpr()[RSI];
    }

    @Test
    void kernelWithA64BitEntryStartsThereWithTheLow4GiBMappedToThemselves() {
        LoadedGuest guest = Images.load(memory, Images.bzImage(true));
        ArchState state = guest.state();
        assertEquals("Linux 6.1.0-test bzImage, boot protocol 2.15, 64-bit entry", guest.protocol());
        assertEquals(0x10_0200, state.general().rip());
        assertEquals(2, state.general().rflags());
        assertEquals(Cr0.PE | Cr0.ET | Cr0.PG, state.control().cr0());
        assertEquals(Cr4.PAE, state.control().cr4());
        assertEquals(Efer.LME | Efer.LMA, state.msrs().get(Msr.IA32_EFER));
        SegmentRegister code = state.segments().registers().get(CS);
        assertEquals(0x10, code.selector());
        assertTrue(code.longMode() && !code.big() && code.present());
        for (long address : new long[] {0, zeroPage(guest), 0x10_0200, 0x3456_7890L, 0xffff_ffffL}) {
            assertEquals(address, walk(state.control().cr3(), address), "0x%x".formatted(address));
        }
    }

    private long walk(long cr3, long linear) {
        long pdpt = memory.read64(cr3 + (linear >> 39 & 511) * 8) & ~0xfffL;
        long directory = memory.read64(pdpt + (linear >> 30 & 511) * 8) & ~0xfffL;
        long entry = memory.read64(directory + (linear >> 21 & 511) * 8);
        assertEquals(0x83, entry & 0xfff);
        return (entry & ~0x1fffffL) + (linear & 0x1fffff);
    }

    @Test
    void kernelWithoutA64BitEntryStartsInFlatProtectedModeWithoutPaging() {
        ArchState state = Images.load(memory, Images.bzImage(false)).state();
        assertEquals(0x10_0000, state.general().rip());
        assertEquals(Cr0.PE | Cr0.ET, state.control().cr0());
        assertEquals(0, state.control().cr4());
        SegmentRegister code = state.segments().registers().get(CS), data = state.segments().registers().get(SS);
        assertEquals(0x10, code.selector());
        assertEquals(0x18, data.selector());
        assertTrue(code.big() && !code.longMode());
        assertEquals(0xffff_ffffL, code.limit());
        assertEquals(0xb, state.segments().registers().get(TR).type(), "a busy TSS, as VM entry demands");
    }

    @Test
    void descriptorTableInMemorySaysWhatTheSegmentRegistersHold() {
        for (boolean wide : new boolean[] {false, true}) {
            ArchState state = Images.load(memory, Images.bzImage(wide)).state();
            for (int register : new int[] {ES, CS, SS}) {
                SegmentRegister segment = state.segments().registers().get(register);
                long descriptor = memory.read64(state.segments().gdtrBase() + segment.selector());
                assertEquals(segment.rights(), (int) (descriptor >> 40) & 0xf0ff);
                assertTrue(segment.selector() + 7 <= state.segments().gdtrLimit());
            }
        }
    }

    @Test
    void zeroPageHoldsHeaderMapCommandLineAndRsdp() {
        byte[] image = Images.bzImage(true);
        LoadedGuest guest = Images.load(memory, image, new byte[] {1, 2, 3}, "console=ttyS0 panic=-1", Entry.BEST);
        long page = zeroPage(guest);
        assertEquals(0, page & 0xfff);
        assertEquals(LinuxHeader.HDRS, memory.read32(page + 0x202));
        assertEquals(0xff, memory.read8(page + 0x210));
        assertEquals("console=ttyS0 panic=-1", memory.text(memory.read32(page + 0x228)));
        assertEquals(0xe0000, memory.read64(page + 0x70));
        assertEquals(4, memory.read8(page + 0x1e8));
        assertEquals(0, memory.read8(page + 0x1ef), "sentinel");
        assertEquals(0x9fc00, memory.read64(page + 0x2d0 + 8));
        assertEquals(0x100000, memory.read64(page + 0x2d0 + 3 * 20));
        assertEquals(1, memory.read32(page + 0x2d0 + 3 * 20 + 16));
        int initrd = memory.read32(page + 0x218);
        assertEquals(3, memory.read32(page + 0x21c));
        assertEquals((64 << 20) - 0x1000, initrd, "the highest page");
        assertEquals(3, memory.read8(initrd + 2));
    }

    @Test
    void kernelLiesAt1MiB() {
        byte[] image = Images.bzImage(true);
        Images.load(memory, image);
        assertArrayEquals(Arrays.copyOfRange(image, Images.SETUP_BYTES, image.length), Arrays.copyOfRange(memory.bytes, 0x100000, 0x100000 + Images.KERNEL_BYTES));
    }

    @Test
    void initialRamDiskRespectsTheHighestAddress() {
        byte[] image = Images.bzImage(true);
        image[LinuxHeader.INITRD_ADDR_MAX + 3] = 0x02;
        image[LinuxHeader.INITRD_ADDR_MAX + 2] = 0;
        LoadedGuest guest = Images.load(memory, image, new byte[0x1800], "", Entry.BEST);
        int initrd = memory.read32(zeroPage(guest) + 0x218);
        assertEquals(0x200_e000, initrd, "two whole pages below 0x200ffff");
    }

    @Test
    void realModeEntryHasItsSetUpCodeCommandLineAndBios() {
        byte[] image = Images.bzImage(false);
        LoadedGuest guest = Images.load(memory, image, new byte[16], "quiet", Entry.REAL_16);
        ArchState state = guest.state();
        assertEquals(0x1020, state.segments().registers().get(CS).selector());
        assertEquals(0x1000, state.segments().registers().get(SS).selector());
        assertEquals(0x10200, state.segments().registers().get(CS).base());
        assertEquals(0xe000, state.general().gpr()[RSP]);
        assertEquals(0, state.general().rip());
        assertEquals(Cr0.ET, state.control().cr0());
        assertEquals("quiet", memory.text(memory.read32(0x10228)));
        assertEquals(0xde00, memory.read16(0x10224), "heap_end_ptr");
        assertEquals(0x81, memory.read8(0x10211), "loaded high, can use heap");
        assertNotEquals(0, memory.read32(0x10218));
        int vector = memory.read32(0x15 * 4);
        long handler = (vector >>> 16 << 4) + (vector & 0xffff);
        assertTrue(handler > 0xf0000 && handler < 0x100000, "INT 15h in the BIOS's place");
        assertEquals(0x3d, memory.read8(handler), "cmp ax, imm16");
        assertEquals(639, memory.read16(0x413), "conventional memory");
    }

    @Test
    void biosMakesWayForTablesOfTheFirmware() {
        Arrays.fill(memory.bytes, 0xf0000, 0x100000, (byte) 0x5a);
        Images.load(memory, Images.bzImage(false), new byte[0], "", Entry.REAL_16);
        assertEquals(0x60, memory.read16(0x15 * 4 + 2), "into conventional memory");
        assertEquals(0x5a, memory.read8(0xfe000));
    }

    @Test
    void sixtyFourBitKernelCanBeStartedByIts32BitEntry() {
        LoadedGuest guest = Images.load(memory, Images.bzImage(true), new byte[0], "", Entry.PROTECTED_32);
        assertEquals(0x10_0000, guest.state().general().rip());
        assertEquals(Cr0.PE | Cr0.ET, guest.state().control().cr0());
    }
}
