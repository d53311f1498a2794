package proteus.conform.privileged;

import java.io.IOException;

/** Something that runs an image of cases: the model, an emulator of its own, or hardware. */
interface Machine extends AutoCloseable {
    /** As {@code --oracle} knows it. */
    String name();

    /** What exactly it is, for the report. */
    String description();

    /**
     * Runs an image from reset.
     *
     * @param receiver gets what the image writes to port 0xe9; when it says that all is there the machine is stopped
     * @return {@link Outcome.Ending#EVENT} if all came; else why it did not
     * @throws IOException if the machine cannot be run at all; the message is a sentence
     */
    Outcome.Ending run(byte[] rom, Receiver receiver) throws IOException;

    @Override
    void close();
}
