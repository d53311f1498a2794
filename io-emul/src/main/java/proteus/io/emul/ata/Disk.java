package proteus.io.emul.ata;

import static proteus.io.emul.ata.Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import proteus.api.io.BlockBackend;

/** A disk: its register set, its commands, and the data it is about to hand over or take. */
final class Disk {
    static final int SECTOR = 512;
    /** Most sectors of one READ MULTIPLE block. */
    static final int MULTIPLE_MOST = 16;

    private static final int NARROW_COUNT_MOST = 0x100;
    private static final int WIDE_COUNT_MOST = 0x1_0000;
    private static final int IDLE_STATUS = STATUS_READY | STATUS_SEEK_COMPLETE;
    private static final int POWER_ACTIVE = 0xff;

    private static final int FEATURE_WRITE_CACHE = 0x02;
    private static final int FEATURE_TRANSFER_MODE = 0x03;
    private static final int FEATURE_NO_LOOK_AHEAD = 0x55;
    private static final int FEATURE_NO_REVERT = 0x66;
    private static final int FEATURE_NO_WRITE_CACHE = 0x82;
    private static final int FEATURE_LOOK_AHEAD = 0xaa;
    private static final int FEATURE_REVERT = 0xcc;
    private static final int MODE_PIO_DEFAULT = 0x01;
    private static final int MODE_PIO = 0x08;
    private static final int MODE_MULTIWORD = 0x20;

    /** What the data register is for now. */
    private enum Phase {
        IDLE,
        IN,
        OUT,
        DMA_IN,
        DMA_OUT
    }

    private final BlockBackend backend;
    private final int number;
    private final long sectors;

    private int features;
    private int error;
    private int status;
    /** Current value in bits 7..0, previous value above (48-bit addresses, ATA/ATAPI-6 6.2). */
    private int count;
    private int low;
    private int mid;
    private int high;
    private int device;
    private boolean interrupt;

    private Geometry geometry = Geometry.USUAL;
    private int multiple;
    private int multiwordMode = -1;
    private boolean writeCache = true;
    private boolean lookAhead = true;

    private Phase phase = Phase.IDLE;
    private boolean wide;
    private long sector;
    private int left;
    private int block;
    private final byte[] buffer = new byte[MULTIPLE_MOST * SECTOR];
    private int position;
    private int end;

    Disk(BlockBackend backend, int number) {
        this.backend = backend;
        this.number = number;
        this.sectors = backend.size() / SECTOR;
        reset();
    }

    long sectors() {
        return sectors;
    }

    /** Software reset: signature of a disk (ATA/ATAPI-6, 9.12); settings stay as if they were not to revert. */
    void reset() {
        signature();
        status = IDLE_STATUS;
        phase = Phase.IDLE;
        interrupt = false;
        position = 0;
        end = 0;
        left = 0;
    }

    /** Power on: settings too. */
    void powerOn() {
        geometry = Geometry.USUAL;
        multiple = 0;
        multiwordMode = -1;
        writeCache = true;
        lookAhead = true;
        features = 0;
        reset();
    }

    void signature() {
        error = DIAGNOSTIC_PASSED;
        count = 1;
        low = 1;
        mid = 0;
        high = 0;
        device = 0;
    }

    boolean interrupt() {
        return interrupt;
    }

    // --- registers

    int read(int register, boolean highOrder) {
        int shift = highOrder ? 8 : 0;
        return switch (register) {
            case FEATURES -> error;
            case COUNT -> count >> shift & 0xff;
            case LBA_LOW -> low >> shift & 0xff;
            case LBA_MID -> mid >> shift & 0xff;
            case LBA_HIGH -> high >> shift & 0xff;
            case DEVICE -> device | DEVICE_ONES;
            default -> status;
        };
    }

    /** Reading the status register takes the interrupt back, reading the alternate one does not. */
    int status() {
        interrupt = false;
        return status;
    }

    /** Writes a register other than command and data; not while the disk waits for data or hands it out. */
    void write(int register, int value) {
        if ((status & STATUS_DATA_REQUEST) != 0 && register != DEVICE) {
            return;
        }
        switch (register) {
            case FEATURES -> features = value;
            case COUNT -> count = pushed(count, value);
            case LBA_LOW -> low = pushed(low, value);
            case LBA_MID -> mid = pushed(mid, value);
            case LBA_HIGH -> high = pushed(high, value);
            case DEVICE -> device = value & ~DEVICE_ONES & 0xff;
            default -> {
                // Data and commands come another way.
            }
        }
    }

