package proteus.api.memory;

import org.osgi.annotation.versioning.ConsumerType;

/** A CPU technique that wants to know of writes to pages it derived something from. */
@ConsumerType
public interface WriteWatcher {
    /**
     * The guest writes to a watched page: is about to, or has done so by an emulated instruction.
     *
     * @param gpa first byte
     * @param bytes how many at most
     * @return whether the page is watched no longer; otherwise the write is to be emulated, as the next one will be
     */
    boolean onWrite(long gpa, int bytes);
}
