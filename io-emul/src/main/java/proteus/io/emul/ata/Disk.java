package proteus.io.emul.ata;

import static proteus.io.emul.ata.Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import proteus.api.io.BlockBackend;

/** A disk: its commands, and the data it is about to hand over or take. */
final class Disk implements Drive {
    static final int SECTOR = 512;
    /** Most sectors of one READ MULTIPLE block. */
    static final int MULTIPLE_MOST = 16;

    private static final int NARROW_COUNT_MOST = 0x100;
    private static final int WIDE_COUNT_MOST = 0x1_0000;
    private static final int IDLE_STATUS = STATUS_READY | STATUS_SEEK_COMPLETE;
    private static final int POWER_ACTIVE = 0xff;

    private static final int FEATURE_TRIM = 0x01;
    private static final int FEATURE_WRITE_CACHE = 0x02;
    private static final int FEATURE_TRANSFER_MODE = 0x03;
    private static final int FEATURE_NO_LOOK_AHEAD = 0x55;
    private static final int FEATURE_NO_REVERT = 0x66;
    private static final int FEATURE_NO_WRITE_CACHE = 0x82;
    private static final int FEATURE_LOOK_AHEAD = 0xaa;
    private static final int FEATURE_REVERT = 0xcc;

    /** What the data register is for now. */
    private enum Phase {
        IDLE,
        IN,
        OUT,
        DMA_IN,
        DMA_OUT
    }

    private final BlockBackend backend;
    private final DriveIdentity identity;
    private final long sectors;

    private final TaskFile task = new TaskFile();
    private Geometry geometry = Geometry.USUAL;
    private int multiple;
    private final TransferMode mode = new TransferMode();
    private boolean writeCache = true;
    private boolean lookAhead = true;

    private Phase phase = Phase.IDLE;
    private boolean wide;
    private long sector;
    private int left;
    /** What comes by DMA are ranges to be trimmed, not data. */
    private boolean trims;
    private int block;
    private final byte[] buffer = new byte[MULTIPLE_MOST * SECTOR];
    private int position;
    private int end;

    Disk(BlockBackend backend, DriveIdentity identity) {
        this.backend = backend;
        this.identity = identity;
        this.sectors = backend.size() / SECTOR;
        reset();
    }

    long sectors() {
        return sectors;
    }

    /** Software reset: signature of a disk (ATA/ATAPI-6, 9.12); settings stay as if they were not to revert. */
    @Override
    public void reset() {
        signature();
        task.status = IDLE_STATUS;
        phase = Phase.IDLE;
        task.interrupt = false;
        position = 0;
        end = 0;
        left = 0;
    }

    @Override
    public void powerOn() {
        geometry = Geometry.USUAL;
        multiple = 0;
        mode.reset();
        writeCache = true;
        lookAhead = true;
        task.features = 0;
        reset();
    }

    @Override
    public void signature() {
        task.signature(0);
    }

    @Override
    public TaskFile task() {
        return task;
    }

    // --- commands

    @Override
    public void execute(int code) {
        task.interrupt = false;
        phase = Phase.IDLE;
        task.status = IDLE_STATUS;
        task.error = 0;
        Command command = Command.of(code);
        wide = command != null && command.wide;
        trims = false;
        switch (command == null ? Command.Kind.UNKNOWN : command.kind) {
            case NOTHING, DIAGNOSTIC -> done();
            case READ -> transfer(Phase.IN, 1);
            case READ_MULTIPLE -> transferMultiple(Phase.IN);
            case READ_DMA -> transfer(Phase.DMA_IN, 0);
            case WRITE -> transfer(Phase.OUT, 1);
            case WRITE_MULTIPLE -> transferMultiple(Phase.OUT);
            case WRITE_DMA -> transfer(Phase.DMA_OUT, 0);
            case TRIM -> wantRanges();
            case VERIFY -> verify();
            case SEEK -> seek();
            case NATIVE_MAX -> nativeMax();
            case SET_GEOMETRY -> setGeometry();
            case SET_MULTIPLE -> setMultiple();
            case CHECK_POWER -> {
                task.count = POWER_ACTIVE;
                done();
            }
            case FLUSH -> {
                if (flushed()) {
                    done();
                }
            }
            case IDENTIFY -> identify();
            case SET_FEATURES -> setFeatures();
            case PACKET, IDENTIFY_PACKET, DEVICE_RESET, UNKNOWN -> fail(ERROR_ABORT);
        }
    }

