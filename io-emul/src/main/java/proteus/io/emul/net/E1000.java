package proteus.io.emul.net;

import static proteus.io.emul.net.E1000Registers.*;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.BusDevice;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.NetBackend;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;

/** Intel's 82540EM, QEMU's {@code e1000}: registers behind BAR 0, and behind two ports of BAR 1 as well. */
public final class E1000 implements Device, PciFunction, BusDevice, NetBackend.Card {
    private static final int DEVICE_ID = 0x100e;
    private static final int SUBSYSTEM = 0x001e;
    private static final int STATE_VERSION = 1;
    private static final int REGISTER_BYTES = 0x2_0000;
    private static final int PORTS = 64;
    private static final int DESCRIPTOR = 16;
    private static final int FLUSH = 1 << 31;

    private final int[] registers = new int[END / 4];
    private final byte[] address;
    private final EventCounters counters;
    private final NetBackend backend;
    private final Eeprom eeprom;
    private final Phy phy = new Phy();
    private final Moderation interrupts;
    private final E1000Transmit transmit;
    private final E1000Receive receive;
    private final PciSlots.Slot slot;
    private final int index;
    /** The register that the data port of BAR 1 shows. */
    private int window;

    public E1000(DeviceContext context, NetBackend backend, int index) {
        PciSlots slots = context.pci().orElseThrow(() -> new IllegalArgumentException("An e1000 needs a PCI bus."));
        this.backend = backend;
        this.index = index;
        address = backend.address();
        counters = context.counters();
        eeprom = new Eeprom(address, DEVICE_ID, SUBSYSTEM);
        transmit = new E1000Transmit(context.memory(), this);
        receive = new E1000Receive(context.memory(), this);
        slot = slots.plug(this);
        interrupts = new Moderation(context.timers(), slot.interrupt()::set);
        backend.connect(this);
        reset();
    }

    @Override
    public void reset() {
        phy.reset();
        window = 0;
        resetRegisters();
    }

    private void resetRegisters() {
        Arrays.fill(registers, 0);
        register(CTRL, 0x0018_0240);
        register(STATUS, STATUS_UP);
        register(PBA, 0x0010_0030);
        register(VET, 0x8100);
        for (int i = 0; i < 4; i++) {
            registers[RA / 4] |= (address[i] & 0xff) << 8 * i;
        }
        register(RA + 4, RAH_VALID | (address[5] & 0xff) << 8 | address[4] & 0xff);
        transmit.reset();
        interrupts.reset();
    }

    // --- for the parts

    int register(int at) {
        return registers[at >> 2];
    }

    void register(int at, int value) {
        registers[at >> 2] = value;
    }

    /** The 64-bit base of a ring. */
    long address(int low) {
        return (register(low) & 0xffff_fff0L) | (long) register(low + 4) << 32;
    }

    /** Descriptors of the ring whose length is in this register. */
    int ring(int lengthRegister) {
        return (register(lengthRegister) & 0xf_ff80) / DESCRIPTOR;
    }

    Moderation interrupts() {
        return interrupts;
    }

    boolean master() {
        return slot.busMaster();
    }

    /** Counts in a statistics register; those of octets have 64 bits. */
    void count(int at, int more) {
        long sum = (registers[at >> 2] & 0xffff_ffffL) + more;
        registers[at >> 2] = (int) sum;
        if (sum >>> 32 != 0 && (at == GORC || at == GOTC || at == TOR || at == TOT)) {
            registers[(at >> 2) + 1]++;
        }
    }

    void transmit(byte[] frame, int length, int segment) {
        counters.count(CountedEvent.DEVICE_REQUESTS);
        count(GPTC, 1);
        count(TPT, 1);
        count(GOTC, length + 4);
        count(TOT, length + 4);
        if ((frame[0] & 1) != 0) {
            count((frame[0] & frame[1] & frame[2] & frame[3] & frame[4] & frame[5]) == -1 ? BPTC : MPTC, 1);
        }
        backend.transmit(frame, length, segment);
    }

    // --- the network's side

    @Override
    public boolean receive(byte[] frame, int length, int segment) {
        boolean taken = receive.receive(frame, length);
        if (taken) {
            counters.count(CountedEvent.DEVICE_REQUESTS);
        }
        return taken;
    }

    @Override
    public boolean large() {
        return false;
    }

    // --- the guest's side

    @Override
    public long read(long offset, int size) {
        long value = readRegister((int) offset & ~3) & 0xffff_ffffL;
        if (size == 8) {
            value |= (readRegister((int) offset + 4 & ~3) & 0xffff_ffffL) << 32;
        }
        int shift = 8 * ((int) offset & 3);
        return size == 8 ? value : value >> shift & (1L << 8 * size) - 1;
    }

