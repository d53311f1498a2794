package proteus.io.emul.net;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.InterruptLine;
import proteus.api.io.NetBackend;
import proteus.api.io.Timers;

/**
 * An NE2000 on the ISA bus, QEMU's {@code ne2k_isa}: a DP8390 at ports 0 to 15, its remote DMA as a data port at 16, a reset port at 24.
 * The card's memory has its address PROM at 0, each byte twice, and 32 KiB of packet memory at 0x4000.
 */
public final class Ne2000 implements Device, BusDevice, NetBackend.Card {
    private static final int[] BASES = {0x300, 0x320, 0x340, 0x360};
    /** Not 9, as in QEMU: that is the ACPI interrupt of this board. */
    private static final int[] INTERRUPTS = {5, 7, 3, 10};
    private static final int PORTS = 32;
    private static final int DATA = 0x10;
    private static final int RESET = 0x18;
    private static final int STATE_VERSION = 1;

    private static final int MEMORY = 0xc000;
    private static final int RAM = 0x4000;
    private static final int PROM = 32;
    private static final int PAGE = 256;
    private static final int HEADER = 4;
    private static final int LEAST = 60;
    /** A byte at 10 Mb/s. */
    private static final long BYTE_NANOS = 800;
    /** Between two frames (IEEE 802.3, 4.4.2). */
    private static final int GAP_BYTES = 24;

    /** Command register. */
    private static final int STOP = 1, START = 2, TRANSMIT = 4, REMOTE_READ = 8, REMOTE_WRITE = 0x10, REMOTE_ABORT = 0x20, REMOTE = 0x38;
    /** Interrupt status. */
    private static final int RECEIVED = 1, TRANSMITTED = 2, REMOTE_DONE = 0x40, RESET_STATE = 0x80;
    /** Receive configuration. */
    private static final int BROADCAST = 4, MULTICAST = 8, PROMISCUOUS = 0x10, MONITOR = 0x20;
    private static final int LOOPBACK = 6;
    private static final int WORDS = 1;

    private static final int GROUP_ADDRESS = 0x20;

    private final byte[] memory = new byte[MEMORY];
    private final EventCounters counters;
    private final NetBackend backend;
    private final InterruptLine line;
    private final Bus.Attachment place;
    private final int base;
    private final int irq;
    private final byte[] frame = new byte[NetBackend.LONGEST];
    private final Timers clock;
    /** When the frame that came last has passed the wire. */
    private final Timers.Timer wire;
    private long quiet;

    private int command;
    private int pageStart;
    private int pageStop;
    private int boundary;
    private int current;
    private int transmitPage;
    private int transmitCount;
    private int transmitStatus;
    private int receiveStatus;
    private int remoteAddress;
    private int remoteCount;
    private int interruptStatus;
    private int interruptMask;
    private int receiveConfiguration;
    private int transmitConfiguration;
    private int dataConfiguration;
    private final byte[] address = new byte[6];
    private final byte[] groups = new byte[8];

    public Ne2000(DeviceContext context, NetBackend backend, int index) {
        if (index < 0 || index >= BASES.length) {
            throw new IllegalArgumentException("An ISA bus has places for %d NE2000 cards; card %d does not fit.".formatted(BASES.length, index));
        }
        this.backend = backend;
        counters = context.counters();
        clock = context.timers();
        wire = clock.create("NE2000 wire", backend::room);
        base = BASES[index];
        irq = INTERRUPTS[index];
        line = context.interrupt(irq);
        place = context.ports().attach(base, PORTS, "NE2000", this);
        byte[] burnt = backend.address();
        for (int i = 0; i < PROM / 2; i++) {
            // The rest says that the card has 16 bits.
            byte value = i < burnt.length ? burnt[i] : (byte) (i >= 14 ? 0x57 : 0);
            memory[2 * i] = value;
            memory[2 * i + 1] = value;
        }
        backend.connect(this);
        reset();
    }

