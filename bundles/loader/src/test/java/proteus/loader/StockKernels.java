package proteus.loader;

import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec.Entry;

/** Loads fetched guests into the tests' memory. */
public final class StockKernels {
    private StockKernels() {}

    public static LoadedGuest load(GuestImage image, Entry entry) {
        return Images.load(new FakeMemory((int) (image.info().memoryBytes() >> 20)), image.kernel(), image.initrd(), image.commandLine(), entry);
    }
}
