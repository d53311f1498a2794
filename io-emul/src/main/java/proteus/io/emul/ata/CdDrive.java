package proteus.io.emul.ata;

import static proteus.io.emul.ata.Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import proteus.api.io.BlockBackend;

/**
 * A CD-ROM drive (ATA/ATAPI-6, 9.9 PACKET; SFF-8020i; MMC-3) with a disc that is there from the start and stays, or without any: nothing
 * changes, so there is no unit attention condition. Packets are carried out as soon as their last byte is here.
 */
final class CdDrive implements Drive {
    /** Bytes of a block of the disc. */
    static final int BLOCK = 2048;

    private static final int PACKET_BYTES = 12;
    /** Most bytes of one burst of programmed I/O: the byte count has 16 bits and is even. */
    private static final int BURST_MOST = 0xfffe;
    private static final int POWER_ACTIVE = 0xff;

    /** Interrupt reason, in the place of the sector count: a packet is wanted, or the command is over; the drive gives. */
    private static final int REASON_COMMAND = 0x01;

    private static final int REASON_IN = 0x02;
    private static final int FEATURE_DMA = 0x01;
    private static final int FEATURE_OVERLAPPED = 0x02;
    private static final int FEATURE_TRANSFER_MODE = 0x03;

    private static final int IDLE_STATUS = STATUS_READY | STATUS_SEEK_COMPLETE;

    /** What the data register, or the bus master, is for now. */
    private enum Phase {
        IDLE,
        PACKET,
        IN,
        DMA_IN
    }

    /** Null in a drive without a disc. */
    private final BlockBackend disc;

    private final DriveIdentity identity;
    private final long blocks;
    private final TaskFile task = new TaskFile();
    private final TransferMode mode = new TransferMode();

    private Phase phase = Phase.IDLE;
    private boolean dma;
    private int limit;
    private Sense sense = Sense.NOTHING;
    private final byte[] packet = new byte[PACKET_BYTES];
    /** What is still to be given: the rest of an answer, or of the disc from a byte on. */
    private byte[] answer = new byte[0];

    private long from;
    private long left;
    /** The burst in the data register. */
    private final byte[] buffer = new byte[BURST_MOST];

    private int position;
    private int end;

    CdDrive(BlockBackend disc, DriveIdentity identity) {
        this.disc = disc;
        this.identity = identity;
        blocks = disc == null ? 0 : disc.size() / BLOCK;
        reset();
    }

    @Override
    public TaskFile task() {
        return task;
    }

    @Override
    public void signature() {
        task.signature(TaskFile.PACKET_SIGNATURE);
    }

    /** A packet device is not ready for ATA's commands after a reset, and says so (ATA/ATAPI-6, 9.12). */
    @Override
    public void reset() {
        signature();
        task.status = 0;
        task.interrupt = false;
        phase = Phase.IDLE;
        answer = new byte[0];
        left = 0;
        position = 0;
        end = 0;
    }

    @Override
    public void powerOn() {
        mode.reset();
        sense = Sense.NOTHING;
        dma = false;
        limit = 0;
        from = 0;
        task.features = 0;
        reset();
    }

    // --- commands of ATA

    @Override
    public void execute(int code) {
        Command command = Command.of(code);
        task.interrupt = false;
        phase = Phase.IDLE;
        task.status = IDLE_STATUS;
        task.error = 0;
        switch (command == null ? Command.Kind.UNKNOWN : command.kind) {
            case PACKET -> wantPacket();
            case IDENTIFY_PACKET -> {
                dma = false;
                limit = Disk.SECTOR;
                give(IdentifyData.ofCdDrive(identity, mode.multiword()), Disk.SECTOR);
            }
            case DEVICE_RESET -> reset();
            case DIAGNOSTIC -> {
                reset();
                task.interrupt = true;
            }
            case NOTHING, FLUSH -> done();
            case CHECK_POWER -> {
                task.count = POWER_ACTIVE;
                done();
            }
            case SET_FEATURES -> {
                if (task.features == FEATURE_TRANSFER_MODE && mode.select(task.count & 0xff)) {
                    done();
                } else {
                    abort();
                }
            }
            case IDENTIFY, READ -> {
                // How a driver learns that this is no disk (ATA/ATAPI-6, 8.15.5.2).
                signature();
                abort();
            }
            default -> abort();
        }
    }

    private void done() {
        phase = Phase.IDLE;
        task.status = IDLE_STATUS;
        task.interrupt = true;
    }

    private void abort() {
        phase = Phase.IDLE;
        task.error = ERROR_ABORT;
        task.status = IDLE_STATUS | STATUS_ERROR;
        task.interrupt = true;
    }

