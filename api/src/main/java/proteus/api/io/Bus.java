package proteus.api.io;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** An address space of devices (ports or memory-mapped registers), free of overlaps. */
@ProviderType
public interface Bus {
    /**
     * Attaches a device to a range.
     *
     * @throws IllegalArgumentException naming the device that is there already
     */
    Attachment attach(long start, long length, String name, BusDevice device);

    /** Who is where, sorted. */
    List<Range> ranges();

    /** A device's place on the bus; closing it takes the device away. */
    interface Attachment extends AutoCloseable {
        @Override
        void close();
    }

    /** One attached range. */
    record Range(long start, long length, String name) {}
}
