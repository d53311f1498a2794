package proteus.board.pci;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;
import proteus.board.irq.Lines;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * Bus 0 behind configuration mechanism #1, and the routing of the four PCI interrupts: through the PIRQ registers of the
 * ISA bridge to ISA interrupts, and wired to inputs 16..19 of the IOAPIC, as on boards that have one beside a PIIX3.
 */
public final class PciHost implements Part, PciSlots, BusDevice {
    /** The hole for memory-mapped BARs: RAM below ends at 3 GiB, the IOAPIC begins above. */
    public static final long HOLE = 0xc000_0000L;

    public static final long HOLE_END = 0xfec0_0000L;

    private static final int DEVICES = 32;
    private static final int FUNCTIONS = 8;
    private static final int LINKS = 4;
    private static final int FIRST_IO_APIC_INPUT = 16;
    private static final int ADDRESS_ENABLE = 1 << 31;
    private static final int RESET_CPU = 0x04;

    /** Where assignment starts. */
    private static final long FIRST_PORT = 0xc000;

    private static final long FIRST_MEMORY = 0xe000_0000L;

    private final Bus ports;
    private final Bus mmio;
    private final BiConsumer<Long, Integer> messages;
    private final Runnable resetRequested;
    private final PciHeader[][] slots = new PciHeader[DEVICES][FUNCTIONS];
    private final InterruptLine[][] isaWires = new InterruptLine[LINKS][16];
    private final InterruptLine[] ioApicWires = new InterruptLine[LINKS];
    private IsaBridge isaBridge;
    private int address;
    private int resetControl;

    public PciHost(Bus ports, Bus mmio, Lines lines, BiConsumer<Long, Integer> messages, Runnable resetRequested) {
        this.ports = ports;
        this.mmio = mmio;
        this.messages = messages;
        this.resetRequested = resetRequested;
        for (int link = 0; link < LINKS; link++) {
            ioApicWires[link] = lines.wire(FIRST_IO_APIC_INPUT + link);
            for (int irq = 0; irq < isaWires[link].length; irq++) {
                // Counted once, at the IOAPIC.
                isaWires[link][irq] = lines.wire(irq, () -> {});
            }
        }
    }

    /** Names the bridge whose PIRQ registers route. */
    void isaBridge(IsaBridge bridge) {
        isaBridge = bridge;
    }

    @Override
    public Slot plug(PciFunction function) {
        for (int device = 0; device < DEVICES; device++) {
            if (slots[device][0] == null) {
                return plug(device, 0, function);
            }
        }
        throw new IllegalArgumentException("No PCI slot is free for %s.".formatted(function.name()));
    }

    @Override
    public Slot plug(int device, int function, PciFunction pciFunction) {
        if (device < 0 || device >= DEVICES || function < 0 || function >= FUNCTIONS) {
            throw new IllegalArgumentException("There is no PCI slot 00:%02x.%d for %s.".formatted(device, function, pciFunction.name()));
        }
        PciHeader there = slots[device][function];
        if (there != null) {
            throw new IllegalArgumentException("PCI slot 00:%02x.%d holds %s already.".formatted(device, function, there.plugged().name()));
        }
        PciHeader header = new PciHeader(this, device, function, pciFunction);
        slots[device][function] = header;
        return header;
    }

    void unplug(PciHeader header) {
        if (slots[header.device()][header.function()] == header) {
            slots[header.device()][header.function()] = null;
            changed();
        }
    }

    boolean multifunction(int device) {
        for (int function = 1; function < FUNCTIONS; function++) {
            if (slots[device][function] != null) {
                return true;
            }
        }
        return false;
    }

    void message(long messageAddress, int data) {
        messages.accept(messageAddress, data);
    }

    /** BARs, enables or wires changed: everybody takes the place that is due. */
    void changed() {
        List<PciHeader> all = functions();
        all.forEach(PciHeader::leave);
        all.forEach(header -> header.settle(ports, mmio));
        route();
    }

    /** Drives the interrupts from the wires of all functions. */
    void route() {
        boolean[] links = new boolean[LINKS];
        for (PciHeader header : functions()) {
            int pin = header.identity().interruptPin();
            if (pin != 0 && header.interrupting()) {
                links[link(header.device(), pin)] = true;
            }
        }
        for (int link = 0; link < LINKS; link++) {
            int routed = isaBridge == null ? -1 : isaBridge.route(link);
            for (int irq = 0; irq < isaWires[link].length; irq++) {
                isaWires[link][irq].set(links[link] && irq == routed);
            }
            ioApicWires[link].set(links[link]);
        }
    }

    /** PIRQ A..D (0..3) of a slot's pin (1..4): the board turns the wires from slot to slot; slot 1 is straight. */
    public static int link(int device, int pin) {
        return device + pin - 2 & 3;
    }

