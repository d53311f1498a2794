package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;

/** Something that answers on a bus. Offsets are from the start of the range it was attached at; sizes are 1, 2, 4 or 8 bytes. */
@ConsumerType
public interface BusDevice {
    /** Reads; the value is zero-extended. */
    long read(long offset, int size);

    void write(long offset, int size, long value);
}