    /** The packet is asked for without an interrupt. */
    private void wantPacket() {
        if ((task.features & FEATURE_OVERLAPPED) != 0) {
            abort();
            return;
        }
        dma = (task.features & FEATURE_DMA) != 0;
        int wished = (task.high & 0xff) << 8 | task.mid & 0xff;
        limit = wished == 0 ? BURST_MOST : Math.min(wished, BURST_MOST);
        phase = Phase.PACKET;
        position = 0;
        task.count = REASON_COMMAND;
        task.status = IDLE_STATUS | STATUS_DATA_REQUEST;
    }

    // --- commands in packets

    private void carryOut() {
        ByteBuffer bytes = ByteBuffer.wrap(packet);
        int code = packet[0] & 0xff;
        if (code != CdCommand.REQUEST_SENSE) {
            sense = Sense.NOTHING;
        }
        if (disc == null && CdCommand.needsDisc(code)) {
            fail(Sense.NO_DISC);
            return;
        }
        switch (code) {
            case CdCommand.TEST_UNIT_READY, CdCommand.PREVENT_REMOVAL, CdCommand.SET_SPEED, CdCommand.SYNCHRONIZE -> success();
            case CdCommand.REQUEST_SENSE -> {
                byte[] said = CdResponses.sense(sense);
                sense = Sense.NOTHING;
                give(said, packet[4] & 0xff);
            }
            case CdCommand.INQUIRY -> {
                if ((packet[1] & 1) != 0) {
                    fail(Sense.BAD_FIELD);
                } else {
                    give(CdResponses.inquiry(), bytes.getShort(3) & 0xffff);
                }
            }
            case CdCommand.START_STOP -> {
                if ((packet[4] & 0x03) == 0x02) {
                    fail(Sense.REMOVAL_PREVENTED);
                } else {
                    success();
                }
            }
            case CdCommand.READ_CAPACITY -> give(CdResponses.capacity(blocks), 8);
            case CdCommand.SEEK -> {
                if ((bytes.getInt(2) & 0xffff_ffffL) >= blocks) {
                    fail(Sense.OUT_OF_RANGE);
                } else {
                    success();
                }
            }
            case CdCommand.READ_10 -> read(bytes.getInt(2), bytes.getShort(7) & 0xffff);
            case CdCommand.READ_12 -> read(bytes.getInt(2), bytes.getInt(6) & 0xffff_ffffL);
            case CdCommand.READ_CD -> readCd(bytes);
            case CdCommand.READ_TOC -> {
                // The format's old place is the last byte (SFF-8020i, 9.8.14).
                int format = (packet[2] & 0x0f) != 0 ? packet[2] & 0x0f : packet[9] >> 6 & 0x03;
                giveOrFail(CdResponses.toc(blocks, format, packet[6] & 0xff, (packet[1] & 2) != 0), bytes.getShort(7) & 0xffff);
            }
            case CdCommand.GET_CONFIGURATION -> {
                if ((packet[1] & 3) == 3) {
                    fail(Sense.BAD_FIELD);
                } else {
                    give(CdResponses.configuration(blocks, bytes.getShort(2) & 0xffff, (packet[1] & 3) == 2), bytes.getShort(7) & 0xffff);
                }
            }
            case CdCommand.GET_EVENT -> {
                // Only polling: there is no queue of events to wait for.
                giveOrFail((packet[1] & 1) == 0 ? null : CdResponses.event(disc != null, packet[4] & 0xff), bytes.getShort(7) & 0xffff);
            }
            case CdCommand.READ_DISC_INFORMATION -> giveOrFail((packet[1] & 7) == 0 ? CdResponses.disc() : null, bytes.getShort(7) & 0xffff);
            case CdCommand.MODE_SENSE_10 -> {
                if ((packet[2] & 0xc0) == 0xc0) {
                    fail(Sense.SAVING_UNSUPPORTED);
                } else {
                    giveOrFail((packet[2] & 0xc0) == 0 ? CdResponses.modes(packet[2] & 0x3f) : null, bytes.getShort(7) & 0xffff);
                }
            }
            case CdCommand.MECHANISM_STATUS -> give(CdResponses.mechanism(), bytes.getShort(8) & 0xffff);
            default -> fail(Sense.NO_SUCH_COMMAND);
        }
    }

    private void success() {
        task.count = REASON_COMMAND | REASON_IN;
        done();
    }

    private void fail(Sense why) {
        sense = why;
        task.count = REASON_COMMAND | REASON_IN;
        task.error = why.key << 4 | ERROR_ABORT;
        task.status = IDLE_STATUS | STATUS_ERROR;
        phase = Phase.IDLE;
        task.interrupt = true;
    }

    private void read(int block, long count) {
        long first = block & 0xffff_ffffL;
        if (first > blocks || count > blocks - first) {
            fail(Sense.OUT_OF_RANGE);
            return;
        }
        answer = new byte[0];
        from = first * BLOCK;
        left = count * BLOCK;
        begin();
    }

