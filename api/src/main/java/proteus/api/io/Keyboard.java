package proteus.api.io;

import org.osgi.annotation.versioning.ConsumerType;

/** A keyboard on which keys can be pressed; what a {@link Device} of the role {@link DeviceRole#KEYBOARD} may be besides. */
@ConsumerType
public interface Keyboard {
    /**
     * Reads which keys to press, as on a US keyboard. Names stand in angle brackets: {@code <esc>}, {@code <enter>},
     * {@code <f1>} to {@code <f12>}, {@code <up>}, {@code <ctrl-c>}, {@code <alt-x>}, {@code <lt>} for the bracket itself.
     *
     * @return presses and releases them one after the other; to be run on the VM's thread
     * @throws IllegalArgumentException with one sentence for a key that there is not
     */
    Runnable typing(String keys);
}
