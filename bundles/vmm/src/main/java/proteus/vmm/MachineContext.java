package proteus.vmm;

import java.util.Optional;
import java.util.function.IntToLongFunction;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.Board;
import proteus.api.io.BoardContext;
import proteus.api.io.Bus;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciSlots;
import proteus.api.io.Ps2Port;
import proteus.api.io.ShadowMemory;
import proteus.api.io.PlatformDevice;
import proteus.api.io.Timers;
import proteus.api.io.Transport;
import proteus.api.memory.GuestMemory;
import proteus.api.vm.VmEnd;

/** The context of the board and of every device of one VM. */
class MachineContext implements BoardContext {
    private final AddressBus ports;
    private final AddressBus mmio;
    private final MachineMemory memory;
    private final VirtualClock clock;
    private final EventCounters counters;
    private final MachineConsole console;
    private final MachineLink link;
    private final Optional<ShadowMemory> shadow;
    private final AddressLine20 line20;
    private final FirmwareLog firmwareLog;
    private final Transport transport;
    private Board board;
    private IntToLongFunction guestTsc;

    MachineContext(
            AddressBus ports,
            AddressBus mmio,
            MachineMemory memory,
            VirtualClock clock,
            EventCounters counters,
            MachineConsole console,
            MachineLink link,
            Optional<ShadowMemory> shadow,
            AddressLine20 line20,
            FirmwareLog firmwareLog,
            Transport transport) {
        this.ports = ports;
        this.mmio = mmio;
        this.memory = memory;
        this.clock = clock;
        this.counters = counters;
        this.console = console;
        this.link = link;
        this.shadow = shadow;
        this.line20 = line20;
        this.firmwareLog = firmwareLog;
        this.transport = transport;
        // Until a technique has taken charge of the vCPU its TSC is the VM's clock.
        this.guestTsc = vcpu -> clock.now();
    }

    void board(Board made) {
        board = made;
    }

    void guestTsc(IntToLongFunction reader) {
        guestTsc = reader;
    }

    @Override
    public Bus ports() {
        return ports;
    }

    @Override
    public Bus mmio() {
        return mmio;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return new CountedLine(board.line(gsi), counters);
    }

    @Override
    public Optional<PciSlots> pci() {
        return board == null ? Optional.empty() : Optional.ofNullable(board.pci());
    }

    @Override
    public Optional<Ps2Port> keyboardPort() {
        return board == null ? Optional.empty() : board.keyboardPort();
    }

    @Override
    public Transport transport() {
        return transport;
    }

    @Override
    public void platformDevice(PlatformDevice device) {
        board.platformDevice(device);
    }

    @Override
    public Timers timers() {
        return clock;
    }

    @Override
    public EventCounters counters() {
        return counters;
    }

    @Override
    public void post(Runnable action) {
        link.post(action);
    }

    @Override
    public int vcpus() {
        return 1;
    }

    @Override
    public long tscFrequency() {
        return Contracts.TSC_FREQUENCY;
    }

    @Override
    public long guestTsc(int vcpu) {
        return guestTsc.applyAsLong(vcpu);
    }

    @Override
    public void interruptRaised(int vcpu) {
        // The one vCPU is on this thread and not in the guest: its technique looks before each entry.
    }

    @Override
    public void powerOff() {
        link.end(VmEnd.Kind.POWER_OFF, 0, "the guest powered off");
    }

    @Override
    public void resetRequested() {
        link.reset("the guest reset the machine");
    }

    @Override
    public void debugExit(int value) {
        link.end(VmEnd.Kind.DEBUG_EXIT, value, "the guest wrote %d to the debug-exit port".formatted(value));
    }

    @Override
    public void debugCharacter(int value) {
        console.output(value);
    }

    @Override
    public void firmwareCharacter(int value) {
        firmwareLog.add(value);
    }

    @Override
    public void addressLine20(boolean open) {
        line20.open(open);
    }

    @Override
    public Optional<ShadowMemory> shadowMemory() {
        return shadow;
    }

    /** Counts what devices raise. */
    private static final class CountedLine implements InterruptLine {
        private final InterruptLine line;
        private final EventCounters counters;
        private boolean asserted;

        CountedLine(InterruptLine line, EventCounters counters) {
            this.line = line;
            this.counters = counters;
        }

        @Override
        public void set(boolean wanted) {
            if (wanted && !asserted) {
                counters.count(CountedEvent.DEVICE_INTERRUPTS);
            }
            asserted = wanted;
            line.set(wanted);
        }
    }
}
