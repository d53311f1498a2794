package proteus.io.virtio.mmio;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.InterruptLine;
import proteus.api.io.PlatformDevice;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.Interrupts;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;
import proteus.io.virtio.core.Words;

/** A virtio device behind memory-mapped registers and one interrupt, found by its entry in the ACPI tables (virtio 1.2, 4.2.2, version 2). */
public final class VirtioMmio implements Device, BusDevice {
    /** ACPI identifier of the transport (virtio_mmio.c; reserved for virtio by Linaro). */
    public static final String ACPI_ID = "LNRO0005";

    /** Where the devices lie: above the window of PCI, below the local APICs. */
    static final long FIRST = 0xfed2_0000L;
    static final int BYTES = 0x200;
    /** IOAPIC inputs that PCI does not use. */
    private static final int FIRST_GSI = 20;
    private static final int GSIS = 4;

    static final int MAGIC = 0x000;
    static final int VERSION = 0x004;
    static final int DEVICE_ID = 0x008;
    static final int VENDOR_ID = 0x00c;
    static final int DEVICE_FEATURES = 0x010;
    static final int DEVICE_FEATURES_SELECT = 0x014;
    static final int DRIVER_FEATURES = 0x020;
    static final int DRIVER_FEATURES_SELECT = 0x024;
    static final int QUEUE_SELECT = 0x030;
    static final int QUEUE_SIZE_MOST = 0x034;
    static final int QUEUE_SIZE = 0x038;
    static final int QUEUE_READY = 0x044;
    static final int QUEUE_NOTIFY = 0x050;
    static final int INTERRUPT_STATUS = 0x060;
    static final int INTERRUPT_ACKNOWLEDGE = 0x064;
    static final int STATUS = 0x070;
    static final int QUEUE_DESCRIPTORS = 0x080;
    static final int QUEUE_DRIVER = 0x090;
    static final int QUEUE_DEVICE = 0x0a0;
    static final int SHARED_MEMORY_LENGTH = 0x0b0;
    static final int SHARED_MEMORY_BASE = 0x0b8;
    static final int QUEUE_RESET = 0x0c0;
    static final int CONFIGURATION_GENERATION = 0x0fc;
    static final int CONFIGURATION = 0x100;

    private static final long MAGIC_VALUE = 0x7472_6976; // "virt"
    private static final int VERSION_VALUE = 2;
    private static final int VENDOR = 0x1af4;
    private static final int USED_BUFFER = 1;
    private static final int CONFIGURATION_CHANGED = 2;
    private static final int STATE_VERSION = 2;

    private final VirtioCore core;
    private final InterruptLine line;
    private final Bus.Attachment place;
    private final long gpa;
    private final int gsi;
    private int deviceFeaturesSelect;
    private int driverFeaturesSelect;
    private int queueSelect;
    private int interruptStatus;

    /** @param index counts the devices of a machine from 0 */
    public VirtioMmio(DeviceContext context, DeviceModel model, int index) {
        core = new VirtioCore(model, context.memory(), context.counters(), new Interrupts() {
            @Override
            public void queue(int queue) {
                raise(USED_BUFFER);
            }

            @Override
            public void configuration() {
                raise(CONFIGURATION_CHANGED);
            }
        });
        gpa = FIRST + (long) BYTES * index;
        gsi = FIRST_GSI + index % GSIS;
        line = context.interrupt(gsi);
        place = context.mmio().attach(gpa, BYTES, "virtio-" + model.name(), this);
        context.platformDevice(new PlatformDevice(ACPI_ID, index, gpa, BYTES, gsi));
    }

    private void raise(int cause) {
        interruptStatus(interruptStatus | cause);
    }

    private void interruptStatus(int causes) {
        interruptStatus = causes;
        line.set(causes != 0);
    }

    /** Registers are read with 32 bits at their own address (4.2.2.2); of anything else nothing is promised, and it reads as 0. */
    @Override
    public long read(long offset, int size) {
        if (offset >= CONFIGURATION) {
            return configuration((int) offset - CONFIGURATION, size);
        }
        return size == 4 && (offset & 3) == 0 ? register((int) offset) : 0;
    }

    private long configuration(int at, int size) {
        long value = 0;
        for (int i = 0; i < size && at + i < core.model().configurationLength(); i++) {
            value |= (long) core.model().readConfiguration(at + i) << 8 * i;
        }
        return value;
    }

