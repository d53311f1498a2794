package proteus.api.io;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.event.EventCounters;
import proteus.api.memory.GuestMemory;

/** What a device gets from its VM. */
@ProviderType
public interface DeviceContext {
    Bus ports();

    /** Memory-mapped registers by GPA. */
    Bus mmio();

    /** DMA goes through here only. */
    GuestMemory memory();

    /** A new wire to a global system interrupt: 0..15 are the ISA lines on both PIC and IOAPIC. All wires of one are ORed; ask once and keep it. */
    InterruptLine interrupt(int gsi);

    /** The PCI bus, if the machine has one. */
    default Optional<PciSlots> pci() {
        return Optional.empty();
    }

    /** Where a keyboard is plugged in, if the machine has a keyboard controller. */
    default Optional<Ps2Port> keyboardPort() {
        return Optional.empty();
    }

    /** How the user wishes paravirtual devices to be attached. */
    default Transport transport() {
        return Transport.PCI;
    }

    /** Makes a device known to the firmware's tables; before they are installed. */
    default void platformDevice(PlatformDevice device) {}

    Timers timers();

    EventCounters counters();

    /** Runs an action on the VM's thread soon; for back ends with threads of their own. */
    void post(Runnable action);
}