    /** Registers are written with 32 bits (GbE SDM 13.1); a narrower access changes nothing. */
    @Override
    public void write(long offset, int size, long value) {
        if (size >= 4 && (offset & 3) == 0) {
            writeRegister((int) offset, (int) value);
            if (size == 8) {
                writeRegister((int) offset + 4, (int) (value >> 32));
            }
        }
    }

    private int readRegister(int at) {
        return switch (at) {
            case EECD -> eeprom.control();
            case EERD -> eeprom.read();
            case MDIC -> phy.control();
            case ICR -> interrupts.take();
            case ITR -> interrupts.interval();
            case IMS -> interrupts.mask();
            case ICS, IMC -> 0;
            default -> {
                if (at < 0 || at >= END) {
                    yield 0;
                }
                int value = register(at);
                if (at >= STATISTICS && at < STATISTICS_END) {
                    // Read and clear; the two halves of a counter of octets go together with the upper one.
                    register(at, 0);
                }
                yield value;
            }
        };
    }

    private void writeRegister(int at, int value) {
        switch (at) {
            case CTRL -> {
                if ((value & CTRL_PHY_RESET) != 0) {
                    phy.reset();
                }
                if ((value & CTRL_RESET) != 0) {
                    resetRegisters();
                } else {
                    register(CTRL, value & ~CTRL_PHY_RESET);
                }
            }
            case EECD -> eeprom.control(value);
            case EERD -> eeprom.read(value);
            case MDIC -> {
                if (phy.control(value)) {
                    interrupts.raise(LSC);
                }
            }
            case ICR -> interrupts.clear(value);
            case ITR -> interrupts.interval(value);
            case ICS -> interrupts.raise(value);
            case IMS -> interrupts.mask(interrupts.mask() | value);
            case IMC -> interrupts.mask(interrupts.mask() & ~value);
            case STATUS -> {
                // Read-only.
            }
            case RDH, TDH -> register(at, value & 0xffff);
            case RDT -> {
                register(RDT, value & 0xffff);
                backend.room();
            }
            case RCTL -> {
                register(RCTL, value);
                backend.room();
            }
            case TDT -> {
                counters.count(CountedEvent.KICKS);
                register(TDT, value & 0xffff);
                transmit.run();
            }
            case TCTL -> {
                register(TCTL, value);
                transmit.run();
            }
            case RDTR -> {
                register(RDTR, value & 0xffff);
                if ((value & FLUSH) != 0) {
                    interrupts.flushReceive();
                }
            }
            default -> {
                if (at >= 0 && at < END && (at < STATISTICS || at >= STATISTICS_END)) {
                    register(at, value);
                }
            }
        }
    }

    // --- PCI

    @Override
    public Identity identity() {
        return new Identity(0x8086, DEVICE_ID, 3, 0x020000, 0x8086, SUBSYSTEM, 1);
    }

    @Override
    public List<Bar> bars() {
        return List.of(new Bar(0, Bar.Kind.MEMORY_32, REGISTER_BYTES, this), new Bar(1, Bar.Kind.PORTS, PORTS, new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return offset == 0 ? window : offset == 4 ? E1000.this.read(window, size) : 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == 0 && size == 4) {
                    window = (int) value & REGISTER_BYTES - 4;
                } else if (offset == 4) {
                    E1000.this.write(window, size, value);
                }
            }
        }));
    }

    // --- the device

    @Override
    public String name() {
        return "e1000 %d in PCI slot %d".formatted(index, slot == null ? 0 : slot.device());
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.NET;
    }

    @Override
    public byte[] exportState() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(STATE_VERSION);
            for (int value : registers) {
                out.writeInt(value);
            }
            out.writeInt(window);
            eeprom.save(out);
            phy.save(out);
            interrupts.save(out);
            transmit.save(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @Override
    public void importState(byte[] state) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
            int version = in.readUnsignedByte();
            if (version != STATE_VERSION) {
                throw new IllegalArgumentException("The state of the e1000 has version %d, this device reads %d.".formatted(version, STATE_VERSION));
            }
            for (int i = 0; i < registers.length; i++) {
                registers[i] = in.readInt();
            }
            window = in.readInt() & REGISTER_BYTES - 4;
            eeprom.load(in);
            phy.load(in);
            interrupts.load(in);
            transmit.load(in);
        } catch (EOFException e) {
            throw new IllegalArgumentException("The state of the e1000 ends too early.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        interrupts.reset();
        slot.close();
    }
}
