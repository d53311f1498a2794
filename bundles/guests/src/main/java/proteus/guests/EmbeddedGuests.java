package proteus.guests;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Component;
import proteus.api.vm.GuestCatalogue;

/** Offers the guests of the kit by name. */
@Component
public final class EmbeddedGuests implements GuestCatalogue {
    private static final GuestInfo DISK = new GuestInfo(BootDisk.NAME, BootDisk.TITLE, true, true, 16, BootDisk.MEMORY, "");

    @Override
    public List<GuestInfo> guests() {
        return Stream.concat(EmbeddedGuest.all().stream().map(EmbeddedGuests::info), Stream.of(DISK)).toList();
    }

    @Override
    public Optional<GuestImage> image(String name, Consumer<String> progress) {
        if (name.equals(BootDisk.NAME)) {
            return Optional.of(new GuestImage(DISK, BootDisk.image(), new byte[0], "", "", ""));
        }
        return EmbeddedGuest.named(name)
                .map(guest -> new GuestImage(
                        info(guest), guest.image(), new byte[0], guest.defaultCommandLine(), "", ""));
    }

    /** The guests of the kit end by themselves and take no input: there is no prompt. */
    private static GuestInfo info(EmbeddedGuest guest) {
        return new GuestInfo(guest.name(), guest.title(), true, true, guest.bits(), guest.defaultMemory(), "", Set.of(guest.abi()));
    }
}
