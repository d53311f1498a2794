package proteus.io.virtio.device;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import proteus.api.io.BlockBackend;
import proteus.api.io.DeviceRole;
import proteus.io.virtio.core.Chain;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.RingException;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;

/** The block device (virtio 1.2, 5.2): read, write, flush, discard, write zeroes, identity; on several queues alike. */
public final class BlockModel implements DeviceModel {
    static final int SECTOR = 512;
    static final int SEGMENT_BYTES = 1 << 16;
    /** What a chain has room for besides header and status. */
    static final int SEGMENTS = SplitQueue.MOST - 2;

    private static final int TYPE = 2;
    private static final long SIZE_MAX = 1 << 1;
    private static final long SEG_MAX = 1 << 2;
    private static final long READ_ONLY = 1 << 5;
    private static final long BLOCK_SIZE = 1 << 6;
    private static final long FLUSH = 1 << 9;
    private static final long MULTIPLE_QUEUES = 1 << 12;
    private static final long DISCARD = 1 << 13;
    private static final long WRITE_ZEROES = 1 << 14;
    private static final int QUEUES = 4;

    private static final int REQUEST_IN = 0;
    private static final int REQUEST_OUT = 1;
    private static final int REQUEST_FLUSH = 4;
    private static final int REQUEST_IDENTITY = 8;
    private static final int REQUEST_DISCARD = 11;
    private static final int REQUEST_WRITE_ZEROES = 13;
    /** struct virtio_blk_discard_write_zeroes: sector, number of sectors, flags (5.2.6). */
    private static final int RANGE = 16;

    private static final int RANGES_MOST = 16;
    private static final int RANGE_UNMAP = 1;
    /** Sectors of one range: 1 GiB, where the image's tables change; 32 MiB, where zeros may have to be written. */
    private static final int DISCARD_MOST = 1 << 21;

    private static final int ZEROES_MOST = 1 << 16;
    private static final int HEADER = 16;
    private static final int IDENTITY = 20;
    private static final long MOST = (long) SEGMENTS * SEGMENT_BYTES;

    private static final int OK = 0;
    private static final int IO_ERROR = 1;
    private static final int UNSUPPORTED = 2;

