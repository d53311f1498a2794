package proteus.io.emul.ata;

import java.util.ArrayList;
import java.util.List;
import proteus.api.io.BlockBackend;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.tck.fake.FakePc;

/** An IDE controller with two disks on its first channel, as a driver sees it. */
final class IdeMachine {
    static final int SECTORS = 2000;
    static final int BASE = 0x1f0;
    static final int CONTROL = 0x3f6;
    static final int READY = 0x50;
    static final int DATA_REQUEST = 0x58;
    static final int ERROR = 0x51;

    final FakePc pc = new FakePc();
    final MemoryDisk disk = new MemoryDisk(SECTORS);
    final MemoryDisk second = new MemoryDisk(SECTORS);
    final PiixIde ide = new PiixIde(pc, drives(List.of(disk, second), List.of()));

    /** Disks, and drives with discs in them, that go where there is room. */
    static List<DeviceSpec> drives(List<? extends BlockBackend> disks, List<? extends BlockBackend> discs) {
        List<DeviceSpec> drives = new ArrayList<>();
        disks.forEach(disk -> drives.add(new DeviceSpec(DeviceRole.DISK, disk, drives.size())));
        discs.forEach(disc -> drives.add(new DeviceSpec(DeviceRole.CDROM, disc, drives.size())));
        return drives;
    }

    int reg(int register) {
        return pc.in(BASE + register);
    }

    void reg(int register, int value) {
        pc.out(BASE + register, value);
    }

    int alternateStatus() {
        return pc.in(CONTROL);
    }

    boolean interrupt() {
        return pc.interrupts[14];
    }

    /** A command with a 28-bit address for disk 0. */
    void command(int code, long lba, int count) {
        reg(6, 0xe0 | (int) (lba >> 24) & 0xf);
        reg(2, count);
        reg(3, (int) lba & 0xff);
        reg(4, (int) (lba >> 8) & 0xff);
        reg(5, (int) (lba >> 16) & 0xff);
        reg(7, code);
    }

    /** A command with a 48-bit address for disk 0: each register twice, the previous value first. */
    void wide(int code, long lba, int count) {
        reg(6, 0xe0);
        reg(2, count >> 8);
        reg(3, (int) (lba >> 24) & 0xff);
        reg(4, (int) (lba >> 32) & 0xff);
        reg(5, (int) (lba >> 40) & 0xff);
        reg(2, count & 0xff);
        reg(3, (int) lba & 0xff);
        reg(4, (int) (lba >> 8) & 0xff);
        reg(5, (int) (lba >> 16) & 0xff);
        reg(7, code);
    }

    int[] words(int count) {
        int[] words = new int[count];
        for (int i = 0; i < count; i++) {
            words[i] = pc.in(BASE, 2);
        }
        return words;
    }

    void writeWords(int count, int value) {
        for (int i = 0; i < count; i++) {
            pc.out(BASE, 2, value);
        }
    }

    int[] identify() {
        reg(6, 0xa0);
        reg(7, 0xec);
        return words(256);
    }

    long lba28() {
        return reg(3) | reg(4) << 8 | reg(5) << 16 | (reg(6) & 0xf) << 24;
    }

    // --- bus master of the first channel

    int master(int register) {
        return (int) pc.function.bars().getFirst().registers().read(register, 1);
    }

    void master(int register, int size, int value) {
        pc.function.bars().getFirst().registers().write(register, size, value & 0xffff_ffffL);
    }

    /** An entry of the region table at 0x1000. */
    void region(int index, int address, int bytes, boolean last) {
        pc.ram.write32(0x1000 + 8 * index, address);
        pc.ram.write32(0x1000 + 8 * index + 4, bytes & 0xffff | (last ? 1 << 31 : 0));
    }

    void startDma(boolean toMemory) {
        master(4, 4, 0x1000);
        master(0, 1, toMemory ? 9 : 1);
    }
}
