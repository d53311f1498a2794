package proteus.board.firmware;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** The firmware configuration device fw_cfg (QEMU docs/specs/fw_cfg) at 0x510, with DMA at 0x514. Items are read-only. */
public final class FwCfg implements Part {
    private static final int SIGNATURE = 0x00;
    private static final int ID = 0x01;
    private static final int UUID = 0x02;
    private static final int RAM_SIZE = 0x03;
    private static final int CPUS = 0x05;
    private static final int KERNEL_SIZE = 0x08;
    private static final int INITRD_SIZE = 0x0b;
    private static final int MAX_CPUS = 0x0f;
    private static final int KERNEL_DATA = 0x11;
    private static final int INITRD_DATA = 0x12;
    private static final int COMMAND_LINE_SIZE = 0x14;
    private static final int COMMAND_LINE_DATA = 0x15;
    private static final int SETUP_SIZE = 0x17;
    private static final int SETUP_DATA = 0x18;
    private static final int DIRECTORY = 0x19;
    private static final int FIRST_FILE = 0x20;
    /** Bit 15 selects items of the architecture, of which there are none; bit 14 once was for writing. */
    private static final int KEY_MASK = 0xbfff;

    /** Bit 0: the port interface; bit 1: DMA. */
    private static final int FEATURES = 3;

    private static final long DMA_SIGNATURE = 0x51454d5520434647L;
    private static final int DMA_ERROR = 0x01;
    private static final int DMA_READ = 0x02;
    private static final int DMA_SKIP = 0x04;
    private static final int DMA_SELECT = 0x08;
    private static final int DMA_WRITE = 0x10;
    private static final int CHUNK = 4096;
    private static final int NAME_LENGTH = 56;
    private static final byte[] EMPTY = new byte[0];

    private final GuestMemory memory;
    private final Map<Integer, byte[]> items = new TreeMap<>();
    private final Map<String, byte[]> files = new TreeMap<>();
    private int key;
    /** Unsigned: a guest may skip far beyond the end. */
    private long position;

    private int dmaHigh;

    public FwCfg(GuestMemory memory, int vcpus) {
        this.memory = memory;
        items.put(SIGNATURE, "QEMU".getBytes(StandardCharsets.US_ASCII));
        items.put(ID, littleEndian(FEATURES, 4));
        items.put(RAM_SIZE, littleEndian(memory.size(), 8));
        items.put(CPUS, littleEndian(vcpus, 2));
        items.put(MAX_CPUS, littleEndian(vcpus, 2));
        directory();
    }

    /**
     * Adds an item. The names {@code uuid}, {@code kernel}, {@code initrd}, {@code cmdline} and {@code setup} are the items of
     * those purposes; every other name becomes a file.
     */
    public void file(String name, byte[] content) {
        switch (name) {
            case "uuid" -> items.put(UUID, content.clone());
            case "kernel" -> pair(KERNEL_SIZE, KERNEL_DATA, content);
            case "initrd" -> pair(INITRD_SIZE, INITRD_DATA, content);
            case "setup" -> pair(SETUP_SIZE, SETUP_DATA, content);
            case "cmdline" -> pair(COMMAND_LINE_SIZE, COMMAND_LINE_DATA, Arrays.copyOf(content, content.length + 1));
            default -> {
                if (name.length() >= NAME_LENGTH) {
                    throw new IllegalArgumentException("The firmware file name %s is longer than %d characters.".formatted(name, NAME_LENGTH - 1));
                }
                files.put(name, content.clone());
                directory();
            }
        }
    }

    private void pair(int size, int data, byte[] content) {
        items.put(size, littleEndian(content.length, 4));
        items.put(data, content.clone());
    }