    /** Does what firmware does before an operating system: addresses, decoders, interrupt lines. */
    public void configure() {
        long port = FIRST_PORT;
        long memory = FIRST_MEMORY;
        for (PciHeader header : functions()) {
            for (PciFunction.Bar bar : header.ranges()) {
                if (bar.kind() == PciFunction.Bar.Kind.PORTS) {
                    port = port + bar.size() - 1 & -bar.size();
                    if (port + bar.size() <= 0x10000) {
                        header.assign(bar, port);
                        port += bar.size();
                    }
                } else {
                    long at = memory + bar.size() - 1 & -bar.size();
                    // What does not fit stays unassigned, for the guest to place.
                    if (at + bar.size() <= HOLE_END) {
                        header.assign(bar, at);
                        memory = at + bar.size();
                    }
                }
            }
            int pin = header.identity().interruptPin();
            header.enable(pin == 0 ? 0 : isaBridge.route(link(header.device(), pin)) & 0xff);
        }
        changed();
    }

    private List<PciHeader> functions() {
        List<PciHeader> all = new ArrayList<>();
        for (PciHeader[] device : slots) {
            for (PciHeader header : device) {
                if (header != null) {
                    all.add(header);
                }
            }
        }
        return all;
    }

    @Override
    public long read(long offset, int size) {
        if (offset == 0 && size == 4) {
            return address & 0xffff_fffcL;
        }
        if (offset == 1 && size == 1) {
            return resetControl;
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) readData(((int) offset - 4 | address & 3) + i) << 8 * i;
        }
        return value;
    }

    private int readData(int at) {
        PciHeader header = addressed();
        return at < 0 || at > 3 || header == null ? 0xff : header.read(address & 0xfc | at);
    }

    @Override
    public void write(long offset, int size, long value) {
        if (offset == 0 && size == 4) {
            // Bits 0 and 1 are reserved (PCI 3.0, 3.2.2.3.2); here, as in QEMU, they choose a byte of the data port as its address does.
            address = (int) value & 0x80ff_ffff;
        } else if (offset == 1 && size == 1) {
            resetControl((int) value);
        } else if (offset >= 4) {
            PciHeader header = addressed();
            int at = (int) offset - 4 | address & 3;
            if (header != null) {
                header.write(address & 0xfc | at, Math.min(size, 4 - at), (int) value);
            }
        }
    }

    private PciHeader addressed() {
        boolean here = (address & ADDRESS_ENABLE) != 0 && (address >> 16 & 0xff) == 0;
        return here ? slots[address >> 11 & 0x1f][address >> 8 & 7] : null;
    }

    /** The reset control register at 0xcf9 (PIIX3 2.5.7): the CPU is reset as bit 2 rises. */
    private void resetControl(int value) {
        boolean rises = (value & RESET_CPU) != 0 && (resetControl & RESET_CPU) == 0;
        resetControl = value & 0x06;
        if (rises) {
            resetRequested.run();
        }
    }

    /** Takes all ranges off the buses. */
    public void close() {
        functions().forEach(PciHeader::close);
    }

    @Override
    public String name() {
        return "PCI bus";
    }

    @Override
    public String describe() {
        StringBuilder text = new StringBuilder("PCI bus:");
        for (PciHeader header : functions()) {
            text.append(" %02x.%d %04x:%04x %s;".formatted(header.device(), header.function(), header.identity().vendor(),
                    header.identity().device(), header.plugged().name()));
        }
        text.setLength(text.length() - 1);
        return text.toString();
    }

    @Override
    public void reset() {
        address = 0;
        resetControl = 0;
        functions().forEach(PciHeader::reset);
        changed();
    }

    @Override
    public void save(StateWriter out) {
        List<PciHeader> all = functions();
        out.putInt(address).putInt(resetControl).putInt(all.size());
        for (PciHeader header : all) {
            out.putInt(header.device() << 3 | header.function());
            out.putInt(header.identity().device() << 16 | header.identity().vendor());
            header.save(out);
        }
    }

    /** Functions must have been plugged before. */
    @Override
    public void load(StateReader in) {
        address = in.takeInt();
        resetControl = in.takeInt();
        int count = in.takeInt();
        for (int i = 0; i < count; i++) {
            int place = in.takeInt();
            int identity = in.takeInt();
            PciHeader header = place >= 0 && place < DEVICES * FUNCTIONS ? slots[place >> 3][place & 7] : null;
            if (header == null || (header.identity().device() << 16 | header.identity().vendor()) != identity) {
                throw new IllegalArgumentException("The state has PCI function %04x:%04x at 00:%02x.%d, this machine has not.".formatted(
                        identity & 0xffff, identity >>> 16, place >> 3, place & 7));
            }
            header.load(in);
        }
        changed();
    }
}
