package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.BlockBackend;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.CharacterBackend;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.InterruptLine;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.VmSpec;

/** The path of a device access in the hosted architecture, event by event. */
class HostedDevicesTest implements DeviceContext {
    private static final int PORT = 0x3f8;

    private final EventCounters counters = new EventCounters();
    private long retired = 100;
    private final HostProcess process = new HostProcess(counters, () -> retired, DeviceSetting.Host.HOSTED);
    private final HostedDevices hosted = new HostedDevices(this, process);
    private final AddressBus ports = new AddressBus("port");
    private final VirtualClock clock = new VirtualClock(VmSpec.Clock.COUNT, () -> retired);
    private final List<Integer> printed = new ArrayList<>();
    private Runnable input = () -> { };
    private CharacterBackend terminal;

    @BeforeEach
    void plugASerialPort() {
        terminal = (CharacterBackend) hosted.hosted(new DeviceSpec(DeviceRole.CONSOLE, new CharacterBackend() {
            @Override
            public void output(int value) {
                printed.add(value);
            }

            @Override
            public int input() {
                return 'x';
            }

            @Override
            public boolean inputAvailable() {
                return true;
            }

            @Override
            public void onInput(Runnable listener) {
                input = listener;
            }
        }, 0)).backend();
        hosted.ports().attach(PORT, 8, "serial", new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return offset == 0 ? terminal.input() : 0x60;
            }

            @Override
            public void write(long offset, int size, long value) {
                terminal.output((int) value);
            }
        });
        terminal.onInput(() -> { });
    }

    private void counts(long switches, long runs, long calls, long bounced) {
        assertEquals(
                List.of(switches, runs, calls, bounced),
                List.of(
                        counters.get(CountedEvent.WORLD_SWITCHES),
                        counters.get(CountedEvent.HOST_PROCESS_RUNS),
                        counters.get(CountedEvent.HOST_SYSCALLS),
                        counters.get(CountedEvent.BOUNCED_INTERRUPTS)));
    }

    @Test
    void aByteOutIsTwoSwitchesAWriteAndTheCallToRun() {
        ports.write(PORT, 1, 'A');
        counts(2, 1, 2, 0);
        retired++;
        ports.read(PORT + 5, 1);
        counts(4, 2, 3, 0);
        retired++;
        assertEquals('x', ports.read(PORT, 1));
        counts(6, 3, 5, 0);
        assertEquals(List.of((int) 'A'), printed);
    }

    @Test
    void theAccessesOfOneStringInstructionAreOneExit() {
        for (int i = 0; i < 256; i++) {
            ports.write(PORT, 1, i);
        }
        counts(2, 1, 257, 0);
    }

    @Test
    void inputInterruptsTheVmmAndWakesTheProcess() {
        input.run();
        counts(4, 1, 2, 1);
        retired++;
        ports.write(PORT, 1, 'A');
        input.run();
        counts(6, 2, 5, 1);
    }

    @Test
    void aHaltLeavesTheProcessorToTheHost() {
        process.idle();
        process.idle();
        counts(4, 2, 4, 0);
    }

    @Test
    void aTimerOfADeviceEndsASelect() {
        hosted.timers().create("baud", () -> { }).arm(10);
        retired += 10;
        clock.fire();
        counts(2, 1, 2, 0);
    }

    @Test
    void disksAndEntropyAreSystemCalls() throws IOException {
        BlockBackend disk = (BlockBackend) hosted.hosted(new DeviceSpec(DeviceRole.DISK, new BlockBackend() {
            @Override
            public long size() {
                return 512;
            }

            @Override
            public boolean readOnly() {
                return false;
            }

            @Override
            public void read(long offset, byte[] target, int at, int length) {}

            @Override
            public void write(long offset, byte[] source, int at, int length) {}

            @Override
            public void flush() {}

            @Override
            public void close() {}
        }, 0)).backend();
        disk.read(0, new byte[512], 0, 512);
        disk.write(0, new byte[512], 0, 512);
        disk.flush();
        counts(0, 0, 3, 0);
        ((RandomGenerator) hosted.hosted(new DeviceSpec(DeviceRole.ENTROPY, (RandomGenerator) () -> 4, 0)).backend()).nextBytes(new byte[4096]);
        counts(0, 0, 4, 0);
    }

    @Override
    public Bus ports() {
        return ports;
    }

    @Override
    public Bus mmio() {
        return ports;
    }

    @Override
    public GuestMemory memory() {
        throw new UnsupportedOperationException("no memory");
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return level -> { };
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
        action.run();
    }
}
