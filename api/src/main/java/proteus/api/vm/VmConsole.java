package proteus.api.vm;

import java.util.List;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/** The guest's console as people and tests use it. Thread-safe. */
@ProviderType
public interface VmConsole {
    /** All that the guest has printed and is still kept (the last MiB), as Latin-1 text. */
    String text();

    /** Types bytes as soon as the guest takes them. */
    void type(String text);

    /**
     * Types once a text has been printed; deterministic under the count clock because it happens at the byte that completes the text.
     * Several are served in the order of registration.
     */
    void typeAfter(String trigger, String text);

    /** As {@link #typeAfter}, with the first of several texts that comes. */
    void typeAfterAny(List<String> triggers, String text);

    /** Called with each chunk of output, on the VM's thread: be quick. Closing the subscription ends it. */
    AutoCloseable subscribe(Consumer<String> listener);

    /** Ends the run with success when this text appears. */
    void stopAfter(String text);
}
