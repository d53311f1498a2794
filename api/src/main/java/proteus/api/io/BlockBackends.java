package proteus.api.io;

import java.io.IOException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/** Opens disk images; a service. */
@ProviderType
public interface BlockBackends {
    /**
     * Opens a raw image: for writing if the file allows it and {@code readOnly} is false.
     *
     * @throws IOException with one clear sentence: no such file, a size that is no whole number of sectors, in use by another VM
     */
    BlockBackend open(Path image, boolean readOnly) throws IOException;
}
