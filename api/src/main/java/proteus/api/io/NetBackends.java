package proteus.api.io;

import java.io.IOException;
import org.osgi.annotation.versioning.ProviderType;

/** Opens networks; a service. */
@ProviderType
public interface NetBackends {
    /**
     * Makes the far end of a card's cable.
     *
     * @param vm name of the machine, which the card's address follows from if the setting has none
     * @param index counts the machine's cards from 0
     * @param machine whose clock and thread are used
     * @throws IOException with one clear sentence: a port that is taken, a file that cannot be written
     */
    NetBackend open(NetSetting setting, String vm, int index, DeviceContext machine) throws IOException;
}