    private void done() {
        task.status = IDLE_STATUS;
        phase = Phase.IDLE;
        task.interrupt = true;
    }

    private void fail(int why) {
        task.error = why;
        task.status = IDLE_STATUS | STATUS_ERROR;
        phase = Phase.IDLE;
        task.interrupt = true;
    }

    /** The sector that the registers name, or -1. */
    private long addressed() {
        boolean lba = (task.device & DEVICE_LBA) != 0;
        if (wide) {
            long upper = (long) (task.high >> 8) << 40 | (long) (task.mid >> 8) << 32 | (long) (task.low >> 8) << 24;
            return lba ? upper | (task.high & 0xffL) << 16 | (task.mid & 0xff) << 8 | task.low & 0xff : -1;
        }
        if (lba) {
            return (long) (task.device & DEVICE_HEAD) << 24 | (task.high & 0xff) << 16 | (task.mid & 0xff) << 8 | task.low & 0xff;
        }
        return geometry.sector((task.high & 0xff) << 8 | task.mid & 0xff, task.device & DEVICE_HEAD, task.low & 0xff);
    }

    /** Names a sector in the registers, as a disk does at the end of a transfer or at an error. */
    private void name(long at) {
        if ((task.device & DEVICE_LBA) == 0) {
            long cylinder = at / geometry.perCylinder();
            int within = (int) (at % geometry.perCylinder());
            task.high = (int) (cylinder >> 8) & 0xff;
            task.mid = (int) cylinder & 0xff;
            task.device = task.device & ~DEVICE_HEAD | within / geometry.sectors();
            task.low = within % geometry.sectors() + 1;
            return;
        }
        task.low = (int) at & 0xff;
        task.mid = (int) (at >> 8) & 0xff;
        task.high = (int) (at >> 16) & 0xff;
        if (wide) {
            task.low |= (int) (at >> 24) << 8 & 0xff00;
            task.mid |= (int) (at >> 32) << 8 & 0xff00;
            task.high |= (int) (at >> 40) << 8 & 0xff00;
        } else {
            task.device = task.device & ~DEVICE_HEAD | (int) (at >> 24) & DEVICE_HEAD;
        }
    }

    /** Takes address and count from the registers; false when there are no such sectors, which is then said. */
    private boolean locate() {
        int wanted = wide ? task.count & 0xffff : task.count & 0xff;
        left = wanted != 0 ? wanted : wide ? WIDE_COUNT_MOST : NARROW_COUNT_MOST;
        sector = addressed();
        if (wide && (task.device & DEVICE_LBA) == 0) {
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
            default -> task.status = IDLE_STATUS | STATUS_DATA_REQUEST;
        }
    }

    private void nextIn() {
        int now = Math.min(block, left);
        if (readSectors(buffer, now)) {
            window(now * SECTOR);
            task.interrupt = true;
        }
    }

    private void nextOut() {
        window(Math.min(block, left) * SECTOR);
    }

    private void window(int bytes) {
        position = 0;
        end = bytes;
        task.status = IDLE_STATUS | STATUS_DATA_REQUEST;
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
        task.count = left & (wide ? 0xffff : 0xff);
        name(sector - 1);
    }

    /** DATA SET MANAGEMENT, of which there is TRIM (ATA8-ACS-2, 7.10): sectors with ranges come by DMA. */
    private void wantRanges() {
        if (task.features != FEATURE_TRIM || backend.readOnly()) {
            fail(ERROR_ABORT);
            return;
        }
        left = (task.count & 0xff) == 0 ? NARROW_COUNT_MOST : task.count & 0xff;
        sector = 0;
        trims = true;
        phase = Phase.DMA_OUT;
        task.status = IDLE_STATUS | STATUS_DATA_REQUEST;
    }

