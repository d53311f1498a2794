package proteus.loader;

import java.util.List;
import java.util.Optional;
import org.osgi.service.component.annotations.Component;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.GuestLoader;
import proteus.api.vm.VmSpec;
import proteus.loader.Protocol.Boot;
import proteus.x86.xen.ElfNote;

/** Recognises an image and loads it by its protocol. */
@Component(service = GuestLoader.class)
public final class StandardGuestLoader implements GuestLoader {
    /** In order of preference: an ELF file may have a PVH note and a Multiboot header, a bzImage may have a Multiboot header too. */
    private static final List<Protocol> PROTOCOLS = List.of(new LinuxProtocol(), new PvhProtocol(), new MultibootProtocol());

    @Override
    public LoadedGuest load(Request request) {
        if (request.abi() == GuestAbi.XEN_PV) {
            return XenDomainBuilder.build(request.boot(), request.memory());
        }
        String name = request.boot().name();
        Ram ram = new Ram(request.memory(), request.firmware());
        Boot boot = Boot.of(request.boot(), request.firmware(), ram);
        if (boot.image().size() == 0) {
            throw new GuestLoadException("The image '%s' is empty: name a kernel (bzImage, ELF with a PVH note, or Multiboot).".formatted(name));
        }
        if (boot.entry() == VmSpec.Entry.FIRMWARE) {
            return new LoadedGuest(StartState.reset(), "the reset vector of its ROM", List.of());
        }
        Optional<Protocol> protocol = PROTOCOLS.stream().filter(candidate -> candidate.recognises(boot.image())).findFirst();
        return protocol.orElseThrow(() -> unknown(boot.image())).load(boot);
    }

    private static GuestLoadException unknown(Image image) {
        if (ElfImage.hasMagic(image)) {
            // Parsing says what is wrong with it first: class, machine, truncation.
            ElfImage elf = ElfImage.parse(image);
            if (elf.note64(ElfNote.OWNER, ElfNote.ENTRY).isPresent()) {
                return image.fail("is a kernel for paravirtual domains and has no entry for a PC: take --cpu para");
            }
            return image.fail("is an ELF file for x86 but has neither a PVH note (XEN_ELFNOTE_PHYS32_ENTRY) nor a Multiboot header, so nothing says how to start it:"
                    + " take a vmlinux built with CONFIG_PVH, or the bzImage");
        }
        if (LinuxProtocol.isBootSector(image)) {
            return image.fail("is a boot sector or a disk image, which needs a BIOS: give a kernel (bzImage, ELF with a PVH note, or Multiboot)");
        }
        return image.fail("is no format that can be started (neither Linux bzImage nor ELF nor Multiboot; it begins with %s): see that it is the right file", firstBytes(image));
    }

    private static String firstBytes(Image image) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < Math.min(4, image.size()); i++) {
            text.append(i == 0 ? "" : " ").append("%02x".formatted(image.u8(i)));
        }
        return text.toString();
    }
}
