package proteus.api.vm;

import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.io.Board;
import proteus.api.io.DeviceContext;

/**
 * A PC without a processor: its board, buses, memory and clock, driven from outside. What a processor would access its driver accesses,
 * and time passes only when the driver says so. Used by one thread, which is what devices know as the VM's thread.
 */
@ProviderType
public interface DrivenMachine extends AutoCloseable {
    /** Where devices are plugged in; who plugs them closes them. */
    DeviceContext context();

    Board board();

    /** Reads 1, 2 or 4 bytes of ports, zero-extended; nobody gives all ones. */
    long readPort(int port, int size);

    void writePort(int port, int size, long value);

    /** Reads 1, 2, 4 or 8 bytes of memory or of memory-mapped registers, zero-extended; nobody gives all ones. */
    long readMemory(long gpa, int size);

    /** Writes likewise; what nobody takes, and what is ROM, is lost. */
    void writeMemory(long gpa, int size, long value);

    /** Reads a block, memory-mapped registers in aligned accesses of up to 4 bytes. */
    void read(long gpa, byte[] target);

    void write(long gpa, byte[] source);

    /** Nanoseconds of virtual time since the machine was made. */
    long now();

    /** When the next timer is due, or {@link Long#MAX_VALUE}. */
    long nextDeadline();

    /** Lets time pass up to an instant; every timer on the way acts at its own instant. A past instant changes nothing. */
    void advance(long instant);

    @Override
    void close();

    /** What the machine asks of who drives it. */
    @ConsumerType
    interface Listener {
        /** Reset by keyboard controller, port 0xcf9 or ACPI. */
        void resetRequested();

        /** ACPI S5. */
        void powerOff();

        /** A value was written to the debug-exit port. */
        void debugExit(int value);
    }
}