    private static int pushed(int register, int value) {
        return register << 8 & 0xff00 | value;
    }

    // --- commands

    void execute(int code) {
        interrupt = false;
        phase = Phase.IDLE;
        status = IDLE_STATUS;
        error = 0;
        Command command = Command.of(code);
        if (command == null) {
            fail(ERROR_ABORT);
            return;
        }
        wide = command.wide;
        switch (command.kind) {
            case NOTHING, DIAGNOSTIC -> done();
            case READ -> transfer(Phase.IN, 1);
            case READ_MULTIPLE -> transferMultiple(Phase.IN);
            case READ_DMA -> transfer(Phase.DMA_IN, 0);
            case WRITE -> transfer(Phase.OUT, 1);
            case WRITE_MULTIPLE -> transferMultiple(Phase.OUT);
            case WRITE_DMA -> transfer(Phase.DMA_OUT, 0);
            case VERIFY -> verify();
            case SEEK -> seek();
            case NATIVE_MAX -> nativeMax();
            case SET_GEOMETRY -> setGeometry();
            case SET_MULTIPLE -> setMultiple();
            case CHECK_POWER -> {
                count = POWER_ACTIVE;
                done();
            }
            case FLUSH -> {
                if (flushed()) {
                    done();
                }
            }
            case IDENTIFY -> identify();
            case SET_FEATURES -> setFeatures();
        }
    }

    private void done() {
        status = IDLE_STATUS;
        phase = Phase.IDLE;
        interrupt = true;
    }

    private void fail(int why) {
        error = why;
        status = IDLE_STATUS | STATUS_ERROR;
        phase = Phase.IDLE;
        interrupt = true;
    }

    /** The sector that the registers name, or -1. */
    private long addressed() {
        boolean lba = (device & DEVICE_LBA) != 0;
        if (wide) {
            long upper = (long) (high >> 8) << 40 | (long) (mid >> 8) << 32 | (long) (low >> 8) << 24;
            return lba ? upper | (high & 0xffL) << 16 | (mid & 0xff) << 8 | low & 0xff : -1;
        }
        if (lba) {
            return (long) (device & DEVICE_HEAD) << 24 | (high & 0xff) << 16 | (mid & 0xff) << 8 | low & 0xff;
        }
        return geometry.sector((high & 0xff) << 8 | mid & 0xff, device & DEVICE_HEAD, low & 0xff);
    }

    /** Names a sector in the registers, as a disk does at the end of a transfer or at an error. */
    private void name(long at) {
        if ((device & DEVICE_LBA) == 0) {
            long cylinder = at / geometry.perCylinder();
            int within = (int) (at % geometry.perCylinder());
            high = (int) (cylinder >> 8) & 0xff;
            mid = (int) cylinder & 0xff;
            device = device & ~DEVICE_HEAD | within / geometry.sectors();
            low = within % geometry.sectors() + 1;
            return;
        }
        low = (int) at & 0xff;
        mid = (int) (at >> 8) & 0xff;
        high = (int) (at >> 16) & 0xff;
        if (wide) {
            low |= (int) (at >> 24) << 8 & 0xff00;
            mid |= (int) (at >> 32) << 8 & 0xff00;
            high |= (int) (at >> 40) << 8 & 0xff00;
        } else {
            device = device & ~DEVICE_HEAD | (int) (at >> 24) & DEVICE_HEAD;
        }
    }

    /** Takes address and count from the registers; false when there are no such sectors, which is then said. */
    private boolean locate() {
        int wanted = wide ? count & 0xffff : count & 0xff;
        left = wanted != 0 ? wanted : wide ? WIDE_COUNT_MOST : NARROW_COUNT_MOST;
        sector = addressed();
        if (wide && (device & DEVICE_LBA) == 0) {
            fail(ERROR_ABORT);
            return false;
        }
        if (sector < 0 || sector > sectors - left) {
            if (sector >= 0) {
                name(Math.max(sector, sectors));
            }
            fail(ERROR_NOT_FOUND);
            return false;
        }
        return true;
    }

    private void transferMultiple(Phase direction) {
        if (multiple == 0) {
            fail(ERROR_ABORT);
        } else {
            transfer(direction, multiple);
        }
    }