    private long register(int at) {
        SplitQueue queue = core.queue(queueSelect);
        return switch (at) {
            case MAGIC -> MAGIC_VALUE;
            case VERSION -> VERSION_VALUE;
            case DEVICE_ID -> core.model().type();
            case VENDOR_ID -> VENDOR;
            case DEVICE_FEATURES -> Words.word(core.offered(), deviceFeaturesSelect);
            case QUEUE_SIZE_MOST -> queue == null ? 0 : SplitQueue.MOST;
            case QUEUE_READY -> queue != null && queue.enabled() ? 1 : 0;
            case INTERRUPT_STATUS -> interruptStatus;
            case STATUS -> core.status();
            // No shared memory region: all ones (4.2.2.1).
            case SHARED_MEMORY_LENGTH, SHARED_MEMORY_LENGTH + 4, SHARED_MEMORY_BASE, SHARED_MEMORY_BASE + 4 -> 0xffff_ffffL;
            case CONFIGURATION_GENERATION -> core.generation();
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset >= CONFIGURATION) {
            core.model().writeConfiguration((int) offset - CONFIGURATION, size, value);
        } else if (size == 4 && (offset & 3) == 0) {
            register((int) offset, (int) value);
        }
    }

    private void register(int at, int word) {
        switch (at) {
            case DEVICE_FEATURES_SELECT -> deviceFeaturesSelect = word;
            case DRIVER_FEATURES_SELECT -> driverFeaturesSelect = word;
            case DRIVER_FEATURES -> core.accept(driverFeaturesSelect, word);
            case QUEUE_SELECT -> queueSelect = word;
            case QUEUE_NOTIFY -> core.kick(word);
            case INTERRUPT_ACKNOWLEDGE -> interruptStatus(interruptStatus & ~word);
            case STATUS -> {
                core.status(word);
                if (word == 0) {
                    forget();
                }
            }
            default -> {
                SplitQueue queue = core.queue(queueSelect);
                if (queue != null) {
                    queue(queue, at, word);
                }
            }
        }
    }

    private void queue(SplitQueue queue, int at, int word) {
        int half = at >> 2 & 1;
        switch (at) {
            case QUEUE_SIZE -> queue.size(word);
            case QUEUE_READY -> {
                if (word == 1) {
                    core.enable(queue);
                } else {
                    core.disable(queue);
                }
            }
            case QUEUE_RESET -> {
                if (word == 1) {
                    core.resetQueue(queue);
                }
            }
            case QUEUE_DESCRIPTORS, QUEUE_DESCRIPTORS + 4 -> queue.table(Words.replaced(queue.table(), half, word));
            case QUEUE_DRIVER, QUEUE_DRIVER + 4 -> queue.available(Words.replaced(queue.available(), half, word));
            case QUEUE_DEVICE, QUEUE_DEVICE + 4 -> queue.used(Words.replaced(queue.used(), half, word));
            default -> {
                // Read-only, or nothing.
            }
        }
    }

    private void forget() {
        deviceFeaturesSelect = 0;
        driverFeaturesSelect = 0;
        queueSelect = 0;
        interruptStatus(0);
    }

    @Override
    public String name() {
        return "virtio-%s at 0x%x, GSI %d".formatted(core.model().name(), gpa, gsi);
    }

    @Override
    public DeviceRole role() {
        return core.model().role();
    }

    @Override
    public void reset() {
        core.reset();
        forget();
    }

    @Override
    public byte[] exportState() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(STATE_VERSION);
            core.save(out);
            out.writeInt(deviceFeaturesSelect);
            out.writeInt(driverFeaturesSelect);
            out.writeInt(queueSelect);
            out.writeByte(interruptStatus);
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
                throw new IllegalArgumentException("The state of the virtio device has version %d, this device reads %d.".formatted(version, STATE_VERSION));
            }
            core.load(in);
            deviceFeaturesSelect = in.readInt();
            driverFeaturesSelect = in.readInt();
            queueSelect = in.readInt();
            interruptStatus(in.readUnsignedByte() & (USED_BUFFER | CONFIGURATION_CHANGED));
        } catch (EOFException e) {
            throw new IllegalArgumentException("The state of the virtio device ends too early.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        core.reset();
        place.close();
    }
}
