package proteus.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.GuestLoader.Request;
import proteus.api.vm.VmSpec.BootSpec;
import proteus.api.vm.VmSpec.Entry;
import proteus.x86.format.PageTable;
import proteus.x86.xen.ElfNote;
import proteus.x86.xen.HypercallPage;
import proteus.x86.xen.StartInfo;
import proteus.x86.xen.Width;

/** A domain as its kernel finds it: walked by the tables and the start information it gets. */
class XenDomainBuilderTest {
    private static final long BASE = 0xffff_ffff_8000_0000L, P2M = 0x80_0000_0000L, PAGE = 4096;
    private static final long ENTRY = BASE + Images.ELF_ENTRY;
    private static final int RSP = 4, RSI = 6;
    private static final byte[] INITRD = {9, 8, 7};

    private final FakeMemory memory = new FakeMemory(16);
    private long root;

    /** The small ELF file with 64-bit notes: type and value in turn. */
    private static byte[] kernel(long... notes) {
        byte[] elf = Images.elf(true);
        ByteBuffer image = ByteBuffer.wrap(Arrays.copyOf(elf, elf.length + 24 * notes.length / 2)).order(ByteOrder.LITTLE_ENDIAN);
        image.putLong(128, elf.length).putLong(152, 24L * notes.length / 2).putLong(160, 24L * notes.length / 2);
        for (int i = 0; i < notes.length; i += 2) {
            int at = elf.length + 12 * i;
            image.putInt(at, 4).putInt(at + 4, 8).putInt(at + 8, (int) notes[i]).put(at + 12, "Xen\0".getBytes(StandardCharsets.US_ASCII)).putLong(at + 16, notes[i + 1]);
        }
        return image.array();
    }

    static byte[] linux() {
        return kernel(ElfNote.ENTRY, ENTRY, ElfNote.VIRT_BASE, BASE, ElfNote.INIT_P2M, P2M, ElfNote.MOD_START_PFN, 1);
    }

    private LoadedGuest build(byte[] kernel, String commandLine) {
        LoadedGuest guest = new StandardGuestLoader().load(new Request(new BootSpec("image", kernel, INITRD, commandLine, Entry.BEST), memory, memory.firmware(), GuestAbi.XEN_PV));
        root = guest.state().control().cr3();
        return guest;
    }

    private String refusal(byte[] kernel) {
        return assertThrows(GuestLoadException.class, () -> build(kernel, "")).getMessage();
    }

    private long entry(long virtual) {
        long table = root;
        for (int level = 4; level > 1; level--) {
            long entry = memory.read64(table - FakeMemory.MACHINE + 8L * PageTable.index(virtual, level));
            assertTrue((entry & PageTable.PRESENT) != 0, () -> "0x%x is not mapped".formatted(virtual));
            table = entry & PageTable.FRAME;
        }
        return memory.read64(table - FakeMemory.MACHINE + 8L * PageTable.index(virtual, 1));
    }

    private long gpa(long virtual) {
        return (entry(virtual) & PageTable.FRAME) - FakeMemory.MACHINE + (virtual & PAGE - 1);
    }

    private long startInfo(LoadedGuest guest, StartInfo field) {
        return memory.read64(gpa(guest.state().general().gpr()[RSI]) + field.at(Width.WIDE));
    }

    @Test
    void theKernelIsWhereItsAddressesSay() {
        LoadedGuest guest = build(linux(), "");
        assertEquals(ENTRY, guest.state().general().rip());
        assertEquals(3, memory.read8(gpa(BASE + Images.ELF_SEGMENT_ADDRESS)));
        assertEquals(3, guest.state().segments().registers().get(1).dpl());
        // Pseudo-physical memory has no hole where a PC has one.
        assertEquals(FakeMemory.HOLE_END, gpa(BASE + FakeMemory.HOLE));
    }

    @Test
    void everyTableIsMappedReadOnlyAndTheStackIsNot() {
        LoadedGuest guest = build(linux(), "");
        long tables = startInfo(guest, StartInfo.PT_BASE), count = startInfo(guest, StartInfo.NR_PT_FRAMES);
        assertEquals(root, entry(tables) & PageTable.FRAME);
        for (long i = 0; i < count; i++) {
            assertEquals(0, entry(tables + i * PAGE) & PageTable.WRITABLE);
        }
        long stack = guest.state().general().gpr()[RSP] - 8;
        assertEquals(tables + count * PAGE, stack & -PAGE);
        assertTrue((entry(stack) & PageTable.WRITABLE) != 0);
        assertTrue((entry(stack + (512 << 10)) & PageTable.PRESENT) != 0, "room behind the last element");
    }