    private void transfer(Phase direction, int sectorsPerBlock) {
        if (!locate()) {
            return;
        }
        if (backend.readOnly() && (direction == Phase.OUT || direction == Phase.DMA_OUT)) {
            fail(ERROR_ABORT);
            return;
        }
        block = sectorsPerBlock;
        phase = direction;
        switch (direction) {
            case IN -> nextIn();
            // The first block of a PIO write is asked for without an interrupt.
            case OUT -> nextOut();
            default -> status = IDLE_STATUS | STATUS_DATA_REQUEST;
        }
    }

    private void nextIn() {
        int now = Math.min(block, left);
        if (readSectors(buffer, now)) {
            window(now * SECTOR);
            interrupt = true;
        }
    }

    private void nextOut() {
        window(Math.min(block, left) * SECTOR);
    }

    private void window(int bytes) {
        position = 0;
        end = bytes;
        status = IDLE_STATUS | STATUS_DATA_REQUEST;
    }

    /** Reads sectors at the place of the transfer and moves on. */
    private boolean readSectors(byte[] target, int number) {
        try {
            backend.read(sector * SECTOR, target, 0, number * SECTOR);
        } catch (IOException e) {
            name(sector);
            fail(ERROR_UNCORRECTABLE);
            return false;
        }
        advance(number);
        return true;
    }

    private boolean writeSectors(byte[] source, int number) {
        try {
            backend.write(sector * SECTOR, source, 0, number * SECTOR);
        } catch (IOException e) {
            name(sector);
            fail(ERROR_ABORT);
            return false;
        }
        advance(number);
        return true;
    }

    private void advance(int number) {
        sector += number;
        left -= number;
        count = left & (wide ? 0xffff : 0xff);
        name(sector - 1);
    }

    private boolean flushed() {
        try {
            backend.flush();
            return true;
        } catch (IOException e) {
            fail(ERROR_ABORT);
            return false;
        }
    }

    private void verify() {
        byte[] one = new byte[SECTOR];
        if (!locate()) {
            return;
        }
        while (left > 0) {
            if (!readSectors(one, 1)) {
                return;
            }
        }
        done();
    }

    private void seek() {
        long at = addressed();
        if (at < 0 || at >= sectors) {
            fail(ERROR_NOT_FOUND);
        } else {
            done();
        }
    }

    private void nativeMax() {
        if ((device & DEVICE_LBA) == 0) {
            fail(ERROR_ABORT);
            return;
        }
        name(wide ? sectors - 1 : Math.min(sectors - 1, 0x0fff_ffff));
        done();
    }

    private void setGeometry() {
        int perTrack = count & 0xff;
        if (perTrack == 0) {
            fail(ERROR_ABORT);
            return;
        }
        geometry = new Geometry((device & DEVICE_HEAD) + 1, perTrack);
        done();
    }

    private void setMultiple() {
        int wanted = count & 0xff;
        if (wanted > MULTIPLE_MOST || Integer.bitCount(wanted) > 1) {
            fail(ERROR_ABORT);
            return;
        }
        multiple = wanted;
        done();
    }

    private void identify() {
        byte[] words = IdentifyData.of(number, sectors, geometry, multiple, multiwordMode, writeCache, lookAhead);
        System.arraycopy(words, 0, buffer, 0, SECTOR);
        left = 0;
        block = 1;
        phase = Phase.IN;
        window(SECTOR);
        interrupt = true;
    }

    private void setFeatures() {
        switch (features) {
            case FEATURE_WRITE_CACHE -> writeCache = true;
            case FEATURE_NO_WRITE_CACHE -> {
                writeCache = false;
                if (!flushed()) {
                    return;
                }
            }
            case FEATURE_LOOK_AHEAD -> lookAhead = true;
            case FEATURE_NO_LOOK_AHEAD -> lookAhead = false;
            case FEATURE_NO_REVERT, FEATURE_REVERT -> {
                // Settings never revert.
            }
            case FEATURE_TRANSFER_MODE -> {
                if (!transferMode(count & 0xff)) {
                    fail(ERROR_ABORT);
                    return;
                }
            }
            default -> {
                fail(ERROR_ABORT);
                return;
            }
        }
        done();
    }

