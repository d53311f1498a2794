package proteus.api.silicon;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Ports and memory-mapped registers, as primitives. Sizes are 1, 2, 4 or 8 bytes (ports: up to 4). Nobody at an address:
 * reads give all ones, writes are lost, as on a PC.
 */
@ConsumerType
public interface MachineBus {
    /** A bus with nobody on it. */
    MachineBus NONE = new MachineBus() {
        @Override
        public int readPort(int port, int size) {
            return -1 >>> (32 - 8 * size);
        }

        @Override
        public void writePort(int port, int size, int value) {}

        @Override
        public long readMemory(long gpa, int size) {
            return -1L >>> (64 - 8 * size);
        }

        @Override
        public void writeMemory(long gpa, int size, long value) {}
    };

    /** Reads a port; the value is zero-extended. */
    int readPort(int port, int size);

    void writePort(int port, int size, int value);

    /** Reads a memory-mapped register; the value is zero-extended. */
    long readMemory(long gpa, int size);

    void writeMemory(long gpa, int size, long value);
}
