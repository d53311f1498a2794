package proteus.io.virtio.pci;

import java.util.function.IntSupplier;
import proteus.api.io.BusDevice;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;
import proteus.io.virtio.core.Words;

/** BAR 0: common configuration, ISR status, the device's configuration and the notification addresses (virtio 1.2, 4.1.4.3 to 4.1.4.6). */
final class Structures implements BusDevice {
    static final int COMMON = 0x0000;
    static final int COMMON_LENGTH = 0x3c;
    static final int ISR = 0x1000;
    static final int DEVICE = 0x2000;
    static final int NOTIFY = 0x3000;
    static final int NOTIFY_MULTIPLIER = 4;
    static final int BYTES = 0x4000;

    private static final int DEVICE_FEATURE_SELECT = 0x00;
    private static final int DEVICE_FEATURE = 0x04;
    private static final int DRIVER_FEATURE_SELECT = 0x08;
    private static final int DRIVER_FEATURE = 0x0c;
    private static final int CONFIG_VECTOR = 0x10;
    private static final int NUM_QUEUES = 0x12;
    private static final int STATUS = 0x14;
    private static final int QUEUE_SELECT = 0x16;
    private static final int QUEUE_SIZE = 0x18;
    private static final int QUEUE_VECTOR = 0x1a;
    private static final int QUEUE_ENABLE = 0x1c;
    private static final int QUEUE_NOTIFY_OFFSET = 0x1e;
    private static final int QUEUE_DESCRIPTORS = 0x20;
    private static final int QUEUE_DRIVER = 0x28;
    private static final int QUEUE_DEVICE = 0x30;
    /** Reads as 0: what the driver writes to reset a queue is done when the write is. */
    private static final int QUEUE_RESET = 0x3a;

    private final VirtioCore core;
    private final Vectors vectors;
    private final IntSupplier takeIsr;
    private final Runnable reset;
    int deviceFeatureSelect;
    int driverFeatureSelect;
    int queueSelect;

    /**
     * @param takeIsr reads the ISR status, which clears it
     * @param reset called as the driver resets the device, after the core was
     */
    Structures(VirtioCore core, Vectors vectors, IntSupplier takeIsr, Runnable reset) {
        this.core = core;
        this.vectors = vectors;
        this.takeIsr = takeIsr;
        this.reset = reset;
    }

    void reset() {
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        queueSelect = 0;
    }

