package proteus.board.pci;

import java.util.ArrayList;
import java.util.List;
import proteus.api.io.Bus;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciFunction;
import proteus.api.io.PciFunction.Bar;
import proteus.api.io.PciFunction.Identity;
import proteus.api.io.PciSlots;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** A plugged function: its standard header of type 0 (PCI 3.0, 6.1 and 6.2) and the ranges behind its BARs. */
final class PciHeader implements PciSlots.Slot {
    static final int COMMAND_PORTS = 0x001;
    static final int COMMAND_MEMORY = 0x002;
    private static final int COMMAND_MASTER = 0x004;
    private static final int COMMAND_NO_INTERRUPT = 0x400;
    private static final int COMMAND_WRITABLE = 0x547;
    private static final int STATUS_INTERRUPT = 0x08;
    private static final int STATUS_CAPABILITIES = 0x10;
    private static final int MULTIFUNCTION = 0x80;
    private static final int FIRST_BAR = 0x10;
    private static final int LAST_BAR_BYTE = 0x27;
    private static final int DEVICE_REGISTERS = 0x40;
    private static final long ADDRESS_LIMIT = 1L << 52;

    private final PciHost host;
    private final PciFunction function;
    private final Identity identity;
    private final int device;
    private final int number;
    private final Bar[] bars = new Bar[6];
    private final int[] registers = new int[6];
    private final Bus.Attachment[] places = new Bus.Attachment[6];
    private final long[] placedAt = new long[6];
    private int command;
    private int cacheLine;
    private int latency;
    private int interruptLine;
    private boolean asserted;
    private boolean closed;

    PciHeader(PciHost host, int device, int number, PciFunction function) {
        this.host = host;
        this.device = device;
        this.number = number;
        this.function = function;
        this.identity = function.identity();
        List<Bar> wanted = new ArrayList<>(function.bars());
        for (Bar bar : wanted) {
            if (bars[bar.index()] != null) {
                throw new IllegalArgumentException("%s has two ranges for BAR %d.".formatted(function.name(), bar.index()));
            }
            bars[bar.index()] = bar;
        }
        for (Bar bar : wanted) {
            if (bar.kind() == Bar.Kind.MEMORY_64 && bars[bar.index() + 1] != null) {
                throw new IllegalArgumentException("BAR %d of %s is the upper half of the one before.".formatted(bar.index() + 1, function.name()));
            }
        }
        reset();
    }

    int read(int offset) {
        if (offset >= DEVICE_REGISTERS) {
            return function.readConfig(offset) & 0xff;
        }
        if (offset >= FIRST_BAR && offset <= LAST_BAR_BYTE) {
            return registers[offset - FIRST_BAR >> 2] >>> 8 * (offset & 3) & 0xff;
        }
        int status = (asserted ? STATUS_INTERRUPT : 0) | (function.capabilities() != 0 ? STATUS_CAPABILITIES : 0);
        int word = switch (offset & ~3) {
            case 0x00 -> identity.device() << 16 | identity.vendor();
            case 0x04 -> status << 16 | command;
            case 0x08 -> identity.classCode() << 8 | identity.revision();
            case 0x0c -> (number == 0 && host.multifunction(device) ? MULTIFUNCTION : 0) << 16 | latency << 8 | cacheLine;
            case 0x2c -> identity.subsystem() << 16 | identity.subsystemVendor();
            case 0x34 -> function.capabilities();
            case 0x3c -> identity.interruptPin() << 8 | interruptLine;
            default -> 0;
        };
        return word >>> 8 * (offset & 3) & 0xff;
    }