    /** Ranges of a 48-bit address and a 16-bit count each; those without sectors say nothing. */
    private boolean trim(byte[] data, int bytes) {
        ByteBuffer ranges = ByteBuffer.wrap(data, 0, bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (ranges.hasRemaining()) {
            long range = ranges.getLong();
            long from = range & 0xffff_ffff_ffffL;
            long count = range >>> 48;
            if (count > 0 && from > sectors - count) {
                fail(ERROR_ABORT);
                return false;
            }
            try {
                if (count > 0) {
                    backend.discard(from * SECTOR, count * SECTOR);
                }
            } catch (IOException e) {
                fail(ERROR_ABORT);
                return false;
            }
        }
        left -= bytes / SECTOR;
        return true;
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
        if ((task.device & DEVICE_LBA) == 0) {
            fail(ERROR_ABORT);
            return;
        }
        name(wide ? sectors - 1 : Math.min(sectors - 1, 0x0fff_ffff));
        done();
    }

    private void setGeometry() {
        int perTrack = task.count & 0xff;
        if (perTrack == 0) {
            fail(ERROR_ABORT);
            return;
        }
        geometry = new Geometry((task.device & DEVICE_HEAD) + 1, perTrack);
        done();
    }

    private void setMultiple() {
        int wanted = task.count & 0xff;
        if (wanted > MULTIPLE_MOST || Integer.bitCount(wanted) > 1) {
            fail(ERROR_ABORT);
            return;
        }
        multiple = wanted;
        done();
    }

    private void identify() {
        byte[] words = IdentifyData.of(identity, sectors, geometry, multiple, mode.multiword(), writeCache, lookAhead, !backend.readOnly());
        System.arraycopy(words, 0, buffer, 0, SECTOR);
        left = 0;
        block = 1;
        phase = Phase.IN;
        window(SECTOR);
        task.interrupt = true;
    }

    private void setFeatures() {
        switch (task.features) {
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
                if (!mode.select(task.count & 0xff)) {
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

    // --- data

    @Override
    public int readData(int size) {
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
                task.status = IDLE_STATUS;
                phase = Phase.IDLE;
            }
        }
        return value;
    }

    @Override
    public void writeData(int size, int value) {
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
            task.interrupt = true;
        } else if (writeCache || flushed()) {
            done();
        }
    }

    // --- DMA, driven by the bus master

    @Override
    public boolean wantsDma() {
        return (phase == Phase.DMA_IN || phase == Phase.DMA_OUT) && left > 0;
    }

    @Override
    public boolean dmaIn() {
        return phase == Phase.DMA_IN;
    }

    @Override
    public long dmaBytes() {
        return (long) left * SECTOR;
    }

    @Override
    public boolean dma(byte[] data, int bytes) {
        if (trims) {
            return trim(data, bytes);
        }
        return phase == Phase.DMA_IN ? readSectors(data, bytes / SECTOR) : writeSectors(data, bytes / SECTOR);
    }

    @Override
    public void dmaCut() {
        phase = Phase.IDLE;
        task.status = IDLE_STATUS;
    }

    @Override
    public void dmaDone() {
        if (phase == Phase.DMA_IN || writeCache || flushed()) {
            done();
        }
    }

    // --- state

    @Override
    public void save(DataOutputStream out) throws IOException {
        task.save(out);
        for (int value : new int[] {geometry.heads(), geometry.sectors(), multiple, mode.multiword(), phase.ordinal(), left, block, position, end}) {
            out.writeInt(value);
        }
        out.writeBoolean(writeCache);
        out.writeBoolean(lookAhead);
        out.writeBoolean(wide);
        out.writeBoolean(trims);
        out.writeLong(sector);
        out.write(buffer);
    }

    @Override
    public void load(DataInputStream in) throws IOException {
        task.load(in);
        geometry = new Geometry(Math.clamp(in.readInt(), 1, 16), Math.clamp(in.readInt(), 1, 255));
        multiple = Math.clamp(Integer.highestOneBit(in.readInt()), 0, MULTIPLE_MOST);
        mode.load(in.readInt());
        int ordinal = in.readInt();
        phase = ordinal >= 0 && ordinal < Phase.values().length ? Phase.values()[ordinal] : Phase.IDLE;
        left = Math.clamp(in.readInt(), 0, WIDE_COUNT_MOST);
        block = Math.clamp(in.readInt(), 0, MULTIPLE_MOST);
        position = Math.clamp(in.readInt(), 0, buffer.length);
        end = Math.clamp(in.readInt(), 0, buffer.length);
        writeCache = in.readBoolean();
        lookAhead = in.readBoolean();
        wide = in.readBoolean();
        trims = in.readBoolean();
        sector = in.readLong();
        in.readFully(buffer);
        if (sector < 0 || sector > sectors || left > sectors - sector || (phase == Phase.IN || phase == Phase.OUT) && block == 0) {
            phase = Phase.IDLE;
            task.status = IDLE_STATUS;
            left = 0;
        }
    }
}
