package proteus.shell.bench;

import java.util.List;
import java.util.stream.Collectors;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestCatalogue.GuestInfo;

/** The Linux guests of the comparison and their words on the kernel's command line (bundles/loader, initramfs/init). */
final class LinuxGuest {
    /** Ends the machine once the shell would start. */
    static final String POWER_OFF = "proteus.end=poweroff";

    private LinuxGuest() {}

    static String of(int bits) {
        return bits == 32 ? "debian-686" : "debian-cloud-amd64";
    }

    /** The same guest with other memory; 0 leaves it. */
    static GuestImage withMemory(GuestImage image, long bytes) {
        if (bytes == 0) {
            return image;
        }
        GuestInfo info = image.info();
        return new GuestImage(
                new GuestInfo(info.name(), info.title(), info.embedded(), info.available(), info.bits(), bytes, info.prompt(), info.abis()),
                image.kernel(), image.initrd(), image.commandLine(), image.kernelPath(), image.initrdPath());
    }

    /** @param how {@code mark=1} for the marks at port 0xf8, {@code pause=1} for lines and Enter */
    static String words(List<Loop> loops, int scale, String how) {
        return "proteus.run=\"/bin/bench scale=%d only=%s %s\" %s"
                .formatted(scale, loops.stream().map(Loop::name).collect(Collectors.joining(",")), how, POWER_OFF);
    }
}