    @Test
    void startInformationLeadsToEverything() {
        LoadedGuest guest = build(linux(), "quiet");
        long pages = startInfo(guest, StartInfo.NR_PAGES);
        assertEquals((16 << 20) / PAGE - (FakeMemory.HOLE_END - FakeMemory.HOLE) / PAGE - 1, pages);
        assertEquals(Width.WIDE.platform, memory.text(gpa(guest.state().general().gpr()[RSI])));
        assertEquals("quiet console=hvc0", memory.text(gpa(guest.state().general().gpr()[RSI]) + StartInfo.CMD_LINE.at(Width.WIDE)));
        assertEquals(1, guest.notes().size(), "which is said");
        assertEquals(FakeMemory.MACHINE + (16 << 20) - PAGE, startInfo(guest, StartInfo.SHARED_INFO));
        assertEquals(P2M, startInfo(guest, StartInfo.MFN_LIST));
        for (long pfn : new long[] {0, 0x9f, 0xa0, pages - 1}) {
            long gpa = pfn * PAGE < FakeMemory.HOLE ? pfn * PAGE : pfn * PAGE + FakeMemory.HOLE_END - FakeMemory.HOLE;
            assertEquals(FakeMemory.MACHINE + gpa >> 12, memory.read64(gpa(P2M + 8 * pfn)));
        }
        assertEquals(StartInfo.SIF_MOD_START_PFN, (int) startInfo(guest, StartInfo.FLAGS));
        assertEquals(INITRD.length, startInfo(guest, StartInfo.MOD_LEN));
        long module = memory.read64(gpa(P2M + 8 * startInfo(guest, StartInfo.MOD_START))) * PAGE - FakeMemory.MACHINE;
        assertEquals(INITRD[0], memory.read8(module));
    }

    @Test
    void olderKernelsFindModuleAndFramesInTheMappedRegion() {
        LoadedGuest guest = build(kernel(ElfNote.ENTRY, ENTRY, ElfNote.VIRT_BASE, BASE, ElfNote.HYPERCALL_PAGE, BASE + Images.ELF_SEGMENT_ADDRESS + PAGE), "console=hvc0");
        assertEquals(0, guest.notes().size());
        assertEquals(INITRD[0], memory.read8(gpa(startInfo(guest, StartInfo.MOD_START))));
        assertEquals(FakeMemory.MACHINE >> 12, memory.read64(gpa(startInfo(guest, StartInfo.MFN_LIST))));
        long page = gpa(BASE + Images.ELF_SEGMENT_ADDRESS + PAGE);
        assertEquals(HypercallPage.content(Width.WIDE)[0] & 0xff, memory.read8(page));
        assertEquals(0xb8, memory.read8(page + HypercallPage.STUB_BYTES + 3), "mov eax, number");
        assertEquals(1, memory.read8(page + HypercallPage.STUB_BYTES + 4));
    }

    private static byte[] packed(byte[] payload, int size) {
        byte[] image = Images.bzImage(true);
        int at = Images.SETUP_BYTES, length = payload.length + 4;
        ByteBuffer buffer = ByteBuffer.wrap(Arrays.copyOf(image, Math.max(image.length, at + (length + 15 & -16)))).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putInt(LinuxHeader.SYSSIZE, (buffer.capacity() - at) / 16).putInt(0x248, 0).putInt(0x24c, length);
        buffer.put(at, payload).putInt(at + payload.length, size);
        return buffer.array();
    }

    @Test
    void theKernelIsUnpackedFromABzImage() throws IOException {
        byte[] elf = linux();
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(gzip)) {
            out.write(elf);
        }
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        try (XZOutputStream out = new XZOutputStream(xz, new LZMA2Options(0))) {
            out.write(elf);
        }
        for (byte[] payload : new byte[][] {gzip.toByteArray(), xz.toByteArray()}) {
            assertEquals(ENTRY, build(packed(payload, elf.length), "").state().general().rip());
            byte[] damaged = payload.clone();
            damaged[payload.length / 2] ^= 0x55;
            damaged[payload.length / 2 + 1] ^= 0x55;
            assertTrue(refusal(packed(damaged, elf.length)).contains("damaged"));
        }
    }

    @Test
    void whatCannotBeStartedIsRefusedInOneSentence() {
        assertTrue(refusal(Images.elf(true)).contains("XEN_ELFNOTE_ENTRY"));
        assertTrue(refusal(new byte[0]).contains("empty"));
        assertTrue(refusal(new byte[600]).contains("neither an ELF file nor a Linux bzImage"));
        assertTrue(refusal(packed(new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, 0, 0, 0}, 100)).contains("Zstandard"));
        assertTrue(refusal(packed(new byte[] {2, 0x21, 0x4c, 0x18, 0, 0, 0, 0}, 100)).contains("unpacks to"));
        assertTrue(refusal(packed(new byte[] {2, 0x21, 0x4c, 0x18, 9, 0, 0, 0}, 100)).contains("end early"));
        assertTrue(refusal(packed(linux(), Integer.MAX_VALUE)).contains("announces a kernel"));
        FakeMemory small = new FakeMemory(2);
        assertTrue(assertThrows(GuestLoadException.class, () -> XenDomainBuilder.build(new BootSpec("image", linux(), INITRD, ""), small)).getMessage().contains("give the VM more"));
        String tooLong = "x".repeat(StartInfo.CMD_LINE_BYTES);
        assertTrue(assertThrows(GuestLoadException.class, () -> build(linux(), tooLong)).getMessage().contains("shorten it"));
    }
}
