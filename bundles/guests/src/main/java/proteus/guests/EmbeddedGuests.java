package proteus.guests;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.service.component.annotations.Component;
import proteus.api.vm.GuestCatalogue;

/** Offers the guests of the kit by name. */
@Component
public final class EmbeddedGuests implements GuestCatalogue {
    @Override
    public List<GuestInfo> guests() {
        return EmbeddedGuest.all().stream().map(EmbeddedGuests::info).toList();
    }

    @Override
    public Optional<GuestImage> image(String name, Consumer<String> progress) {
        return EmbeddedGuest.named(name)
                .map(guest -> new GuestImage(
                        info(guest), guest.image(), new byte[0], guest.defaultCommandLine(), "", ""));
    }

    /** The guests of the kit end by themselves and take no input: there is no prompt. */
    private static GuestInfo info(EmbeddedGuest guest) {
        return new GuestInfo(guest.name(), guest.title(), true, true, guest.bits(), guest.defaultMemory(), "");
    }
}
