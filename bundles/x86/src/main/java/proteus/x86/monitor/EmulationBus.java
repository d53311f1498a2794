package proteus.x86.monitor;

import proteus.api.cpu.CpuContext;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;

/**
 * What the instruction emulator's accesses reach. An instruction that touches a device may touch memory too (INS into a fresh
 * buffer, MOVS from a register): pages that the second-level tables do not map yet are still memory, and writes to ROM are lost.
 * Writes to traced pages are told to the memory technique.
 */
public final class EmulationBus implements MachineBus {
    private final MachineBus devices;
    private final MemoryMap map;
    private final GuestMemory memory;
    private final MemoryVirtualization pages;
    private final Processor processor;

    public EmulationBus(CpuContext context) {
        this.devices = context.bus();
        this.memory = context.guestMemory();
        this.map = memory.map();
        this.pages = context.memory();
        this.processor = context.processor();
    }

    @Override
    public int readPort(int port, int size) {
        return devices.readPort(port, size);
    }

    @Override
    public void writePort(int port, int size, int value) {
        devices.writePort(port, size, value);
    }

    @Override
    public long readMemory(long gpa, int size) {
        if (map.regionAt(gpa) == null) {
            return devices.readMemory(gpa, size);
        }
        return switch (size) {
            case 1 -> memory.read8(gpa);
            case 2 -> memory.read16(gpa);
            case 4 -> memory.read32(gpa) & 0xffffffffL;
            default -> memory.read64(gpa);
        };
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {
        MemoryRegion region = map.regionAt(gpa);
        if (region == null) {
            devices.writeMemory(gpa, size, value);
            return;
        }
        if (!region.writable()) {
            return;
        }
        boolean traced = pages.traced(gpa);
        switch (size) {
            case 1 -> memory.write8(gpa, (int) value);
            case 2 -> memory.write16(gpa, (int) value);
            case 4 -> memory.write32(gpa, (int) value);
            default -> memory.write64(gpa, value);
        }
        if (traced) {
            pages.onTracedWrite(processor, gpa, size);
        }
    }
}