    private final BlockBackend backend;
    private final byte[] configuration;
    private final byte[] identity;
    private final byte[] bytes = new byte[SEGMENT_BYTES];
    private final ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);

    /** @param serial number, of which the driver gets the first 20 bytes (5.2.6.2) */
    public BlockModel(BlockBackend backend, String serial) {
        this.backend = backend;
        // struct virtio_blk_config (5.2.4): capacity in sectors, size_max, seg_max, geometry, blk_size, topology, writeback;
        // num_queues; max_discard_sectors and _seg, discard_sector_alignment; max_write_zeroes_sectors and _seg, write_zeroes_may_unmap.
        configuration = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(backend.size() / SECTOR).putInt(SEGMENT_BYTES).putInt(SEGMENTS).putInt(0).putInt(SECTOR).putLong(0).putShort((short) 0)
                .putShort((short) QUEUES)
                .putInt(DISCARD_MOST).putInt(RANGES_MOST).putInt(1)
                .putInt(ZEROES_MOST).putInt(RANGES_MOST).put((byte) 1).array();
        identity = Arrays.copyOf(serial.getBytes(StandardCharsets.US_ASCII), IDENTITY);
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public String name() {
        return "block";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.DISK;
    }

    @Override
    public long features() {
        return SIZE_MAX | SEG_MAX | BLOCK_SIZE | FLUSH | MULTIPLE_QUEUES | (backend.readOnly() ? READ_ONLY : DISCARD | WRITE_ZEROES);
    }

    @Override
    public int queues() {
        return QUEUES;
    }

    @Override
    public int configurationLength() {
        return configuration.length;
    }

    @Override
    public int readConfiguration(int offset) {
        return configuration[offset] & 0xff;
    }

    @Override
    public void serve(VirtioCore core, int index) throws RingException {
        SplitQueue queue = core.queue(index);
        for (Chain chain = queue.next(); chain != null; chain = queue.next()) {
            // Without a header or room for the status there is nothing to answer (5.2.6).
            if (chain.readable() < HEADER || chain.writable() < 1) {
                throw new RingException("a block request without header or status");
            }
            core.done(queue, request(core, chain));
        }
    }

    /** Does a request and puts its status in the last writable byte; gives how much was written from the start on. */
    private long request(VirtioCore core, Chain chain) {
        chain.read(header.array(), 0, HEADER);
        long room = chain.writable() - 1;
        long data = 0;
        int status;
        try {
            switch (header.getInt(0)) {
                case REQUEST_IN -> {
                    status = inRange(header.getLong(8), room) ? OK : IO_ERROR;
                    if (status == OK) {
                        read(chain, header.getLong(8) * SECTOR, room);
                        data = room;
                    }
                }
                case REQUEST_OUT -> {
                    long length = chain.readable() - HEADER;
                    status = !backend.readOnly() && inRange(header.getLong(8), length) ? OK : IO_ERROR;
                    if (status == OK) {
                        write(chain, header.getLong(8) * SECTOR, length);
                        if ((core.accepted() & FLUSH) == 0) {
                            // A driver that cannot ask for it relies on a write-through cache (5.2.6.2).
                            backend.flush();
                        }
                    }
                }
                case REQUEST_FLUSH -> {
                    backend.flush();
                    status = OK;
                }
                case REQUEST_DISCARD -> status = ranges(core, chain, DISCARD_MOST, false);
                case REQUEST_WRITE_ZEROES -> status = ranges(core, chain, ZEROES_MOST, true);
                case REQUEST_IDENTITY -> {
                    status = room >= IDENTITY ? OK : IO_ERROR;
                    data = status == OK ? chain.write(identity, 0, IDENTITY) : 0;
                }
                default -> status = UNSUPPORTED;
            }
        } catch (IOException e) {
            status = IO_ERROR;
        }
        chain.writeLast(status);
        return data == room ? room + 1 : data;
    }

    /**
     * Discards ranges, or writes zeros there (5.2.6.2): flags that are not known are unsupported, and so is unmap with a discard, which
     * says it by itself.
     *
     * @param most sectors of one range
     */
    private int ranges(VirtioCore core, Chain chain, int most, boolean zeroes) throws IOException {
        long length = chain.readable() - HEADER;
        if (backend.readOnly() || length % RANGE != 0 || length > (long) RANGES_MOST * RANGE) {
            return IO_ERROR;
        }
        ByteBuffer all = ByteBuffer.allocate((int) length).order(ByteOrder.LITTLE_ENDIAN);
        chain.read(all.array(), 0, (int) length);
        for (int at = 0; at < length; at += RANGE) {
            int flags = all.getInt(at + 12);
            if ((flags & ~RANGE_UNMAP) != 0 || !zeroes && flags != 0) {
                return UNSUPPORTED;
            }
            long sectors = all.getInt(at + 8) & 0xffff_ffffL;
            if (sectors > most || !onDisk(all.getLong(at), sectors)) {
                return IO_ERROR;
            }
        }
        for (int at = 0; at < length; at += RANGE) {
            long offset = all.getLong(at) * SECTOR;
            long bytes = (all.getInt(at + 8) & 0xffff_ffffL) * SECTOR;
            if (zeroes) {
                backend.writeZeroes(offset, bytes, (all.getInt(at + 12) & RANGE_UNMAP) != 0);
            } else {
                backend.discard(offset, bytes);
            }
        }
        if ((core.accepted() & FLUSH) == 0) {
            backend.flush();
        }
        return OK;
    }

    /** Whether it is whole sectors of the disk, and no more than the limits told in the configuration allow. */
    private boolean inRange(long sector, long length) {
        return length % SECTOR == 0 && length <= MOST && onDisk(sector, length / SECTOR);
    }

    private boolean onDisk(long sector, long count) {
        long sectors = backend.size() / SECTOR;
        return sector >= 0 && sector <= sectors && count <= sectors - sector;
    }

    private void read(Chain chain, long from, long length) throws IOException {
        for (long done = 0; done < length; ) {
            int now = (int) Math.min(SEGMENT_BYTES, length - done);
            backend.read(from + done, bytes, 0, now);
            chain.write(bytes, 0, now);
            done += now;
        }
    }

    private void write(Chain chain, long to, long length) throws IOException {
        for (long done = 0; done < length; ) {
            int now = chain.read(bytes, 0, (int) Math.min(SEGMENT_BYTES, length - done));
            backend.write(to + done, bytes, 0, now);
            done += now;
        }
    }
}
