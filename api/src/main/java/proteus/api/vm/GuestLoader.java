package proteus.api.vm;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.io.Board.FirmwareData;
import proteus.api.memory.GuestMemory;
import proteus.api.state.ArchState;

/** Puts a guest image into memory and says how to start it (bzImage, ELF, multiboot, flat); a service. */
@ConsumerType
public interface GuestLoader {
    /**
     * Loads.
     *
     * @throws GuestLoadException with one clear sentence
     */
    LoadedGuest load(Request request);

    /**
     * @param boot what to boot
     * @param memory where to
     * @param firmware tables and memory map; nothing where the ABI has no firmware
     * @param abi what the guest finds itself on
     */
    record Request(VmSpec.BootSpec boot, GuestMemory memory, FirmwareData firmware, GuestAbi abi) {
        /** For a PC. */
        public Request(VmSpec.BootSpec boot, GuestMemory memory, FirmwareData firmware) {
            this(boot, memory, firmware, GuestAbi.PC);
        }
    }

    /**
     * @param state in which the first vCPU starts
     * @param protocol how it was started, for people
     * @param notes further sentences for people
     */
    record LoadedGuest(ArchState state, String protocol, List<String> notes) {}
}
