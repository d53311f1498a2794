package proteus.qtest.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import proteus.api.io.Board;
import proteus.api.io.DeviceContext;
import proteus.api.io.InterruptController;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciSlots;
import proteus.api.vm.DrivenMachine;

/** 64 KiB of memory, ports that remember, a timer each 100 ns that raises interrupt 4, and lines that can be watched. */
final class FakeMachine implements DrivenMachine {
    static final int TICK = 100;

    final byte[] memory = new byte[1 << 16];
    final long[] ports = new long[1 << 16];
    final List<String> accesses = new ArrayList<>();
    private Board.LineWatcher watcher = (gsi, level) -> { };
    private long now;

    @Override
    public long readPort(int port, int size) {
        accesses.add("in%d %x".formatted(size, port));
        return ports[port] & -1L >>> 64 - 8 * size;
    }

    @Override
    public void writePort(int port, int size, long value) {
        accesses.add("out%d %x %x".formatted(size, port, value));
        ports[port] = value;
    }

    @Override
    public long readMemory(long gpa, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | memory[(int) gpa + i] & 0xff;
        }
        return value;
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {
        for (int i = 0; i < size; i++) {
            memory[(int) gpa + i] = (byte) (value >>> 8 * i);
        }
    }

    @Override
    public void read(long gpa, byte[] target) {
        System.arraycopy(memory, (int) gpa, target, 0, target.length);
    }

    @Override
    public void write(long gpa, byte[] source) {
        System.arraycopy(source, 0, memory, (int) gpa, source.length);
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public long nextDeadline() {
        return (now / TICK + 1) * TICK;
    }

    @Override
    public void advance(long instant) {
        while (nextDeadline() <= instant) {
            now = nextDeadline();
            watcher.changed(4, true);
            watcher.changed(4, false);
        }
        now = Math.max(now, instant);
    }

    @Override
    public Board board() {
        return new WatchedBoard();
    }

    @Override
    public DeviceContext context() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        // There is nothing to close.
    }

    private final class WatchedBoard implements Board {
        @Override
        public void watchLines(LineWatcher wanted) {
            watcher = wanted;
        }

        @Override
        public InterruptLine line(int gsi) {
            return level -> watcher.changed(gsi, level);
        }

        @Override
        public InterruptController interrupts(int vcpu) {
            throw new UnsupportedOperationException();
        }

        @Override
        public PciSlots pci() {
            throw new UnsupportedOperationException();
        }

        @Override
        public FirmwareData installTables(boolean acpi) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void firmwareFile(String name, byte[] content) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void reset() {
            throw new UnsupportedOperationException();
        }

        @Override
        public byte[] exportState() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void importState(byte[] state) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<String> describe() {
            return List.of();
        }

        @Override
        public void close() {
            // There is nothing to close.
        }
    }

    Optional<DrivenMachine> present() {
        return Optional.of(this);
    }
}
