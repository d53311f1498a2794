package proteus.vmm;

import java.util.ArrayList;
import java.util.List;
import proteus.api.io.ShadowMemory;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VmException;

/**
 * The ROM of a machine that starts from one: all of it ends at 4 GiB, where the reset vector is (SDM 3A 10.1.4), and its last
 * 128 KiB answer below 1 MiB too, until the chip set gives those addresses to RAM.
 */
final class ShadowedRom implements ShadowMemory {
    private static final long FOUR_GIB = 1L << 32;
    /** The ROM's place below 1 MiB. */
    private static final long LOW_ROM = 0xe_0000;

    private static final int LEAST = 64 << 10;
    private static final int MOST = 16 << 20;
    private static final int PIECES = (int) ((END - START) / PIECE);

    /** Who is told of changes. */
    interface Listener {
        void changed(long gpa, long bytes);
    }

    private enum Owner {
        NOBODY,
        ROM,
        RAM,
        RAM_READ_ONLY
    }

    private final RegionMap map;
    private final List<MemoryRegion> ram;
    private final long romOffset;
    private final int romBytes;
    private final Owner[] owners = new Owner[PIECES];
    private Listener listener = (gpa, bytes) -> {};

    /** @param image whole pages, see {@link #check} */
    ShadowedRom(RegionMap map, byte[] image) {
        this.map = map;
        this.ram = map.regions();
        this.romOffset = map.frames().append(image, "ROM");
        this.romBytes = image.length;
        for (int piece = 0; piece < PIECES; piece++) {
            owners[piece] = rom(piece) < 0 ? Owner.NOBODY : Owner.ROM;
        }
        map.replace(regions());
    }

    /** @throws VmException in one sentence when an image cannot be a ROM */
    static void check(String name, byte[] image) {
        if (image.length < LEAST || image.length > MOST || image.length % HostMemory.FRAME_SIZE != 0) {
            throw new VmException("'%s' has %s, which cannot be a BIOS: give a ROM image of 64K to 16M in whole pages, such as bios-256k.bin of the package seabios"
                    .formatted(name, MemorySize.format(image.length)));
        }
    }

    void listener(Listener told) {
        listener = told;
    }

    @Override
    public void give(long gpa, long bytes, boolean readRam, boolean writeRam) {
        if (gpa < START || gpa + bytes > END || bytes <= 0 || gpa % PIECE != 0 || bytes % PIECE != 0) {
            throw new IllegalArgumentException("0x%x, 0x%x bytes, is no part of shadow memory.".formatted(gpa, bytes));
        }
        boolean changed = false;
        for (int piece = (int) ((gpa - START) / PIECE); piece < (gpa + bytes - START) / PIECE; piece++) {
            boolean hasRom = rom(piece) >= 0;
            Owner wanted = writeRam ? Owner.RAM : readRam ? Owner.RAM_READ_ONLY : hasRom ? Owner.ROM : Owner.NOBODY;
            if (writeRam && !readRam && owners[piece] == Owner.ROM) {
                copyRom(piece);
            }
            changed |= owners[piece] != wanted;
            owners[piece] = wanted;
        }
        if (changed) {
            map.replace(regions());
            listener.changed(gpa, bytes);
        }
    }

    private void copyRom(int piece) {
        HostMemory host = map.frames().host().memory();
        byte[] content = new byte[HostMemory.FRAME_SIZE];
        for (long at = 0; at < PIECE; at += content.length) {
            host.read(map.frames().hpa(rom(piece) + at), content, 0, content.length);
            host.write(map.frames().ownHpa(START + piece * PIECE + at, true), content, 0, content.length);
        }
    }

    /** Offset of the ROM behind a piece, or -1. RAM lies in the store where it would lie in a machine without ROM. */
    private long rom(int piece) {
        long fromEnd = END - (START + piece * PIECE);
        return START + piece * PIECE >= LOW_ROM && fromEnd <= romBytes ? romOffset + romBytes - fromEnd : -1;
    }

    private List<MemoryRegion> regions() {
        List<MemoryRegion> all = new ArrayList<>();
        for (MemoryRegion region : ram) {
            if (region.gpa() != START) {
                all.add(region);
                continue;
            }
            for (int piece = 0; piece < PIECES; piece++) {
                addPiece(all, piece);
            }
            long above = region.bytes() - (END - START);
            if (above > 0) {
                all.add(new MemoryRegion(END, above, region.offset(END), true, region.name()));
            }
        }
        all.add(new MemoryRegion(FOUR_GIB - romBytes, romBytes, romOffset, false, "ROM"));
        all.sort((a, b) -> Long.compare(a.gpa(), b.gpa()));
        return all;
    }

    /** Adds a piece, to the one before it if they belong together. */
    private void addPiece(List<MemoryRegion> all, int piece) {
        Owner owner = owners[piece];
        if (owner == Owner.NOBODY) {
            return;
        }
        long gpa = START + piece * PIECE;
        long offset = owner == Owner.ROM ? rom(piece) : START + piece * PIECE;
        String name = owner == Owner.ROM ? "ROM below 1 MiB" : "shadow RAM";
        boolean writable = owner == Owner.RAM;
        MemoryRegion last = all.isEmpty() ? null : all.getLast();
        if (last != null && last.name().equals(name) && last.writable() == writable && last.gpa() + last.bytes() == gpa && last.offset() + last.bytes() == offset) {
            all.set(all.size() - 1, new MemoryRegion(last.gpa(), last.bytes() + PIECE, last.offset(), writable, name));
        } else {
            all.add(new MemoryRegion(gpa, PIECE, offset, writable, name));
        }
    }
}