    /** Writes 1 to 4 bytes within a double word. */
    void write(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            writeByte(offset + i, value >>> 8 * i & 0xff);
        }
        if (offset < DEVICE_REGISTERS) {
            host.changed();
        }
    }

    private void writeByte(int offset, int value) {
        if (offset >= DEVICE_REGISTERS) {
            function.writeConfig(offset, value);
            return;
        }
        if (offset >= FIRST_BAR && offset <= LAST_BAR_BYTE) {
            int index = offset - FIRST_BAR >> 2;
            int shift = 8 * (offset & 3);
            setBar(index, registers[index] & ~(0xff << shift) | value << shift);
            return;
        }
        switch (offset) {
            case 0x04 -> command = command & 0xff00 | value & COMMAND_WRITABLE;
            case 0x05 -> command = command & 0x00ff | value << 8 & COMMAND_WRITABLE;
            case 0x0c -> cacheLine = value;
            case 0x0d -> latency = value & 0xf8;
            case 0x3c -> interruptLine = value;
            default -> {
                // Read-only.
            }
        }
    }

    private void setBar(int index, int value) {
        Bar bar = bars[index];
        if (bar != null) {
            int flags = switch (bar.kind()) {
                case PORTS -> 1;
                case MEMORY_32 -> 0;
                case MEMORY_64 -> 4;
            };
            registers[index] = value & (int) -bar.size() & (bar.kind() == Bar.Kind.PORTS ? ~3 : ~0xf) | flags;
        } else if (index > 0 && bars[index - 1] != null && bars[index - 1].kind() == Bar.Kind.MEMORY_64) {
            registers[index] = value & (int) (-bars[index - 1].size() >> 32);
        }
    }

    private long address(int index) {
        Bar bar = bars[index];
        return switch (bar.kind()) {
            case PORTS -> registers[index] & 0xffff_fffcL;
            case MEMORY_32 -> registers[index] & 0xffff_fff0L;
            case MEMORY_64 -> registers[index] & 0xffff_fff0L | (long) registers[index + 1] << 32;
        };
    }

    /** The ranges of this function, for the host's assignment. */
    List<Bar> ranges() {
        return function.bars();
    }

    /** Assigns a range as firmware does. */
    void assign(Bar bar, long address) {
        setBar(bar.index(), (int) address);
        if (bar.kind() == Bar.Kind.MEMORY_64) {
            setBar(bar.index() + 1, (int) (address >>> 32));
        }
    }

    void enable(int line) {
        command |= ranges().isEmpty() ? 0 : COMMAND_PORTS | COMMAND_MEMORY;
        interruptLine = line;
    }

    Identity identity() {
        return identity;
    }

    PciFunction plugged() {
        return function;
    }

    /** Takes ranges that moved or were disabled off the buses. */
    void leave() {
        for (int i = 0; i < bars.length; i++) {
            if (places[i] != null && placedAt[i] != wanted(i)) {
                places[i].close();
                places[i] = null;
            }
        }
    }

    /** Puts ranges on the buses; one that overlaps another stays away until something moves, as both would fight on real wires. */
    void settle(Bus ports, Bus mmio) {
        for (int i = 0; i < bars.length; i++) {
            long at = wanted(i);
            if (places[i] != null || at < 0) {
                continue;
            }
            Bus bus = bars[i].kind() == Bar.Kind.PORTS ? ports : mmio;
            try {
                places[i] = bus.attach(at, bars[i].size(), function.name() + " BAR " + i, bars[i].registers());
                placedAt[i] = at;
            } catch (IllegalArgumentException occupied) {
                places[i] = null;
            }
        }
    }

    /** Where a range should be now, or -1. Address 0 is what an unassigned BAR has. */
    private long wanted(int index) {
        Bar bar = bars[index];
        if (bar == null || closed) {
            return -1;
        }
        boolean ports = bar.kind() == Bar.Kind.PORTS;
        long at = address(index);
        long limit = ports ? 0x10000 : ADDRESS_LIMIT;
        boolean decoding = (command & (ports ? COMMAND_PORTS : COMMAND_MEMORY)) != 0;
        return decoding && at > 0 && at <= limit - bar.size() ? at : -1;
    }

    /** Whether the INTx wire is up as the routing sees it. */
    boolean interrupting() {
        return asserted && !closed && (command & COMMAND_NO_INTERRUPT) == 0;
    }

    @Override
    public int device() {
        return device;
    }

    @Override
    public int function() {
        return number;
    }

    @Override
    public InterruptLine interrupt() {
        return level -> {
            if (level != asserted) {
                asserted = level;
                host.changed();
            }
        };
    }

    @Override
    public boolean busMaster() {
        return (command & COMMAND_MASTER) != 0;
    }

    @Override
    public void message(long address, int data) {
        if (busMaster()) {
            host.message(address, data);
        }
    }

    @Override
    public void close() {
        closed = true;
        leave();
        host.unplug(this);
    }

    void reset() {
        command = 0;
        cacheLine = 0;
        latency = 0;
        interruptLine = 0;
        for (int i = 0; i < registers.length; i++) {
            registers[i] = 0;
            setBar(i, 0);
        }
    }

    void save(StateWriter out) {
        out.putInts(registers).putInt(command).putInt(cacheLine).putInt(latency).putInt(interruptLine);
    }

    void load(StateReader in) {
        in.takeInts(registers);
        for (int i = 0; i < registers.length; i++) {
            setBar(i, registers[i]);
        }
        command = in.takeInt() & COMMAND_WRITABLE;
        cacheLine = in.takeInt() & 0xff;
        latency = in.takeInt() & 0xff;
        interruptLine = in.takeInt() & 0xff;
    }
}
