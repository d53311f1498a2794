package proteus.shell.gogo;

import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.shell.guests.GuestTable;
import proteus.shell.guests.Guests;
import proteus.shell.text.Output;

/** {@code guest:*}: the guests that are known by name. */
@Component(
        service = GuestCommands.class,
        property = {"osgi.command.scope=guest", "osgi.command.function=list", "osgi.command.function=fetch"})
public final class GuestCommands {
    private final Guests guests;

    @Activate
    public GuestCommands(@Reference Guests guests) {
        this.guests = guests;
    }

    @Descriptor("the guests there are")
    public String list(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        return Output.of(output).show(GuestTable.of(guests.list()), "no guests");
    }

    @Descriptor("gets a guest from the system's package manager into the cache")
    public String fetch(CommandSession session, @Descriptor("name of the guest") String name) {
        GuestImage image = guests.image(name, session.getConsole()::println);
        return image.info().embedded() ? name + " is embedded" : "kernel=" + image.kernelPath() + "\ninitrd=" + image.initrdPath();
    }
}
