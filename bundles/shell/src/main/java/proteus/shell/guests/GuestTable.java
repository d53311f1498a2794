package proteus.shell.guests;

import java.util.List;
import proteus.api.vm.GuestCatalogue.GuestInfo;
import proteus.api.vm.MemorySize;
import proteus.shell.text.Table;

/** Guests as a table. */
public final class GuestTable {
    private GuestTable() {}

    public static Table of(List<GuestInfo> guests) {
        Table table = new Table("name", "bits", "memory", "here", "title");
        for (GuestInfo guest : guests) {
            String here = guest.embedded() ? "embedded" : guest.available() ? "fetched" : "to be fetched";
            table.row(guest.name(), guest.bits(), MemorySize.format(guest.memoryBytes()), here, guest.title());
        }
        return table;
    }
}
