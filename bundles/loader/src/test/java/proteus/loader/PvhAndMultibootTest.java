package proteus.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec.Entry;
import proteus.x86.format.Cr0;

class PvhAndMultibootTest {
    private static final int RAX = 0, RBX = 3, CS = 1;
    private final FakeMemory memory = new FakeMemory(64);

    @Test
    void pvhKernelGetsItsStartInformationInRbx() {
        for (boolean wide : new boolean[] {false, true}) {
            LoadedGuest guest = Images.load(memory, Images.pvh(wide), new byte[] {9, 8}, "one two", Entry.BEST);
            ArchState state = guest.state();
            assertEquals(Images.ELF_ENTRY, state.general().rip());
            assertEquals(Cr0.PE | Cr0.ET, state.control().cr0());
            assertTrue(state.segments().registers().get(CS).big());
            long start = state.general().gpr()[RBX];
            assertEquals(0x336ec578, memory.read32(start));
            assertEquals(1, memory.read32(start + 4), "version with memory map");
            assertEquals(1, memory.read32(start + 12), "modules");
            long module = memory.read64(start + 16);
            assertEquals(9, memory.read8(memory.read64(module)));
            assertEquals(2, memory.read64(module + 8));
            assertEquals("one two", memory.text(memory.read64(start + 24)));
            assertEquals(0xe0000, memory.read64(start + 32));
            long map = memory.read64(start + 40);
            assertEquals(4, memory.read32(start + 48));
            assertEquals(0x100000, memory.read64(map + 3 * 24));
            assertEquals(1, memory.read32(map + 3 * 24 + 16));
        }
    }

    @Test
    void elfSegmentIsLoadedAndItsBssCleared() {
        java.util.Arrays.fill(memory.bytes, 0x100000, 0x110000, (byte) 0x77);
        Images.load(memory, Images.pvh(true));
        assertEquals(3, memory.read8(Images.ELF_SEGMENT_ADDRESS));
        assertEquals(0, memory.read8(Images.ELF_SEGMENT_ADDRESS + 0x400));
        assertEquals(0, memory.read8(Images.ELF_SEGMENT_ADDRESS + 0x400 + Images.BSS - 1));
        assertEquals(0x77, memory.read8(Images.ELF_SEGMENT_ADDRESS + 0x400 + Images.BSS));
    }

    @Test
    void multibootElfGetsMagicInformationAndModule() {
        LoadedGuest guest = Images.load(memory, Images.multibootElf(3), new byte[] {5}, "kernel words", Entry.BEST);
        checkMultiboot(guest, Images.ELF_ENTRY, Images.ELF_SEGMENT_ADDRESS + 0x400 + Images.BSS);
    }

    @Test
    void flatMultibootImageIsLoadedByItsAddressFields() {
        LoadedGuest guest = Images.load(memory, Images.multibootFlat(), new byte[] {5}, "kernel words", Entry.BEST);
        checkMultiboot(guest, 0x20_0200, 0x20_2000);
        assertEquals(0x1badb002, memory.read32(0x20_0100));
        assertEquals(0x90, memory.read8(0x20_0200));
    }

    private void checkMultiboot(LoadedGuest guest, long entry, long imageEnd) {
        ArchState state = guest.state();
        assertEquals(entry, state.general().rip());
        assertEquals(0x2badb002L, state.general().gpr()[RAX]);
        long info = state.general().gpr()[RBX];
        int flags = memory.read32(info);
        assertEquals(1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9, flags);
        assertEquals(639, memory.read32(info + 4));
        assertEquals(63 * 1024, memory.read32(info + 8));
        assertEquals("kernel words", memory.text(memory.read32(info + 16)));
        assertEquals(1, memory.read32(info + 20));
        int module = memory.read32(info + 24);
        int start = memory.read32(module);
        assertTrue(start >= imageEnd && start % 0x1000 == 0, "module at 0x%x".formatted(start));
        assertEquals(start + 1, memory.read32(module + 4));
        assertEquals(5, memory.read8(start));
        assertEquals("Proteus", memory.text(memory.read32(info + 64)));
        int map = memory.read32(info + 48);
        assertEquals(4 * 24, memory.read32(info + 44));
        assertEquals(20, memory.read32(map), "size without itself");
        assertEquals(0x9fc00, memory.read64(map + 12));
    }

    @Test
    void structuresKeepClearOfAnImageInLowMemory() {
        byte[] image = Images.multibootElf(0);
        // p_paddr = 0x6000, p_vaddr likewise, entry inside
        for (int at : new int[] {60, 64}) {
            image[at] = 0;
            image[at + 1] = 0x60;
            image[at + 2] = 0;
        }
        image[24] = 0x40;
        image[25] = 0x60;
        image[26] = 0;
        LoadedGuest guest = Images.load(memory, image);
        assertEquals(0x1badb002, memory.read32(0x6000), "still there");
        assertTrue(guest.state().general().gpr()[RBX] >= 0x6400 + Images.BSS);
    }
}
