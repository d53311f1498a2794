package proteus.io.virtio.pci;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import proteus.api.event.CountedEvent;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.Interrupts;
import proteus.io.virtio.core.VirtioCore;

/** A virtio device in a PCI slot (virtio 1.2, 4.1). */
public final class VirtioPci implements Device {
    private static final int STATE_VERSION = 2;
    private static final int VENDOR = 0x1af4;
    /** Of devices without legacy interface (4.1.2.1). */
    private static final int FIRST_DEVICE = 0x1040;
    private static final int REVISION = 1;
    private static final int STRUCTURES_BAR = 0;
    private static final int MESSAGES_BAR = 1;
    private static final int ISR_QUEUE = 1;
    private static final int ISR_CONFIGURATION = 2;

    private final DeviceContext context;
    private final VirtioCore core;
    private final MessageTable messages;
    private final Structures.Vectors vectors;
    private final Structures structures;
    private final Capabilities capabilities;
    private final PciSlots.Slot slot;
    private int isr;

    /** @throws IllegalArgumentException in one sentence when there is no place for it */
    public VirtioPci(DeviceContext context, DeviceModel model) {
        this.context = context;
        core = new VirtioCore(model, context.memory(), context.counters(), new Wires());
        // One for the configuration, one for each queue.
        messages = new MessageTable(model.queues() + 1, this::send);
        vectors = new Structures.Vectors(model.queues(), messages.vectors());
        structures = new Structures(core, vectors, this::takeIsr, this::driverReset);
        capabilities = new Capabilities(structures, model.configurationLength(), model.queues(), messages, MESSAGES_BAR);
        PciSlots pci = context.pci().orElseThrow(() -> new IllegalArgumentException("The virtio devices need a PCI bus, which this machine has not."));
        slot = pci.plug(new Function());
    }

    private void send(long address, int data) {
        if (slot.busMaster()) {
            context.counters().count(CountedEvent.DEVICE_INTERRUPTS);
            slot.message(address, data);
        }
    }

    private int takeIsr() {
        int was = isr;
        isr = 0;
        slot.interrupt().set(false);
        return was;
    }

    private void driverReset() {
        structures.reset();
        vectors.reset();
        takeIsr();
    }

    @Override
    public String name() {
        return "virtio-%s at PCI 00:%02x.%d".formatted(core.model().name(), slot.device(), slot.function());
    }

    @Override
    public DeviceRole role() {
        return core.model().role();
    }

    @Override
    public void reset() {
        core.reset();
        messages.reset();
        capabilities.reset();
        driverReset();
    }

    @Override
    public byte[] exportState() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(STATE_VERSION);
            core.save(out);
            messages.save(out);
            for (int vector : vectors.all()) {
                out.writeInt(vector);
            }
            out.writeInt(structures.deviceFeatureSelect);
            out.writeInt(structures.driverFeatureSelect);
            out.writeInt(structures.queueSelect);
            out.writeByte(isr);
            out.write(capabilities.window());
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
            messages.load(in);
            int[] saved = new int[core.queues() + 1];
            for (int i = 0; i < saved.length; i++) {
                saved[i] = in.readInt();
            }
            vectors.all(saved);
            structures.deviceFeatureSelect = in.readInt();
            structures.driverFeatureSelect = in.readInt();
            structures.queueSelect = in.readInt() & 0xffff;
            isr = in.readUnsignedByte() & (ISR_QUEUE | ISR_CONFIGURATION);
            byte[] window = new byte[capabilities.window().length];
            in.readFully(window);
            capabilities.window(window);
            slot.interrupt().set(isr != 0);
        } catch (EOFException e) {
            throw new IllegalArgumentException("The state of the virtio device ends too early.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        core.reset();
        slot.close();
    }

    /** Notifications to the driver: by message, or by ISR status and INTx (4.1.5.1). Without bus mastering there is no message. */
    private final class Wires implements Interrupts {
        @Override
        public void queue(int index) {
            raise(vectors.queue(index), ISR_QUEUE);
        }

        @Override
        public void configuration() {
            raise(vectors.configuration(), ISR_CONFIGURATION);
        }

        private void raise(int vector, int cause) {
            if (messages.enabled()) {
                if (vector != MessageTable.NO_VECTOR) {
                    messages.raise(vector);
                }
            } else {
                isr |= cause;
                slot.interrupt().set(true);
            }
        }
    }

    /** The function as the PCI bus sees it. */
    private final class Function implements PciFunction {
        @Override
        public String name() {
            return "virtio-" + core.model().name();
        }

        @Override
        public Identity identity() {
            int device = FIRST_DEVICE + core.model().type();
            int pciClass = switch (core.model().role()) {
                case DISK -> 0x010000;
                case NET -> 0x020000;
                case CONSOLE -> 0x078000;
                default -> 0xff0000;
            };
            return new Identity(VENDOR, device, REVISION, pciClass, VENDOR, device, 1);
        }

        @Override
        public List<Bar> bars() {
            return List.of(new Bar(STRUCTURES_BAR, Bar.Kind.MEMORY_32, Structures.BYTES, structures),
                    new Bar(MESSAGES_BAR, Bar.Kind.MEMORY_32, MessageTable.BYTES, messages));
        }

        @Override
        public int capabilities() {
            return Capabilities.FIRST;
        }

        @Override
        public int readConfig(int offset) {
            return capabilities.read(offset);
        }

        @Override
        public void writeConfig(int offset, int value) {
            capabilities.write(offset, value);
        }
    }
}