    @Override
    public long read(long offset, int size) {
        if (size == 8) {
            return read(offset, 4) | read(offset + 4, 4) << 32;
        }
        long mask = (1L << 8 * size) - 1;
        if (offset < COMMON_LENGTH) {
            return common((int) offset & ~3) >>> 8 * (offset & 3) & mask;
        }
        if (offset == ISR) {
            return takeIsr.getAsInt();
        }
        if (offset >= DEVICE && offset < NOTIFY) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                int at = (int) offset - DEVICE + i;
                value |= at < core.model().configurationLength() ? (long) core.model().readConfiguration(at) << 8 * i : 0;
            }
            return value;
        }
        return 0;
    }

    /** A double word of the common configuration. */
    private long common(int at) {
        SplitQueue queue = core.queue(queueSelect);
        long value = switch (at) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
            case DEVICE_FEATURE -> Words.word(core.offered(), deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
            case DRIVER_FEATURE -> Words.word(core.accepted(), driverFeatureSelect);
            case CONFIG_VECTOR -> vectors.configuration() | core.queues() << 16;
            case STATUS -> core.status() | core.generation() << 8 | queueSelect << 16;
            // A queue that is not there has size 0 (4.1.4.3.1).
            case QUEUE_SIZE -> queue == null ? 0 : queue.size() | vectors.queue(queueSelect) << 16;
            case QUEUE_ENABLE -> queue == null ? 0 : (queue.enabled() ? 1 : 0) | queueSelect << 16;
            default -> {
                if (queue == null) {
                    yield 0;
                }
                long address = switch (at & ~7) {
                    case QUEUE_DESCRIPTORS -> queue.table();
                    case QUEUE_DRIVER -> queue.available();
                    case QUEUE_DEVICE -> queue.used();
                    default -> 0;
                };
                yield address >>> 8 * (at & 4);
            }
        };
        return value & 0xffff_ffffL;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (size == 8) {
            write(offset, 4, value & 0xffff_ffffL);
            write(offset + 4, 4, value >>> 32);
        } else if (offset >= NOTIFY) {
            notify((int) offset - NOTIFY);
        } else if (offset >= DEVICE) {
            core.model().writeConfiguration((int) offset - DEVICE, size, value);
        } else if (offset < COMMON_LENGTH) {
            common((int) offset, size, value);
        }
    }

    /** Each queue has an address of its own (4.1.4.4); what is written there says nothing more. */
    private void notify(int at) {
        if (at % NOTIFY_MULTIPLIER == 0 && at / NOTIFY_MULTIPLIER < core.queues()) {
            core.kick(at / NOTIFY_MULTIPLIER);
        }
    }

    /** Fields are written in their own width (4.1.3.1); other writes are lost. */
    private void common(int at, int size, long value) {
        int width = at < CONFIG_VECTOR || at >= QUEUE_DESCRIPTORS && at < QUEUE_DEVICE + 8 ? 4 : at == STATUS ? 1 : 2;
        if (size != width || at % width != 0) {
            return;
        }
        int word = (int) value;
        SplitQueue queue = core.queue(queueSelect);
        switch (at) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = word;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = word;
            case DRIVER_FEATURE -> core.accept(driverFeatureSelect, word);
            case CONFIG_VECTOR -> vectors.configuration(word);
            case STATUS -> {
                core.status(word);
                if (word == 0) {
                    reset.run();
                }
            }
            case QUEUE_SELECT -> queueSelect = word;
            default -> {
                if (queue != null) {
                    queue(queue, at, word);
                }
            }
        }
    }

    private void queue(SplitQueue queue, int at, int word) {
        switch (at) {
            case QUEUE_SIZE -> queue.size(word);
            case QUEUE_VECTOR -> vectors.queue(queueSelect, word);
            case QUEUE_ENABLE -> {
                if (word == 1) {
                    core.enable(queue);
                }
            }
            case QUEUE_RESET -> {
                if (word == 1) {
                    core.resetQueue(queue);
                }
            }
            case QUEUE_DESCRIPTORS, QUEUE_DESCRIPTORS + 4 -> queue.table(Words.replaced(queue.table(), at >> 2 & 1, word));
            case QUEUE_DRIVER, QUEUE_DRIVER + 4 -> queue.available(Words.replaced(queue.available(), at >> 2 & 1, word));
            case QUEUE_DEVICE, QUEUE_DEVICE + 4 -> queue.used(Words.replaced(queue.used(), at >> 2 & 1, word));
            default -> {
                // Read-only.
            }
        }
    }

    /** Which message stands for what: of the configuration and of each queue (4.1.5.1.2). */
    static final class Vectors {
        private final int[] vectors;
        private final int most;

        /** @param most messages there are */
        Vectors(int queues, int most) {
            vectors = new int[queues + 1];
            this.most = most;
            reset();
        }

        void reset() {
            java.util.Arrays.fill(vectors, MessageTable.NO_VECTOR);
        }

        int configuration() {
            return vectors[0];
        }

        void configuration(int vector) {
            set(0, vector);
        }

        int queue(int index) {
            return vectors[index + 1];
        }

        void queue(int index, int vector) {
            set(index + 1, vector);
        }

        /** A vector that is not there reads back as none. */
        private void set(int at, int vector) {
            vectors[at] = vector < most ? vector : MessageTable.NO_VECTOR;
        }

        int[] all() {
            return vectors.clone();
        }

        void all(int[] saved) {
            for (int i = 0; i < vectors.length; i++) {
                set(i, saved[i]);
            }
        }
    }
}
