package proteus.conform.privileged;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/**
 * Cases as the firmware of a PC: read-only memory that ends at 4 GiB and starts at the reset vector, without any BIOS. It copies driver,
 * tables and page tables to low memory and starts the driver. The same bytes run on every machine.
 */
final class RomImage {
    /** The boot code is in the last 4 KiB; firmware is whole pieces of 64 KiB. */
    private static final int BOOT_BYTES = 0x1000, PIECE = 0x1_0000, RESET_VECTOR = 0xff0;
    private static final long TOP = 1L << 32;
    private static final int STATIC_PAGES = Layout.PD32, STATIC_BYTES = 0x7000;

    private static final Assembly DRIVER = Driver.assemble();
    private static final World WORLD = new World(DRIVER);

    private RomImage() {}

    /** What is at an address before a case patches it. */
    static byte[] initial(int address, int length) {
        return WORLD.bytes(address, length);
    }

    /** Bytes that a case takes. */
    static int size(Case c) {
        int size = Registers.BYTES;
        for (Case.Patch patch : c.patches()) {
            size += 8 + (patch.bytes().length + 3 & ~3);
        }
        return size;
    }

    /** An image of these cases from the given one on. */
    static byte[] of(List<Case> cases, int first) {
        byte[] driver = DRIVER.bytes().clone();
        List<byte[]> pieces = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        pieces.add(driver);
        targets.add(Layout.DRIVER);
        pieces.add(WORLD.windows());
        targets.add(Layout.PRISTINE);
        pieces.add(WORLD.bytes(STATIC_PAGES, STATIC_BYTES));
        targets.add(STATIC_PAGES);
        int length = 0;
        for (byte[] piece : pieces) {
            length += piece.length + 3 & ~3;
        }
        for (Case c : cases.subList(first, cases.size())) {
            length += size(c);
        }
        int total = Math.max(Integer.highestOneBit(length + BOOT_BYTES - 1) << 1, 2 * PIECE);
        ByteBuffer rom = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        long base = TOP - total;
        StringBuilder copies = new StringBuilder();
        int at = 0;
        for (int i = 0; i < pieces.size(); i++) {
            copies.append("mov esi, 0x%x%nmov edi, 0x%x%nmov ecx, 0x%x%nrep movsb%n".replace("%n", "\n").formatted(base + at, targets.get(i), pieces.get(i).length));
            at += pieces.get(i).length + 3 & ~3;
        }
        ByteBuffer variables = ByteBuffer.wrap(driver).order(ByteOrder.LITTLE_ENDIAN);
        variables.putInt((int) DRIVER.symbol("case_at") - Layout.DRIVER, (int) (base + at));
        variables.putInt((int) DRIVER.symbol("cases_left") - Layout.DRIVER, cases.size() - first);
        for (byte[] piece : pieces) {
            rom.put(piece);
            rom.position(rom.position() + 3 & ~3);
        }
        for (Case c : cases.subList(first, cases.size())) {
            put(rom, c);
        }
        rom.put(total - BOOT_BYTES, boot(copies.toString()));
        return rom.array();
    }

    private static void put(ByteBuffer rom, Case c) {
        Registers registers = c.before().copy();
        registers.setInt(Registers.LENGTH, size(c));
        registers.setInt(Registers.PATCHES, c.patches().size());
        rom.put(registers.bytes.array());
        for (Case.Patch patch : c.patches()) {
            rom.putInt(patch.address()).putInt(patch.bytes().length).put(patch.bytes());
            rom.position(rom.position() + 3 & ~3);
        }
    }

    /** The last 4 KiB: from the reset vector to 32-bit protected mode, the copies, and the driver. */
    private static byte[] boot(String copies) {
        return Assembler.assemble("""
            bits 16
            boot:
                cli
                mov al, 2
                out 0x92, al ; address line 20
                o32 lgdt [cs:table - 0xffff0000]
                mov eax, 0x31
                mov cr0, eax
                jmp dword 8:flat
            bits 32
            flat:
                mov ax, 0x10
                mov ds, ax
                mov es, ax
                cld
                %s
                mov eax, 0x%x
                jmp eax
            align 8
            tables:
                dq 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
            table:
                dw 23
                dd tables
            times 0x%x-($-$$) db 0xcc
            bits 16
                jmp boot
            times 0x1000-($-$$) db 0xcc
            """.formatted(copies, Layout.DRIVER, RESET_VECTOR), 16, TOP - BOOT_BYTES).bytes();
    }
}
