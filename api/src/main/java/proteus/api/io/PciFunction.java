package proteus.api.io;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A PCI function as a device model describes it. The board keeps the standard header (PCI 3.0, 6.1) and moves the BARs on
 * the buses; the function answers for the registers from 0x40 on, where its capabilities are.
 */
@ConsumerType
public interface PciFunction {
    /** Name for people. */
    String name();

    Identity identity();

    /** What the base address registers decode; at most six registers, a 64-bit one takes two. */
    List<Bar> bars();

    /** Offset of the first capability, or 0 for none. */
    default int capabilities() {
        return 0;
    }

    /** A register byte from 0x40 to 0xff. */
    default int readConfig(int offset) {
        return 0;
    }

    /** Writes a register byte from 0x40 to 0xff. */
    default void writeConfig(int offset, int value) {}

    /**
     * The read-only part of the header.
     *
     * @param classCode base class, subclass and programming interface: 24 bits
     * @param interruptPin 0 for none, 1..4 for INTA..INTD
     */
    record Identity(int vendor, int device, int revision, int classCode, int subsystemVendor, int subsystem, int interruptPin) {}

    /**
     * One range behind a base address register.
     *
     * @param index register 0..5
     * @param size a power of two, at least 4 for ports and 16 for memory
     * @param registers who answers; offsets are from the start of the range
     */
    record Bar(int index, Kind kind, long size, BusDevice registers) {
        public Bar {
            long least = kind == Kind.PORTS ? 4 : 16;
            if (index < 0 || index > (kind == Kind.MEMORY_64 ? 4 : 5) || Long.bitCount(size) != 1 || size < least) {
                throw new IllegalArgumentException("BAR %d cannot decode %d bytes of %s.".formatted(index, size, kind));
            }
        }

        /** What a base address register decodes. */
        public enum Kind {
            PORTS,
            MEMORY_32,
            MEMORY_64
        }
    }
}
