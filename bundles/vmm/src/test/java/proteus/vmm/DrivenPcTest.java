package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.io.BusDevice;
import proteus.api.io.ShadowMemory;
import proteus.api.io.Timers;
import proteus.api.vm.DrivenMachine;
import proteus.api.vm.DrivenMachines;
import proteus.api.vm.VmException;

class DrivenPcTest {
    private final Platform platform = new Platform();
    private final List<String> events = new ArrayList<>();
    private final DrivenMachine machine = platform.machines.drive(setup(4 << 20));

    private DrivenMachines.Setup setup(long bytes) {
        return new DrivenMachines.Setup("driven", bytes, Optional.empty(), new DrivenMachine.Listener() {
            @Override
            public void resetRequested() {
                events.add("reset");
            }

            @Override
            public void powerOff() {
                events.add("off");
            }

            @Override
            public void debugExit(int value) {
                events.add("exit " + value);
            }
        });
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** Registers that remember how they were accessed. */
    private final class Registers implements BusDevice {
        @Override
        public long read(long offset, int size) {
            events.add("read%d %x".formatted(size, offset));
            return 0x1122334455667788L + offset;
        }

        @Override
        public void write(long offset, int size, long value) {
            events.add("write%d %x %x".formatted(size, offset, value));
        }
    }

    @Test
    void memoryAndRomAndNobody() {
        machine.writeMemory(0x1000, 8, 0x8877665544332211L);
        assertEquals(0x11, machine.readMemory(0x1000, 1));
        assertEquals(0x55443322L, machine.readMemory(0x1001, 4));
        assertEquals(0x8877665544332211L, machine.readMemory(0x1000, 8));
        assertEquals(0xff, machine.readMemory(0xf_0000, 1), "an erased ROM");
        machine.writeMemory(0xf_0000, 1, 0);
        machine.write(0xf_fffe, new byte[] {0, 0, 42});
        assertEquals(0xffff, machine.readMemory(0xf_fffe, 2), "a ROM is not written");
        assertEquals(42, machine.readMemory(0x10_0000, 1), "and what is behind it is");
        assertEquals(0xffff_ffffL, machine.readMemory(0xfd00_0000L, 4));
    }

    @Test
    void aBlockOfRegistersIsReadInAlignedAccesses() {
        machine.context().mmio().attach(0xd000_0000L, 0x10, "registers", new Registers());
        byte[] block = new byte[8];
        machine.read(0xd000_0001L, block);
        assertEquals(List.of("read1 1", "read2 2", "read4 4", "read1 8"), events);
        assertArrayEquals(new byte[] {(byte) 0x89, (byte) 0x8a, 0x77, (byte) 0x8c, 0x77, 0x66, 0x55, (byte) 0x90}, block);
        events.clear();
        machine.write(0xd000_0002L, new byte[] {1, 2, 3, 4, 5, 6});
        assertEquals(List.of("write2 2 201", "write4 4 6050403"), events);
    }

    @Test
    void everyTimerActsAtItsInstant() {
        Timers timers = machine.context().timers();
        Timers.Timer[] timer = new Timers.Timer[1];
        timer[0] = timers.create("test", () -> {
            events.add("at " + timers.now());
            if (timers.now() < 300) {
                timer[0].arm(timers.now() + 100);
            }
        });
        timer[0].arm(100);
        assertEquals(100, machine.nextDeadline());
        machine.advance(250);
        assertEquals(List.of("at 100", "at 200"), events);
        assertEquals(250, machine.now());
        machine.advance(200);
        assertEquals(250, machine.now(), "time does not run backwards");
        machine.advance(1000);
        assertEquals("at 300", events.getLast());
        assertEquals(Long.MAX_VALUE, machine.nextDeadline());
    }

    @Test
    void whatADevicePutsOffHappensBehindTheAccess() {
        machine.context().ports().attach(0x300, 1, "poster", new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                machine.context().post(() -> events.add("posted"));
                platform.board.resetRequested();
                events.add("written");
            }
        });
        machine.writePort(0x300, 1, 1);
        assertEquals(List.of("written", "posted", "reset"), events);
    }

    @Test
    void theChipSetGivesAddressesToMemory() {
        ShadowMemory shadow = platform.board.shadowMemory().orElseThrow();
        shadow.give(0xf_0000, 0x1_0000, true, true);
        byte[] block = new byte[0x1_0000];
        Arrays.fill(block, (byte) 0x42);
        machine.write(0xf_0000, block);
        assertEquals(0x42, machine.readMemory(0xf_ffff, 1));
        shadow.give(0xf_0000, 0x1_0000, false, false);
        assertEquals(0xff, machine.readMemory(0xf_ffff, 1));
    }

    @Test
    void tooLittleOrTooMuchMemoryIsRefused() {
        assertThrows(VmException.class, () -> platform.machines.drive(setup(4096)));
        assertThrows(VmException.class, () -> platform.machines.drive(setup((1 << 20) + 1)));
    }
}