    @Override
    public void reset() {
        Arrays.fill(memory, RAM, MEMORY, (byte) 0);
        Arrays.fill(address, (byte) 0);
        Arrays.fill(groups, (byte) 0);
        pageStart = 0;
        pageStop = 0;
        boundary = 0;
        current = 0;
        transmitPage = 0;
        transmitCount = 0;
        transmitStatus = 0;
        receiveStatus = 0;
        remoteAddress = 0;
        remoteCount = 0;
        interruptMask = 0;
        receiveConfiguration = 0;
        transmitConfiguration = 0;
        dataConfiguration = 0;
        quiet = 0;
        wire.cancel();
        resetChip();
    }

    private void resetChip() {
        command = STOP | REMOTE_ABORT;
        interruptStatus = RESET_STATE;
        update();
    }

    private void raise(int cause) {
        interruptStatus |= cause;
        update();
    }

    private void update() {
        line.set((interruptStatus & interruptMask & 0x7f) != 0);
    }

    // --- the guest's side

    @Override
    public long read(long offset, int size) {
        int at = (int) offset;
        if (at >= RESET) {
            resetChip();
            return -1L >>> 64 - 8 * size;
        }
        if (at >= DATA) {
            return data(size);
        }
        long value = 0;
        for (int i = 0; i < size && at + i < DATA; i++) {
            value |= (long) register(at + i) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        int at = (int) offset;
        if (at >= RESET) {
            return;
        }
        if (at >= DATA) {
            data(size, value);
            return;
        }
        for (int i = 0; i < size && at + i < DATA; i++) {
            register(at + i, (int) (value >> 8 * i) & 0xff);
        }
    }

    private int register(int at) {
        if (at == 0) {
            return command;
        }
        return switch (command >> 6 << 4 | at) {
            case 0x03 -> boundary;
            case 0x04 -> transmitStatus;
            case 0x07 -> interruptStatus;
            case 0x08 -> remoteAddress & 0xff;
            case 0x09 -> remoteAddress >> 8;
            case 0x0c -> receiveStatus;
            case 0x11, 0x12, 0x13, 0x14, 0x15, 0x16 -> address[at - 1] & 0xff;
            case 0x17 -> current;
            case 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f -> groups[at - 8] & 0xff;
            case 0x21 -> pageStart;
            case 0x22 -> pageStop;
            case 0x24 -> transmitPage;
            case 0x2c -> receiveConfiguration | 0xc0;
            case 0x2d -> transmitConfiguration | 0xe0;
            case 0x2e -> dataConfiguration | 0x80;
            case 0x2f -> interruptMask | 0x80;
            // Counters of errors that do not happen, and what the data sheet does not define.
            default -> 0;
        };
    }

    private void register(int at, int value) {
        if (at == 0) {
            command(value);
            return;
        }
        switch (command >> 6 << 4 | at) {
            case 0x01 -> pageStart = value;
            case 0x02 -> pageStop = value;
            case 0x03 -> {
                boundary = value;
                backend.room();
            }
            case 0x04 -> transmitPage = value;
            case 0x05 -> transmitCount = transmitCount & 0xff00 | value;
            case 0x06 -> transmitCount = transmitCount & 0xff | value << 8;
            case 0x07 -> {
                interruptStatus &= ~(value & 0x7f);
                update();
            }
            case 0x08 -> remoteAddress = remoteAddress & 0xff00 | value;
            case 0x09 -> remoteAddress = remoteAddress & 0xff | value << 8;
            case 0x0a -> remoteCount = remoteCount & 0xff00 | value;
            case 0x0b -> remoteCount = remoteCount & 0xff | value << 8;
            case 0x0c -> receiveConfiguration = value & 0x3f;
            case 0x0d -> transmitConfiguration = value & 0x1f;
            case 0x0e -> dataConfiguration = value & 0x7f;
            case 0x0f -> {
                interruptMask = value & 0x7f;
                update();
            }
            case 0x11, 0x12, 0x13, 0x14, 0x15, 0x16 -> address[at - 1] = (byte) value;
            case 0x17 -> current = value;
            case 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f -> groups[at - 8] = (byte) value;
            default -> {
                // Nothing to write there.
            }
        }
    }

    private void command(int value) {
        boolean started = (command & STOP) != 0 && (value & STOP) == 0;
        command = value & ~TRANSMIT;
        if ((value & STOP) != 0) {
            interruptStatus |= RESET_STATE;
            return;
        }
        interruptStatus &= ~RESET_STATE;
        if ((value & (REMOTE_READ | REMOTE_WRITE)) != 0 && remoteCount == 0) {
            raise(REMOTE_DONE);
        }
        if ((value & TRANSMIT) != 0 && (value & START) != 0) {
            transmit();
        }
        if (started) {
            backend.room();
        }
    }

    private void transmit() {
        counters.count(CountedEvent.KICKS);
        int from = transmitPage * PAGE;
        int length = Math.min(transmitCount, frame.length);
        if ((transmitConfiguration & LOOPBACK) == 0 && length >= Checksums.ETHERNET && from >= RAM && from + length <= MEMORY) {
            System.arraycopy(memory, from, frame, 0, length);
            counters.count(CountedEvent.DEVICE_REQUESTS);
            backend.transmit(frame, length, 0);
        }
        transmitStatus = 1;
        raise(TRANSMITTED);
    }

    private long data(int size) {
        // A 32-bit access is two cycles of a 16-bit slot.
        long value = 0;
        int width = (dataConfiguration & WORDS) != 0 ? 2 : 1;
        for (int done = 0; done < size; done += width) {
            long cycle = 0;
            for (int i = 0; i < width; i++) {
                cycle |= (long) (remoteAddress + i < MEMORY ? memory[remoteAddress + i] & 0xff : 0xff) << 8 * i;
            }
            value |= cycle << 8 * done;
            step(REMOTE_READ, width);
        }
        return size == 8 ? value : value & (1L << 8 * size) - 1;
    }

    private void data(int size, long value) {
        int width = (dataConfiguration & WORDS) != 0 ? 2 : 1;
        for (int done = 0; done < size; done += width) {
            if ((command & REMOTE) == REMOTE_WRITE && remoteCount > 0) {
                for (int i = 0; i < width; i++) {
                    int at = remoteAddress + i;
                    if (at >= RAM && at < MEMORY) {
                        memory[at] = (byte) (value >> 8 * (done + i));
                    }
                }
            }
            step(REMOTE_WRITE, width);
        }
    }

    /** One cycle of remote DMA: the address goes around in the receive ring. */
    private void step(int direction, int width) {
        if ((command & REMOTE) != direction || remoteCount == 0) {
            return;
        }
        remoteAddress = remoteAddress + width & 0xffff;
        if (remoteAddress == pageStop * PAGE) {
            remoteAddress = pageStart * PAGE;
        }
        remoteCount = Math.max(0, remoteCount - width);
        if (remoteCount == 0) {
            raise(REMOTE_DONE);
        }
    }

    // --- the network's side

    @Override
    public boolean large() {
        return false;
    }

    @Override
    public boolean receive(byte[] bytes, int length, int segment) {
        boolean listening = (command & (STOP | START)) == START && (receiveConfiguration & MONITOR) == 0 && (transmitConfiguration & LOOPBACK) == 0;
        if (!listening || length > NetBackend.LONGEST || length < Checksums.ETHERNET || !wanted(bytes) || !ringUsable()) {
            return true;
        }
        if (clock.now() < quiet) {
            // Drivers count on some time between frames: they clear the interrupt after they have looked for the last.
            wire.arm(quiet);
            return false;
        }
        int size = Math.max(length, LEAST) + HEADER;
        int pages = (size + PAGE - 1) / PAGE;
        int ring = pageStop - pageStart;
        int free = Math.floorMod(boundary - current, ring);
        // The ring is empty when both are equal; the driver keeps the boundary one page behind what it has read.
        if (pages >= (free == 0 ? ring : free)) {
            return false;
        }
        int next = current + pages;
        next = next >= pageStop ? next - ring : next;
        receiveStatus = 1 | (bytes[0] & 1) * GROUP_ADDRESS;
        byte[] header = {(byte) receiveStatus, (byte) next, (byte) size, (byte) (size >> 8)};
        int at = store(current * PAGE, header, HEADER);
        at = store(at, bytes, length);
        store(at, new byte[LEAST], Math.max(0, LEAST - length));
        current = next;
        quiet = clock.now() + (size + GAP_BYTES) * BYTE_NANOS;
        counters.count(CountedEvent.DEVICE_REQUESTS);
        raise(RECEIVED);
        return true;
    }

    private boolean ringUsable() {
        return pageStart * PAGE >= RAM && pageStop * PAGE <= MEMORY && pageStart < pageStop && current >= pageStart && current < pageStop;
    }

    private int store(int at, byte[] bytes, int length) {
        int end = pageStop * PAGE;
        int once = Math.min(length, end - at);
        System.arraycopy(bytes, 0, memory, at, once);
        System.arraycopy(bytes, once, memory, pageStart * PAGE, length - once);
        return once < length ? pageStart * PAGE + length - once : at + once == end ? pageStart * PAGE : at + once;
    }

    private boolean wanted(byte[] bytes) {
        if ((bytes[0] & 1) == 0) {
            return (receiveConfiguration & PROMISCUOUS) != 0 || Arrays.equals(bytes, 0, 6, address, 0, 6);
        }
        boolean everybody = (bytes[0] & bytes[1] & bytes[2] & bytes[3] & bytes[4] & bytes[5]) == -1;
        if (everybody) {
            return (receiveConfiguration & BROADCAST) != 0;
        }
        int hash = hash(bytes);
        return (receiveConfiguration & MULTICAST) != 0 && (groups[hash >> 3] >> (hash & 7) & 1) != 0;
    }

    /** The upper six bits of the CRC over the address, most significant bit first. */
    private static int hash(byte[] bytes) {
        int crc = -1;
        for (int i = 0; i < 6; i++) {
            for (int bit = 0; bit < 8; bit++) {
                boolean carry = (crc < 0) != ((bytes[i] >> bit & 1) != 0);
                crc = crc << 1 ^ (carry ? 0x04c1_1db7 : 0);
            }
        }
        return crc >>> 26;
    }

    // --- the device

    @Override
    public String name() {
        return "NE2000 at 0x%x, IRQ %d".formatted(base, irq);
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.NET;
    }

    @Override
    public byte[] exportState() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(STATE_VERSION);
            for (int value : new int[] {command, pageStart, pageStop, boundary, current, transmitPage, transmitStatus, receiveStatus, interruptStatus, interruptMask,
                receiveConfiguration, transmitConfiguration, dataConfiguration}) {
                out.writeByte(value);
            }
            out.writeShort(transmitCount);
            out.writeShort(remoteAddress);
            out.writeShort(remoteCount);
            out.writeLong(quiet);
            out.writeLong(wire.deadline());
            out.write(address);
            out.write(groups);
            out.write(memory, RAM, MEMORY - RAM);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @Override
    public void importState(byte[] state) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
            int version = in.readUnsignedByte();
            if (version != STATE_VERSION) {
                throw new IllegalArgumentException("The state of the NE2000 has version %d, this device reads %d.".formatted(version, STATE_VERSION));
            }
            command = in.readUnsignedByte();
            pageStart = in.readUnsignedByte();
            pageStop = in.readUnsignedByte();
            boundary = in.readUnsignedByte();
            current = in.readUnsignedByte();
            transmitPage = in.readUnsignedByte();
            transmitStatus = in.readUnsignedByte();
            receiveStatus = in.readUnsignedByte();
            interruptStatus = in.readUnsignedByte();
            interruptMask = in.readUnsignedByte();
            receiveConfiguration = in.readUnsignedByte();
            transmitConfiguration = in.readUnsignedByte();
            dataConfiguration = in.readUnsignedByte();
            transmitCount = in.readUnsignedShort();
            remoteAddress = in.readUnsignedShort();
            remoteCount = in.readUnsignedShort();
            quiet = in.readLong();
            long due = in.readLong();
            wire.cancel();
            if (due != Long.MAX_VALUE) {
                wire.arm(due);
            }
            in.readFully(address);
            in.readFully(groups);
            in.readFully(memory, RAM, MEMORY - RAM);
            update();
        } catch (EOFException e) {
            throw new IllegalArgumentException("The state of the NE2000 ends too early.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        interruptStatus = 0;
        update();
        wire.cancel();
        place.close();
    }
}