    /** Files are numbered in the order of their names; the directory is big-endian. */
    private void directory() {
        items.keySet().removeIf(item -> item >= FIRST_FILE);
        ByteBuffer out = ByteBuffer.allocate(4 + 64 * files.size()).putInt(files.size());
        int next = FIRST_FILE;
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            out.putInt(file.getValue().length).putShort((short) next).putShort((short) 0);
            out.put(Arrays.copyOf(file.getKey().getBytes(StandardCharsets.US_ASCII), NAME_LENGTH));
            items.put(next++, file.getValue());
        }
        items.put(DIRECTORY, out.array());
    }

    private static byte[] littleEndian(long value, int size) {
        byte[] raw = new byte[size];
        for (int i = 0; i < size; i++) {
            raw[i] = (byte) (value >>> 8 * i);
        }
        return raw;
    }

    /** Puts the device on the bus. */
    public void attach(Bus ports) {
        ports.attach(0x510, 2, "fw_cfg", new BusDevice() {
            @Override
            public long read(long offset, int size) {
                // The selector is write-only; the data port is 8 bits wide.
                return offset == 1 ? next() : 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == 0 && size == 2) {
                    select((int) value);
                }
            }
        });
        ports.attach(0x514, 8, "fw_cfg DMA", new BusDevice() {
            @Override
            public long read(long offset, int size) {
                // Big-endian: the first byte of the signature is at the lowest port.
                long value = 0;
                for (int i = 0; i < size && offset + i < 8; i++) {
                    value |= (DMA_SIGNATURE >>> 8 * (7 - offset - i) & 0xff) << 8 * i;
                }
                return value;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (size == 4 && offset == 0) {
                    dmaHigh = Integer.reverseBytes((int) value);
                } else if (size == 4 && offset == 4) {
                    long address = (long) dmaHigh << 32 | Integer.reverseBytes((int) value) & 0xffff_ffffL;
                    dmaHigh = 0;
                    transfer(address);
                } else if (size == 8 && offset == 0) {
                    transfer(Long.reverseBytes(value));
                }
            }
        });
    }

    private void select(int value) {
        key = value & KEY_MASK;
        position = 0;
    }

    private byte[] item() {
        return items.getOrDefault(key, EMPTY);
    }

    private int next() {
        byte[] item = item();
        return position < item.length ? item[(int) position++] & 0xff : 0;
    }

    /** A DMA access: control, length, address at a guest address; the outcome goes to the control field. */
    private void transfer(long descriptor) {
        try {
            int control = Integer.reverseBytes(memory.read32(descriptor));
            long length = Integer.reverseBytes(memory.read32(descriptor + 4)) & 0xffff_ffffL;
            long address = Long.reverseBytes(memory.read64(descriptor + 8));
            boolean done = perform(control, length, address);
            memory.write32(descriptor, Integer.reverseBytes(done ? 0 : DMA_ERROR));
        } catch (GuestMemoryException nobody) {
            // A descriptor outside RAM: there is no place to report to.
            dmaHigh = 0;
        }
    }

    private boolean perform(int control, long length, long address) {
        if ((control & DMA_SELECT) != 0) {
            select(control >>> 16);
        }
        if ((control & DMA_READ) != 0) {
            return copy(length, address);
        }
        if ((control & DMA_WRITE) != 0) {
            return false;
        }
        if ((control & DMA_SKIP) != 0) {
            position += length;
        }
        return true;
    }

    /** What is beyond the end of an item reads as zeros. */
    private boolean copy(long length, long address) {
        if (length != 0 && !memory.contains(address, length)) {
            return false;
        }
        byte[] item = item();
        byte[] chunk = new byte[CHUNK];
        for (long done = 0; done < length; ) {
            int part = (int) Math.min(CHUNK, length - done);
            int real = Math.clamp(item.length - position, 0, part);
            if (real > 0) {
                System.arraycopy(item, (int) position, chunk, 0, real);
            }
            Arrays.fill(chunk, real, part, (byte) 0);
            memory.write(address + done, chunk, 0, part);
            position += part;
            done += part;
        }
        return true;
    }

    @Override
    public String name() {
        return "fw_cfg";
    }

    @Override
    public String describe() {
        return "fw_cfg with %d files".formatted(files.size());
    }

    @Override
    public void reset() {
        key = 0;
        position = 0;
        dmaHigh = 0;
    }

    @Override
    public void save(StateWriter out) {
        out.putInt(key).putLong(position).putInt(dmaHigh).putInt(items.size());
        items.forEach((item, content) -> out.putInt(item).putBytes(content));
        out.putInt(files.size());
        files.forEach((name, content) -> out.putBytes(name.getBytes(StandardCharsets.US_ASCII)).putBytes(content));
    }

    @Override
    public void load(StateReader in) {
        key = in.takeInt() & KEY_MASK;
        position = Math.max(0, in.takeLong());
        dmaHigh = in.takeInt();
        items.clear();
        for (int i = in.takeInt(); i > 0; i--) {
            items.put(in.takeInt(), in.takeBytes());
        }
        files.clear();
        for (int i = in.takeInt(); i > 0; i--) {
            files.put(new String(in.takeBytes(), StandardCharsets.US_ASCII), in.takeBytes());
        }
    }
}
