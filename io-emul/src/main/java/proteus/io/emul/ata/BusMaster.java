package proteus.io.emul.ata;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import proteus.api.io.BusDevice;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;

/** The bus master of one channel (PIIX3 2.7; SFF-8038i, 3): command, status, and the table of physical regions. */
final class BusMaster implements BusDevice {
    static final int PORTS = 8;

    private static final int COMMAND = 0;
    private static final int STATUS = 2;
    private static final int TABLE = 4;

    private static final int COMMAND_START = 0x01;
    private static final int COMMAND_TO_MEMORY = 0x08;
    private static final int STATUS_ACTIVE = 0x01;
    private static final int STATUS_ERROR = 0x02;
    private static final int STATUS_INTERRUPT = 0x04;
    /** Bits that say that a drive can do DMA, for software's own use. */
    private static final int STATUS_CAPABLE = 0x60;

    private static final int ENTRY = 8;
    /** A table lies within 64 KiB. */
    private static final int ENTRIES_MOST = 0x1_0000 / ENTRY;

    private static final int REGION_MOST = 0x1_0000;
    private static final int LAST_ENTRY = 1 << 31;
    private static final int CHUNK = 0x1_0000;

    private final GuestMemory memory;
    private final BooleanSupplier enabled;
    private Channel channel;
    private int command;
    private int status;
    private int table;

    /** @param enabled whether the function may master the bus now */
    BusMaster(GuestMemory memory, BooleanSupplier enabled) {
        this.memory = memory;
        this.enabled = enabled;
    }

    void connect(Channel connected) {
        channel = connected;
    }

    void interruptRose() {
        status |= STATUS_INTERRUPT;
    }

    @Override
    public long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) (readByte((int) offset + i) & 0xff) << 8 * i;
        }
        return value;
    }

    private int readByte(int port) {
        return switch (port) {
            case COMMAND -> command;
            case STATUS -> status;
            case TABLE, TABLE + 1, TABLE + 2, TABLE + 3 -> table >>> 8 * (port - TABLE);
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            writeByte((int) offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }

    private void writeByte(int port, int value) {
        switch (port) {
            case COMMAND -> command(value);
            case STATUS -> status = status & STATUS_ACTIVE | value & STATUS_CAPABLE | status & ~value & (STATUS_ERROR | STATUS_INTERRUPT);
            case TABLE, TABLE + 1, TABLE + 2, TABLE + 3 -> {
                int shift = 8 * (port - TABLE);
                table = (table & ~(0xff << shift) | value << shift) & ~3;
            }
            default -> {
                // Reserved.
            }
        }
    }

    private void command(int value) {
        boolean starts = (value & COMMAND_START) != 0 && (command & COMMAND_START) == 0;
        command = value & (COMMAND_START | COMMAND_TO_MEMORY);
        if ((value & COMMAND_START) == 0) {
            status &= ~STATUS_ACTIVE;
        }
        if (starts) {
            status |= STATUS_ACTIVE;
            go();
        }
    }

    /** Transfers if the engine is started and the drive waits for it; in either order they may come. */
    void go() {
        Drive drive = channel.selected();
        if ((status & STATUS_ACTIVE) == 0 || drive == null || !drive.wantsDma()) {
            return;
        }
        if (drive.dmaIn() != ((command & COMMAND_TO_MEMORY) != 0) || !drive.dmaIn() && !enabled.getAsBoolean()) {
            stopWithError();
            return;
        }
        try {
            transfer(drive);
        } catch (GuestMemoryException nobody) {
            // Nobody answers at a table or region: a master abort. The drive keeps waiting until it is reset.
            stopWithError();
        }
        channel.drive();
    }

    private void stopWithError() {
        status = status & ~STATUS_ACTIVE | STATUS_ERROR;
    }

    /**
     * Moves data between the drive and the regions. When both end together the engine is idle; when the drive ends first it
     * stays active; when the regions end first it is idle and the drive waits (PIIX3, 3.2.4). A function that may not master the bus
     * reads zeros, for the table as well, and its writes are lost; what a drive is to write is not made up of that.
     */
    private void transfer(Drive drive) {
        byte[] chunk = new byte[(int) Math.min(CHUNK, drive.dmaBytes())];
        boolean in = drive.dmaIn();
        boolean masters = enabled.getAsBoolean();
        int position = 0;
        int filled = 0;
        for (int i = 0; i < ENTRIES_MOST; i++) {
            long entry = (table & 0xffff_ffffL) + (long) i * ENTRY;
            long at = masters ? memory.read32(entry) & 0xffff_fffeL : 0;
            int control = masters ? memory.read32(entry + 4) : 0;
            int bytes = (control & 0xfffe) == 0 ? REGION_MOST : control & 0xfffe;
            boolean last = (control & LAST_ENTRY) != 0;
            while (bytes > 0) {
                if (position == filled) {
                    if (!drive.wantsDma()) {
                        return;
                    }
                    position = 0;
                    filled = (int) Math.min(CHUNK, drive.dmaBytes());
                    if (in && !drive.dma(chunk, filled)) {
                        status &= ~STATUS_ACTIVE;
                        return;
                    }
                }
                int now = Math.min(bytes, filled - position);
                if (in) {
                    if (masters) {
                        memory.write(at, chunk, position, now);
                    }
                } else {
                    memory.read(at, chunk, position, now);
                }
                at += now;
                bytes -= now;
                position += now;
                if (position < filled) {
                    continue;
                }
                if (!in && !drive.dma(chunk, filled)) {
                    status &= ~STATUS_ACTIVE;
                    return;
                }
                if (drive.dmaBytes() == 0) {
                    drive.dmaDone();
                }
            }
            if (last) {
                status &= ~STATUS_ACTIVE;
                if (drive.wantsDma() || position < filled) {
                    drive.dmaCut();
                }
                return;
            }
        }
        stopWithError();
    }

    void reset() {
        command = 0;
        status = 0;
        table = 0;
    }

    void save(DataOutputStream out) throws IOException {
        out.writeInt(command);
        out.writeInt(status);
        out.writeInt(table);
    }

    void load(DataInputStream in) throws IOException {
        command = in.readInt() & (COMMAND_START | COMMAND_TO_MEMORY);
        status = in.readInt() & (STATUS_ACTIVE | STATUS_ERROR | STATUS_INTERRUPT | STATUS_CAPABLE);
        table = in.readInt() & ~3;
    }
}
