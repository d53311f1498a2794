package proteus.api.io;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** The board of one VM: interrupt controllers, timers, RTC, PCI host, firmware tables. */
@ProviderType
public interface Board extends AutoCloseable {
    InterruptController interrupts(int vcpu);

    /** A new wire to a global system interrupt; all wires of one interrupt are ORed. Ask once and keep it. */
    InterruptLine line(int gsi);

    /** Tells of every change of a global system interrupt's level from now on, on the VM's thread; there is one watcher. */
    default void watchLines(LineWatcher watcher) {}

    /** The PCI bus. */
    PciSlots pci();

    /** Where a keyboard is plugged in. */
    default Optional<Ps2Port> keyboardPort() {
        return Optional.empty();
    }

    /**
     * Everything a loader must place or report: tables in guest memory, the memory map. Writes the ACPI and MP tables into guest
     * memory, unless the machine starts from a ROM: that firmware makes its own and finds the memory map through fw_cfg.
     */
    FirmwareData installTables(boolean acpi);

    /** A device for the tables to come. */
    default void platformDevice(PlatformDevice device) {}

    /** Files the firmware finds through fw_cfg. */
    void firmwareFile(String name, byte[] content);

    void reset();

    byte[] exportState();

    void importState(byte[] state);

    /** Sentences about the parts, for {@code vm:info}. */
    List<String> describe();

    @Override
    void close();

    /** Watches the wires that devices drive, as a logic analyser would. */
    @ConsumerType
    interface LineWatcher {
        void changed(int gsi, boolean asserted);
    }

    /**
     * What boot protocols hand to the guest.
     *
     * @param rsdp GPA of the ACPI root pointer, or 0 without ACPI
     * @param map memory map in E820 terms
     */
    record FirmwareData(long rsdp, List<MapEntry> map) {
        public FirmwareData {
            map = List.copyOf(map);
        }
    }

    /** One range of the E820 map: type 1 RAM, 2 reserved, 3 ACPI reclaimable, 4 ACPI NVS. */
    record MapEntry(long gpa, long bytes, int type) {}
}
