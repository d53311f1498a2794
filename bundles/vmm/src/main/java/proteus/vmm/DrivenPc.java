package proteus.vmm;

import static proteus.vmm.CoreFactory.gone;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Optional;
import java.util.Queue;
import proteus.api.compose.Composition;
import proteus.api.event.EventCounters;
import proteus.api.io.Board;
import proteus.api.io.DeviceContext;
import proteus.api.io.ShadowMemory;
import proteus.api.io.Transport;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.api.silicon.Silicon;
import proteus.api.vm.DrivenMachine;
import proteus.api.vm.DrivenMachines.Setup;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VmException;

/** A board with buses, memory and a clock, and who drives it in the place of the processor. */
final class DrivenPc implements DrivenMachine {
    private static final int ERASED_ROM = 128 << 10;
    private static final int WIDEST = 4;

    private final AddressBus ports = new AddressBus("port");
    private final AddressBus mmio = new AddressBus("address");
    private final VirtualClock clock = VirtualClock.driven();
    private final Queue<Runnable> posted = new ArrayDeque<>();
    private final Parts.Closing made = new Parts.Closing();
    private final MachineMemory memory;
    private final MachineContext context;
    private final Board board;

    /** @throws VmException in one sentence */
    static DrivenMachine make(Setup setup, TechniqueRegistry registry, HostMemories memories) {
        if (setup.memoryBytes() < 1 << 20 || setup.memoryBytes() % HostMemory.FRAME_SIZE != 0) {
            throw new VmException("%s of memory will not do: give at least 1M, in whole pages".formatted(MemorySize.format(setup.memoryBytes())));
        }
        Silicon silicon = gone(registry.silicon(Composition.DEFAULT.silicon()));
        try {
            return new DrivenPc(setup, registry, memories.of(silicon.hostMemory()));
        } catch (OutOfHostMemoryException e) {
            throw new VmException("the host has %s of memory in all, too little for a machine of %s"
                    .formatted(MemorySize.format(silicon.hostMemory().size()), MemorySize.format(setup.memoryBytes())), e);
        }
    }

    private DrivenPc(Setup setup, TechniqueRegistry registry, HostFrames host) {
        EventCounters counters = new EventCounters();
        RegionMap map = RegionMap.pc(made.own(new GuestFrames(host, counters, setup.name(), setup.memoryBytes())));
        byte[] image = setup.rom().orElseGet(DrivenPc::erased);
        ShadowedRom.check(setup.name(), image);
        ShadowMemory rom = new ShadowedRom(map, image);
        memory = new MachineMemory(map, host.memory(), setup.memoryBytes());
        MachineLink link = new MachineLink();
        context = new MachineContext(
                ports, mmio, memory, clock, counters, new MachineConsole(posted::add, text -> { }), link, Optional.of(rom), new AddressLine20(map),
                new FirmwareLog(), Transport.PCI) {
            @Override
            public void post(Runnable action) {
                posted.add(action);
            }

            @Override
            public void powerOff() {
                setup.listener().powerOff();
            }

            @Override
            public void resetRequested() {
                // Behind the access that asked for it.
                posted.add(setup.listener()::resetRequested);
            }

            @Override
            public void debugExit(int value) {
                setup.listener().debugExit(value);
            }
        };
        board = made.own(gone(registry.board()).create(context));
        context.board(board);
        board.installTables(true);
    }

    /** What a flash chip without content reads as. */
    private static byte[] erased() {
        byte[] image = new byte[ERASED_ROM];
        Arrays.fill(image, (byte) 0xff);
        return image;
    }

    @Override
    public DeviceContext context() {
        return context;
    }

    @Override
    public Board board() {
        return board;
    }

    @Override
    public long readPort(int port, int size) {
        long value = ports.read(port, size);
        settle();
        return value;
    }

    @Override
    public void writePort(int port, int size, long value) {
        ports.write(port, size, value);
        settle();
    }

    @Override
    public long readMemory(long gpa, int size) {
        MemoryRegion region = memory.map().regionAt(gpa);
        if (region == null || !memory.contains(gpa, size)) {
            long value = mmio.read(gpa, size);
            settle();
            return value;
        }
        return switch (size) {
            case 1 -> memory.read8(gpa) & 0xff;
            case 2 -> memory.read16(gpa) & 0xffff;
            case 4 -> memory.read32(gpa) & 0xffff_ffffL;
            default -> memory.read64(gpa);
        };
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {
        MemoryRegion region = memory.map().regionAt(gpa);
        if (region == null || !memory.contains(gpa, size)) {
            mmio.write(gpa, size, value);
            settle();
        } else if (region.writable()) {
            switch (size) {
                case 1 -> memory.write8(gpa, (int) value);
                case 2 -> memory.write16(gpa, (int) value);
                case 4 -> memory.write32(gpa, (int) value);
                default -> memory.write64(gpa, value);
            }
        }
    }

    @Override
    public void read(long gpa, byte[] target) {
        for (int done = 0; done < target.length; ) {
            long at = gpa + done;
            int piece = piece(at, target.length - done);
            if (memory.map().regionAt(at) != null) {
                memory.read(at, target, done, piece);
            } else {
                long value = readMemory(at, piece);
                for (int i = 0; i < piece; i++) {
                    target[done + i] = (byte) (value >>> 8 * i);
                }
            }
            done += piece;
        }
    }

    @Override
    public void write(long gpa, byte[] source) {
        for (int done = 0; done < source.length; ) {
            long at = gpa + done;
            int piece = piece(at, source.length - done);
            MemoryRegion region = memory.map().regionAt(at);
            if (region == null) {
                long value = 0;
                for (int i = 0; i < piece; i++) {
                    value |= (source[done + i] & 0xffL) << 8 * i;
                }
                writeMemory(at, piece, value);
            } else if (region.writable()) {
                memory.write(at, source, done, piece);
            }
            done += piece;
        }
    }

    /** How much of a block is one transfer: what lies in a region of memory, or an aligned access to registers. */
    private int piece(long at, int left) {
        MemoryRegion region = memory.map().regionAt(at);
        if (region != null) {
            return (int) Math.min(left, region.gpa() + region.bytes() - at);
        }
        int size = WIDEST;
        while (size > left || (at & size - 1) != 0) {
            size >>= 1;
        }
        return size;
    }

    @Override
    public long now() {
        return clock.now();
    }

    @Override
    public long nextDeadline() {
        return clock.nextDeadline();
    }

    @Override
    public void advance(long instant) {
        while (clock.nextDeadline() <= instant) {
            clock.pass(Math.max(0, clock.nextDeadline() - clock.now()));
            clock.fire();
            settle();
        }
        clock.pass(Math.max(0, instant - clock.now()));
    }

    /** What devices and the board have put off until after the access. */
    private void settle() {
        for (Runnable next = posted.poll(); next != null; next = posted.poll()) {
            next.run();
        }
    }

    @Override
    public void close() {
        made.close();
    }
}