    /** READ CD (MMC-3, 5.18) of the user data alone: the rest of a raw sector is not in an image. */
    private void readCd(ByteBuffer bytes) {
        int count = (packet[6] & 0xff) << 16 | (packet[7] & 0xff) << 8 | packet[8] & 0xff;
        switch (packet[9] & 0xf8) {
            case 0x00 -> success();
            case 0x10 -> read(bytes.getInt(2), count);
            default -> fail(Sense.BAD_FIELD);
        }
    }

    private void giveOrFail(byte[] content, int wished) {
        if (content == null) {
            fail(Sense.BAD_FIELD);
        } else {
            give(content, wished);
        }
    }

    private void give(byte[] content, int wished) {
        answer = content;
        from = 0;
        left = Math.min(content.length, wished);
        begin();
    }

    private void begin() {
        if (left == 0) {
            success();
        } else if (dma) {
            phase = Phase.DMA_IN;
            task.count = REASON_IN;
            task.status = IDLE_STATUS | STATUS_DATA_REQUEST;
        } else {
            phase = Phase.IN;
            burst();
        }
    }

    /** Puts the next bytes into the data register: as many as the driver allows at a time, an even number unless they are the last. */
    private void burst() {
        int most = left > limit && limit > 1 ? limit & ~1 : limit;
        int now = (int) Math.min(left, most);
        if (take(buffer, now)) {
            position = 0;
            end = now;
            task.mid = now & 0xff;
            task.high = now >> 8;
            task.count = REASON_IN;
            task.status = IDLE_STATUS | STATUS_DATA_REQUEST;
            task.interrupt = true;
        }
    }

    private boolean take(byte[] target, int bytes) {
        if (answer.length > 0) {
            System.arraycopy(answer, (int) from, target, 0, bytes);
        } else {
            try {
                disc.read(from, target, 0, bytes);
            } catch (IOException e) {
                fail(Sense.READ_ERROR);
                return false;
            }
        }
        from += bytes;
        left -= bytes;
        return true;
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
        position += Math.max(size, 2);
        if (position >= end) {
            if (left > 0) {
                burst();
            } else {
                success();
            }
        }
        return value;
    }

    @Override
    public void writeData(int size, int value) {
        if (phase != Phase.PACKET) {
            return;
        }
        for (int i = 0; i < size && position + i < PACKET_BYTES; i++) {
            packet[position + i] = (byte) (value >>> 8 * i);
        }
        position += Math.max(size, 2);
        if (position >= PACKET_BYTES) {
            task.status = IDLE_STATUS;
            carryOut();
        }
    }

    @Override
    public boolean wantsDma() {
        return phase == Phase.DMA_IN && left > 0;
    }

    @Override
    public boolean dmaIn() {
        return true;
    }

    @Override
    public long dmaBytes() {
        return left;
    }

    @Override
    public boolean dma(byte[] data, int bytes) {
        return take(data, bytes);
    }

    @Override
    public void dmaCut() {
        phase = Phase.IDLE;
        task.status = IDLE_STATUS;
    }

    @Override
    public void dmaDone() {
        success();
    }

    // --- state

    @Override
    public void save(DataOutputStream out) throws IOException {
        task.save(out);
        out.writeInt(mode.multiword());
        out.writeInt(phase.ordinal());
        out.writeBoolean(dma);
        out.writeInt(limit);
        out.writeInt(sense.ordinal());
        out.write(packet);
        out.writeInt(answer.length);
        out.write(answer);
        out.writeLong(from);
        out.writeLong(left);
        out.writeInt(position);
        out.writeInt(end);
        out.write(buffer, 0, end);
    }

    @Override
    public void load(DataInputStream in) throws IOException {
        task.load(in);
        mode.load(in.readInt());
        phase = Phase.values()[Math.clamp(in.readInt(), 0, Phase.values().length - 1)];
        dma = in.readBoolean();
        limit = Math.clamp(in.readInt(), 1, BURST_MOST);
        sense = Sense.values()[Math.clamp(in.readInt(), 0, Sense.values().length - 1)];
        in.readFully(packet);
        answer = new byte[Math.clamp(in.readInt(), 0, Disk.SECTOR)];
        in.readFully(answer);
        from = in.readLong();
        left = in.readLong();
        position = Math.clamp(in.readInt(), 0, buffer.length);
        end = Math.clamp(in.readInt(), 0, buffer.length);
        in.readFully(buffer, 0, end);
        long there = answer.length > 0 ? answer.length : blocks * BLOCK;
        if (from < 0 || from > there || left < 0 || left > there - from) {
            phase = Phase.IDLE;
            task.status = IDLE_STATUS;
            left = 0;
        }
    }
}
