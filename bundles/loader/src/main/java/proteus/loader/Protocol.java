package proteus.loader;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalLong;
import proteus.api.io.Board.FirmwareData;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.GuestLoader.LoadedGuest;
import proteus.api.vm.VmSpec;

/** A boot protocol: one image format and its ways in. */
interface Protocol {
    /** What one boot is made of. */
    record Boot(Image image, byte[] initrd, byte[] commandLine, VmSpec.Entry entry, FirmwareData firmware, Ram ram) {
        static Boot of(VmSpec.BootSpec spec, FirmwareData firmware, Ram ram) {
            byte[] commandLine = spec.commandLine().getBytes(StandardCharsets.UTF_8);
            if (Arrays.binarySearch(sorted(commandLine), (byte) 0) >= 0) {
                throw new GuestLoadException("The kernel command line contains a zero byte, at which the guest would stop reading it: remove it.");
            }
            return new Boot(new Image(spec.name(), spec.kernel()), spec.initrd(), commandLine, spec.entry(), firmware, ram);
        }

        private static byte[] sorted(byte[] bytes) {
            byte[] copy = bytes.clone();
            Arrays.sort(copy);
            return copy;
        }

        /** Writes the command line where the kernel finds it. */
        long placeCommandLine() {
            long at = ram.structure("command line", commandLine.length + 1L, 16);
            ram.writeText(at, commandLine);
            return at;
        }

        /** Writes the initial RAM disk; the place was found by the caller, or not. */
        long placeInitrd(OptionalLong place, String between) {
            long at = place.orElseThrow(() -> new GuestLoadException(("The initial RAM disk of '%s' (%s) does not fit %s of a guest with %s of memory: give the VM more memory"
                    + " or a smaller RAM disk.").formatted(image.name(), Ram.mebibytes(initrd.length), between, Ram.mebibytes(ram.size()))));
            ram.write(at, initrd, 0, initrd.length);
            return at;
        }

        /** Refuses an entry point that the image does not have. */
        void refuseOtherThan32(String format) {
            if (entry == VmSpec.Entry.REAL_16 || entry == VmSpec.Entry.LONG_64) {
                throw image.fail("(%s) has only a 32-bit entry, not the %s one that was asked for: leave the entry to the loader", format,
                        entry == VmSpec.Entry.REAL_16 ? "16-bit" : "64-bit");
            }
        }
    }

    /** Whether this is such an image, by its magic numbers only. */
    boolean recognises(Image image);

    /** Loads it; anything wrong with it is a {@link GuestLoadException}. */
    LoadedGuest load(Boot boot);
}
