package proteus.api.io;

import org.osgi.annotation.versioning.ProviderType;

/** Makes the parts of a PC that belong to no technique; a service. */
@ProviderType
public interface BoardFactory {
    Board create(BoardContext context);
}