    /** Modes up to PIO 4 and multiword DMA 2; a PIIX3 has no Ultra DMA. */
    private boolean transferMode(int mode) {
        if (mode <= MODE_PIO_DEFAULT || mode >= MODE_PIO && mode <= MODE_PIO + 4) {
            return true;
        }
        if (mode >= MODE_MULTIWORD && mode <= MODE_MULTIWORD + 2) {
            multiwordMode = mode - MODE_MULTIWORD;
            return true;
        }
        return false;
    }

    // --- data

    /** A word, or two, of the data register. */
    int readData(int size) {
        if (phase != Phase.IN) {
            return size == 4 ? -1 : 0xffff;
        }
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (position + i < end ? buffer[position + i] & 0xff : 0xff) << 8 * i;
        }
        // The bus of the drive is 16 bits wide: a byte takes a word away.
        position += Math.max(size, 2);
        if (position >= end) {
            if (left > 0) {
                nextIn();
            } else {
                status = IDLE_STATUS;
                phase = Phase.IDLE;
            }
        }
        return value;
    }

    void writeData(int size, int value) {
        if (phase != Phase.OUT) {
            return;
        }
        for (int i = 0; i < size && position + i < end; i++) {
            buffer[position + i] = (byte) (value >>> 8 * i);
        }
        position += Math.max(size, 2);
        if (position < end || !writeSectors(buffer, end / SECTOR)) {
            return;
        }
        if (left > 0) {
            nextOut();
            interrupt = true;
        } else if (writeCache || flushed()) {
            done();
        }
    }

    // --- DMA, driven by the bus master

    boolean wantsDma() {
        return phase == Phase.DMA_IN || phase == Phase.DMA_OUT;
    }

    /** Whether the waiting DMA goes from the disk to memory. */
    boolean dmaIn() {
        return phase == Phase.DMA_IN;
    }

    int dmaSectors() {
        return left;
    }

    /** Reads or writes the next sectors of a DMA transfer; false when the disk failed and has said so. */
    boolean dma(byte[] data, int number) {
        return phase == Phase.DMA_IN ? readSectors(data, number) : writeSectors(data, number);
    }

    /** All data of a DMA transfer has crossed the bus. */
    void dmaDone() {
        if (phase == Phase.DMA_IN || writeCache || flushed()) {
            done();
        }
    }

    // --- state

    void save(DataOutputStream out) throws IOException {
        for (int value : new int[] {features, error, status, count, low, mid, high, device, geometry.heads(), geometry.sectors(), multiple,
            multiwordMode, phase.ordinal(), left, block, position, end}) {
            out.writeInt(value);
        }
        out.writeBoolean(interrupt);
        out.writeBoolean(writeCache);
        out.writeBoolean(lookAhead);
        out.writeBoolean(wide);
        out.writeLong(sector);
        out.write(buffer);
    }

    /** Takes state over; nothing in it can make a later access go beyond the disk or the buffer. */
    void load(DataInputStream in) throws IOException {
        features = in.readInt() & 0xff;
        error = in.readInt() & 0xff;
        status = in.readInt() & 0xff;
        count = in.readInt() & 0xffff;
        low = in.readInt() & 0xffff;
        mid = in.readInt() & 0xffff;
        high = in.readInt() & 0xffff;
        device = in.readInt() & 0xff & ~DEVICE_ONES;
        geometry = new Geometry(Math.clamp(in.readInt(), 1, 16), Math.clamp(in.readInt(), 1, 255));
        multiple = Math.clamp(Integer.highestOneBit(in.readInt()), 0, MULTIPLE_MOST);
        multiwordMode = Math.clamp(in.readInt(), -1, 2);
        int ordinal = in.readInt();
        phase = ordinal >= 0 && ordinal < Phase.values().length ? Phase.values()[ordinal] : Phase.IDLE;
        left = Math.clamp(in.readInt(), 0, WIDE_COUNT_MOST);
        block = Math.clamp(in.readInt(), 0, MULTIPLE_MOST);
        position = Math.clamp(in.readInt(), 0, buffer.length);
        end = Math.clamp(in.readInt(), 0, buffer.length);
        interrupt = in.readBoolean();
        writeCache = in.readBoolean();
        lookAhead = in.readBoolean();
        wide = in.readBoolean();
        sector = in.readLong();
        in.readFully(buffer);
        if (sector < 0 || sector > sectors || left > sectors - sector || (phase == Phase.IN || phase == Phase.OUT) && block == 0) {
            phase = Phase.IDLE;
            status = IDLE_STATUS;
            left = 0;
        }
    }

}
