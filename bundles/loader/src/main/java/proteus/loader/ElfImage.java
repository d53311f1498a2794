package proteus.loader;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** An ELF executable for x86 (System V gABI, chapters 4 and 5): program headers and notes, every number checked. */
final class ElfImage {
    private static final int CLASS = 4, DATA = 5, CLASS_32 = 1, CLASS_64 = 2, LITTLE_ENDIAN = 1;
    private static final int TYPE = 16, MACHINE = 18, TYPE_EXECUTABLE = 2, TYPE_SHARED = 3;
    private static final int MACHINE_386 = 3, MACHINE_X86_64 = 62, MACHINE_ARM = 40, MACHINE_AARCH64 = 183, MACHINE_RISCV = 243, MACHINE_PPC64 = 21, MACHINE_S390 = 22;
    private static final int PT_LOAD = 1, PT_NOTE = 4;
    private static final int PROGRAM_HEADER_32 = 32, PROGRAM_HEADER_64 = 56;
    private static final int NOTE_HEADER = 12, NOTE_ALIGNMENT = 4;

    private final Image image;
    private final boolean wide;
    private final long entry;
    private final List<Segment> segments = new ArrayList<>();

    private ElfImage(Image image, boolean wide, long entry) {
        this.image = image;
        this.wide = wide;
        this.entry = entry;
    }

    /** A program header. */
    record Segment(int type, long offset, long virtual, long physical, long fileBytes, long memoryBytes) {}

    static boolean hasMagic(Image image) {
        return image.has(0, 4) && image.u32(0) == 0x464c457fL;
    }

    static ElfImage parse(Image image) {
        int elfClass = image.u8(CLASS);
        if (elfClass != CLASS_32 && elfClass != CLASS_64) {
            throw image.fail("is an ELF file of unknown class %d: see that it is the right file", elfClass);
        }
        if (image.u8(DATA) != LITTLE_ENDIAN) {
            throw image.fail("is a big-endian ELF file, made for another processor: take a kernel for x86");
        }
        boolean wide = elfClass == CLASS_64;
        int machine = image.u16(MACHINE);
        if (machine != MACHINE_386 && machine != MACHINE_X86_64) {
            throw image.fail("is an ELF file for %s, not for x86: take a kernel for x86", machineName(machine));
        }
        if (wide && machine == MACHINE_386) {
            throw image.fail("is a 64-bit ELF file that claims to be for the 32-bit i386: its class and machine do not agree, get the file again");
        }
        int type = image.u16(TYPE);
        if (type != TYPE_EXECUTABLE && type != TYPE_SHARED) {
            throw image.fail("is an ELF file of type %d, not an executable (an object file or a core dump?): take the linked kernel", type);
        }
        ElfImage elf = new ElfImage(image, wide, wide ? image.u64(24) : image.u32(24));
        elf.readProgramHeaders();
        return elf;
    }

    private static String machineName(int machine) {
        return switch (machine) {
            case MACHINE_ARM -> "ARM";
            case MACHINE_AARCH64 -> "64-bit ARM";
            case MACHINE_RISCV -> "RISC-V";
            case MACHINE_PPC64 -> "PowerPC";
            case MACHINE_S390 -> "s390";
            default -> "machine number " + machine;
        };
    }

    private void readProgramHeaders() {
        long table = wide ? image.u64(32) : image.u32(28);
        int size = image.u16(wide ? 54 : 42), count = image.u16(wide ? 56 : 44);
        if (count == 0) {
            throw image.fail("is an ELF file without program headers, so nothing in it can be loaded: take the linked kernel (vmlinux), not an object file");
        }
        if (size < (wide ? PROGRAM_HEADER_64 : PROGRAM_HEADER_32) || !image.has(table, (long) size * count)) {
            throw image.fail("is a truncated or damaged ELF file: its program headers (%d of %d bytes at 0x%x) are not inside the %d bytes of the file; get it again", count, size,
                    table, image.size());
        }
        for (int i = 0; i < count; i++) {
            long at = table + (long) i * size;
            segments.add(wide
                    ? new Segment((int) image.u32(at), image.u64(at + 8), image.u64(at + 16), image.u64(at + 24), image.u64(at + 32), image.u64(at + 40))
                    : new Segment((int) image.u32(at), image.u32(at + 4), image.u32(at + 8), image.u32(at + 12), image.u32(at + 16), image.u32(at + 20)));
        }
    }

    /** ELF64. */
    boolean wide() {
        return wide;
    }

    long entry() {
        return entry;
    }

    /** Where segments go, by physical address. */
    interface Target {
        boolean has(long address, long bytes);

        /** Takes a place: bytes of a file, and zeros behind them. */
        void put(long address, byte[] source, long offset, long fileBytes, long bytes);

        /** Bytes of memory there are. */
        long size();
    }

