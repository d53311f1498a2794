package proteus.api.io;

import org.osgi.annotation.versioning.ProviderType;

/** The VM's clock and what happens at its instants, all on the VM's thread. Under the count clock one retired instruction is one nanosecond. */
@ProviderType
public interface Timers {
    /** Nanoseconds of virtual time since the VM was created. */
    long now();

    /** Seconds since 1970 that the RTC shows at this instant; under the count clock it starts at a fixed date. */
    long wallSeconds();

    /** A timer that is not armed. */
    Timer create(String name, Runnable action);

    /** One timer. */
    interface Timer {
        /** Arms it for an instant, replacing an earlier arming; a past instant fires at once, but not inside this call. */
        void arm(long nanos);

        void cancel();

        /** The instant, or {@link Long#MAX_VALUE} if not armed. */
        long deadline();
    }
}
