package proteus.loader.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec.Entry;
import proteus.loader.StockKernels;

/** The real kernels, when they have been fetched on this machine. */
class StockKernelTest {
    @ParameterizedTest
    @CsvSource({"debian-cloud-amd64,LONG_64,64-bit", "debian-amd64,PROTECTED_32,32-bit", "debian-686,BEST,32-bit", "debian-686,REAL_16,16-bit"})
    void stockKernelIsLoaded(String name, Entry entry, String bits) {
        DebianGuests guests = new DebianGuests();
        boolean here = guests.guests().stream().anyMatch(guest -> guest.name().equals(name) && guest.available());
        if (!here) {
            System.err.println("SKIPPED: the stock kernel of " + name + " is not tested; './proteus guest fetch " + name + "' gets it");
        }
        assumeTrue(here, name + " is not in the cache");
        GuestImage image = guests.image(name, text -> {}).orElseThrow();
        LoadedGuest loaded = StockKernels.load(image, entry);
        assertTrue(loaded.protocol().startsWith("Linux 6.") && loaded.protocol().endsWith(bits + " entry"), loaded.protocol());
        assertEquals(2, loaded.state().general().rflags());
    }
}