    /** Loads the segments at their physical addresses and takes that memory. */
    long load(Target target) {
        long end = 0;
        boolean loaded = false;
        for (Segment segment : segments) {
            if (segment.type != PT_LOAD || segment.memoryBytes == 0) {
                continue;
            }
            if (!image.has(segment.offset, segment.fileBytes)) {
                throw image.fail("is a truncated ELF file: a segment of %s bytes at 0x%x is not inside the %d bytes of the file; get it again",
                        Long.toUnsignedString(segment.fileBytes), segment.offset, image.size());
            }
            if (Long.compareUnsigned(segment.fileBytes, segment.memoryBytes) > 0) {
                throw image.fail("is a damaged ELF file: a segment has more bytes in the file (0x%x) than in memory (0x%x); get it again", segment.fileBytes, segment.memoryBytes);
            }
            requireRoom(target, segment);
            loaded = true;
            end = Math.max(end, segment.physical + segment.memoryBytes);
        }
        if (!loaded) {
            throw image.fail("is an ELF file with nothing to load: take the linked kernel (vmlinux)");
        }
        for (Segment segment : segments) {
            if (segment.type == PT_LOAD && segment.memoryBytes != 0) {
                target.put(segment.physical, image.bytes(), segment.offset, segment.fileBytes, segment.memoryBytes);
            }
        }
        return end;
    }

    private void requireRoom(Target target, Segment segment) {
        if (segment.physical < 0 || segment.memoryBytes < 0 || segment.physical >= Ram.BELOW_4G || segment.memoryBytes > Ram.BELOW_4G) {
            throw image.fail("has a segment at physical address 0x%x of 0x%x bytes, beyond 4 GiB where it cannot be loaded: see that it is a kernel and linked to physical addresses",
                    segment.physical, segment.memoryBytes);
        }
        if (!target.has(segment.physical, segment.memoryBytes)) {
            throw image.fail("needs RAM from 0x%x to 0x%x, which this VM of %s does not have: give it at least %s of memory", segment.physical,
                    segment.physical + segment.memoryBytes, Ram.mebibytes(target.size()), Ram.mebibytes(segment.physical + segment.memoryBytes));
        }
    }

    /** The 32-bit value of a note, by owner and type. */
    OptionalLong note(String owner, int type) {
        OptionalLong value = note64(owner, type);
        return value.isPresent() ? OptionalLong.of(value.getAsLong() & 0xffff_ffffL) : value;
    }

    /** The text of a note, empty if there is none. */
    String noteText(String owner, int type) {
        for (Segment segment : segments) {
            if (segment.type == PT_NOTE && image.has(segment.offset, segment.fileBytes)) {
                long at = noteAt(segment.offset, segment.offset + segment.fileBytes, owner, type);
                if (at >= 0) {
                    long value = at + NOTE_HEADER + Ram.align(image.u32(at), NOTE_ALIGNMENT);
                    return image.text(value, (int) image.u32(at + 4));
                }
            }
        }
        return "";
    }

    /** The value of a note: 64 bits if it has as many, else 32. */
    OptionalLong note64(String owner, int type) {
        for (Segment segment : segments) {
            if (segment.type == PT_NOTE && image.has(segment.offset, segment.fileBytes)) {
                OptionalLong found = noteIn(segment.offset, segment.offset + segment.fileBytes, owner, type);
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return OptionalLong.empty();
    }

    private OptionalLong noteIn(long start, long end, String owner, int type) {
        long at = noteAt(start, end, owner, type);
        if (at < 0) {
            return OptionalLong.empty();
        }
        long value = at + NOTE_HEADER + Ram.align(image.u32(at), NOTE_ALIGNMENT);
        return OptionalLong.of(image.u32(at + 4) >= 8 ? image.u64(value) : image.u32(value));
    }

    /** Offset of a note of at least 4 bytes, or -1. */
    private long noteAt(long start, long end, String owner, int type) {
        long at = start;
        while (end - at >= NOTE_HEADER) {
            long nameBytes = image.u32(at), valueBytes = image.u32(at + 4);
            long name = at + NOTE_HEADER, value = name + Ram.align(nameBytes, NOTE_ALIGNMENT), next = value + Ram.align(valueBytes, NOTE_ALIGNMENT);
            if (value > end || valueBytes > end - value) {
                return -1;
            }
            if ((int) image.u32(at + 8) == type && nameBytes == owner.length() + 1 && image.text(name, owner.length() + 1).equals(owner) && valueBytes >= 4) {
                return at;
            }
            at = next;
        }
        return -1;
    }

    /** Physical address of a virtual one, by the segment it lies in; the address itself if none does. */
    long physical(long virtual) {
        for (Segment segment : segments) {
            long offset = virtual - segment.virtual;
            if (segment.type == PT_LOAD && offset >= 0 && offset < segment.memoryBytes) {
                return segment.physical + offset;
            }
        }
        return virtual;
    }
}
