package proteus.tck.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.compose.TechniqueInfo;
import proteus.api.io.BlockBackend;
import proteus.api.io.BusDevice;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Device;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.IoTechnique;
import proteus.api.io.NetBackend;
import proteus.api.io.PciFunction;
import proteus.tck.checked.Contract;
import proteus.tck.fake.FakePc;

/** What every I/O technique must do, whatever its devices look like to a driver. Extend it and hand in the technique. */
public abstract class IoTechniqueContract {
    private static final int HOSTILE_ACCESSES = 50_000;
    private static final int SECTOR = 512;

    private final FakePc pc = new FakePc();
    private final List<Device> plugged = new ArrayList<>();

    /** The technique under test. */
    protected abstract IoTechnique technique();

    @AfterEach
    void unplug() throws Exception {
        for (Device device : plugged) {
            device.close();
        }
        plugged.clear();
    }

    private List<Device> plug(DeviceRole role) {
        List<Device> devices = technique().plug(pc, List.of(new DeviceSpec(role, backend(role), 0)));
        plugged.addAll(devices);
        return devices;
    }

    private static Object backend(DeviceRole role) {
        return switch (role) {
            case CONSOLE -> new Terminal();
            case DISK, CDROM -> new MemoryDisk();
            case ENTROPY -> new SplittableRandom(1);
            case NET -> new Network();
            default -> null;
        };
    }

    @Test
    void itSaysWhatItIs() {
        TechniqueInfo info = technique().info();
        assertEquals(TechniqueInfo.Kind.IO, info.kind());
        assertTrue(info.name().matches("[a-z][a-z0-9-]*"), info.name());
        assertTrue(!info.title().isBlank() && !info.literature().isBlank(), info.toString());
        assertFalse(technique().roles().isEmpty());
    }

    @Test
    void eachRoleHasADeviceThatTheGuestCanReach() throws Exception {
        for (DeviceRole role : new TreeSet<>(technique().roles())) {
            int before = places();
            List<Device> devices = plug(role);
            assertEquals(1, devices.size(), role + " is one device");
            assertFalse(devices.getFirst().name().isBlank());
            assertEquals(role, devices.getFirst().role());
            assertTrue(places() > before || role == DeviceRole.KEYBOARD, role + " is neither on a bus nor on PCI");
            unplug();
        }
    }

    private int places() {
        return pc.ports.ranges().size() + pc.mmio.ranges().size() + pc.functions.size();
    }

    @Test
    void aRoleItHasNotIsRefusedInASentence() {
        for (DeviceRole role : EnumSet.complementOf(EnumSet.copyOf(technique().roles()))) {
            var refusal = assertThrows(IllegalArgumentException.class, () -> plug(role));
            assertTrue(refusal.getMessage() != null && refusal.getMessage().contains(" "), "a sentence, not: " + refusal.getMessage());
            assertEquals(0, places(), "what was refused is nowhere");
        }
    }

    @Test
    void closingTakesADeviceAway() throws Exception {
        for (DeviceRole role : new TreeSet<>(technique().roles())) {
            plug(role);
            unplug();
            assertEquals(0, places(), role + " is still there");
        }
        assertFalse(wires(), "an interrupt line is still high");
    }

    private boolean wires() {
        for (boolean wire : pc.interrupts) {
            if (wire) {
                return true;
            }
        }
        return false;
    }

    @Test
    void stateGoesOutAndInUnchanged() throws Exception {
        for (DeviceRole role : new TreeSet<>(technique().roles())) {
            Device device = plug(role).getFirst();
            byte[] state = device.exportState();
            assertArrayEquals(state, device.exportState(), "exporting changes nothing");
            hostile(2000);
            byte[] later = device.exportState();
            device.importState(later);
            assertArrayEquals(later, device.exportState(), role + " takes over its own state");
            device.reset();
            byte[] reset = device.exportState();
            device.reset();
            assertArrayEquals(reset, device.exportState(), "a second reset changes nothing");
            unplug();
        }
    }

    @Test
    void nothingThatADriverDoesIsAnException() {
        // All at once: roles may share a controller.
        plugged.addAll(technique().plug(pc, technique().roles().stream().sorted().map(role -> new DeviceSpec(role, backend(role), 0)).toList()));
        hostile(HOSTILE_ACCESSES);
    }

    /** Accesses of a seeded driver without sense to all registers, with memory full of what looks like structures. */
    private void hostile(int accesses) {
        SplittableRandom random = new SplittableRandom(20_261_122);
        for (int i = 0; i < pc.ram.bytes.length; i += 4) {
            pc.ram.write32(i, random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(pc.ram.bytes.length));
        }
        List<Register> registers = registers();
        if (registers.isEmpty()) {
            return; // a keyboard alone hangs on its controller's wire
        }
        for (int i = 0; i < accesses; i++) {
            Register one = registers.get(random.nextInt(registers.size()));
            int size = 1 << random.nextInt(one.port ? 3 : 4);
            long offset = random.nextLong(one.length);
            if (offset + size > one.length) {
                continue;
            }
            if (random.nextInt(3) == 0) {
                one.device.read(offset, size);
            } else {
                long value = switch (random.nextInt(4)) {
                    case 0 -> random.nextInt(16);
                    case 1 -> random.nextInt(pc.ram.bytes.length) & -4096L;
                    case 2 -> -1;
                    default -> random.nextLong();
                };
                one.device.write(offset, size, size == 8 ? value : value & (1L << 8 * size) - 1);
            }
            if (i % 64 == 0) {
                pc.pass(random.nextLong(1_000_000));
            }
        }
    }

    private record Register(boolean port, long length, BusDevice device) {}

    private List<Register> registers() {
        List<Register> all = new ArrayList<>();
        pc.ports.ranges().forEach(range -> all.add(new Register(true, range.length(), relative(pc.ports, range.start()))));
        pc.mmio.ranges().forEach(range -> all.add(new Register(false, range.length(), relative(pc.mmio, range.start()))));
        for (PciFunction function : pc.functions) {
            function.bars().forEach(bar -> all.add(new Register(bar.kind() == PciFunction.Bar.Kind.PORTS, bar.size(), bar.registers())));
            all.add(new Register(true, 0xc0, new BusDevice() {
                @Override
                public long read(long offset, int size) {
                    return function.readConfig((int) offset + 0x40);
                }

                @Override
                public void write(long offset, int size, long value) {
                    function.writeConfig((int) offset + 0x40, (int) value & 0xff);
                }
            }));
        }
        return all;
    }

    private static BusDevice relative(FakePc.FakeBus bus, long start) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return bus.read(start + offset, size);
            }

            @Override
            public void write(long offset, int size, long value) {
                bus.write(start + offset, size, value);
            }
        };
    }

    private static final class Terminal implements CharacterBackend {
        private final Deque<Integer> typed = new ArrayDeque<>(List.of(65, 66, 67));

        @Override
        public void output(int value) {
            assertTrue(value >= 0 && value <= 0xff, "a byte, not " + value);
        }

        @Override
        public int input() {
            return typed.isEmpty() ? -1 : typed.removeFirst();
        }

        @Override
        public boolean inputAvailable() {
            return !typed.isEmpty();
        }

        @Override
        public void onInput(Runnable listener) {}
    }

    /** Echoes what the card sends, later, and checks that it is a frame. */
    private static final class Network implements NetBackend {
        private final byte[] last = new byte[LONGEST_LARGE];
        private int length;
        private Card card;

        @Override
        public byte[] address() {
            return new byte[] {0x52, 0x54, 0, 0, 0, 1};
        }

        @Override
        public void connect(Card plugged) {
            card = plugged;
        }

        @Override
        public void transmit(byte[] frame, int bytes, int segment) {
            Contract.check(bytes >= 14 && bytes <= frame.length && bytes <= (segment == 0 ? LONGEST : LONGEST_LARGE) && segment >= 0,
                    "a frame of %d bytes in segments of %d".formatted(bytes, segment));
            System.arraycopy(frame, 0, last, 0, bytes);
            length = segment == 0 ? bytes : 60;
        }

        @Override
        public void room() {
            if (length > 0 && card.receive(last, length, 0)) {
                length = 0;
            }
        }

        @Override
        public boolean expecting() {
            return false;
        }

        @Override
        public void close() {
            length = 0;
        }
    }

    private static final class MemoryDisk implements BlockBackend {
        private final byte[] content = new byte[256 * SECTOR];

        @Override
        public long size() {
            return content.length;
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        private void check(long offset, int length) {
            Contract.check(offset >= 0 && length >= 0 && offset + length <= content.length, "an access of the disk at %d, %d bytes of %d".formatted(offset, length, content.length));
        }

        @Override
        public void read(long offset, byte[] target, int at, int length) {
            check(offset, length);
            System.arraycopy(content, (int) offset, target, at, length);
        }

        @Override
        public void write(long offset, byte[] source, int at, int length) {
            check(offset, length);
            System.arraycopy(source, at, content, (int) offset, length);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {
            Arrays.fill(content, (byte) 0);
        }
    }
}
