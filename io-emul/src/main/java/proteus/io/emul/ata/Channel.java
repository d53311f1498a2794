package proteus.io.emul.ata;

import static proteus.io.emul.ata.Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import proteus.api.io.BusDevice;
import proteus.api.io.InterruptLine;

/** One cable with up to two disks: command block, control block, interrupt. What is written goes to both disks. */
final class Channel {
    private final Disk[] disks = new Disk[2];
    private final InterruptLine line;
    private final Runnable interruptRose;
    private int selected;
    private int control;
    private boolean asserted;

    /** @param interruptRose told of each rising edge of the interrupt wire */
    Channel(InterruptLine line, Runnable interruptRose) {
        this.line = line;
        this.interruptRose = interruptRose;
    }

    void plug(int place, Disk disk) {
        disks[place] = disk;
    }

    boolean empty() {
        return disks[0] == null && disks[1] == null;
    }

    /** The selected disk, or null. */
    Disk selected() {
        return disks[selected];
    }

    /** The command block; the data register is as wide as its access, the others are bytes. */
    BusDevice commandBlock() {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                if (offset == DATA) {
                    return readData(size);
                }
                long value = 0;
                for (int i = 0; i < size; i++) {
                    value |= (long) (offset + i <= COMMAND ? readRegister((int) offset + i) : 0xff) << 8 * i;
                }
                return value;
            }

            @Override
            public void write(long offset, int size, long value) {
                if (offset == DATA) {
                    writeData(size, (int) value);
                    return;
                }
                for (int i = 0; i < size && offset + i <= COMMAND; i++) {
                    writeRegister((int) offset + i, (int) (value >>> 8 * i) & 0xff);
                }
            }
        };
    }

    /** Alternate status and device control. */
    BusDevice controlBlock() {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                Disk disk = selected();
                return disk == null ? 0 : disk.read(COMMAND, false);
            }

            @Override
            public void write(long offset, int size, long value) {
                control((int) value & 0xff);
            }
        };
    }

    private long readData(int size) {
        Disk disk = selected();
        long value = disk == null ? -1 : disk.readData(Math.min(size, 4));
        drive();
        return value & -1L >>> 64 - 8 * size;
    }

    private void writeData(int size, int value) {
        Disk disk = selected();
        if (disk != null) {
            disk.writeData(Math.min(size, 4), value);
            drive();
        }
    }

    private int readRegister(int register) {
        Disk disk = selected();
        if (register == COMMAND) {
            // An absent disk does not pull the status lines up; a present one takes its interrupt back.
            int status = disk == null ? 0 : disk.status();
            drive();
            return status;
        }
        // Device 0 answers for a device 1 that is not there (ATA/ATAPI-6, 9.16.1).
        Disk answering = disk != null ? disk : disks[1 - selected];
        return answering == null ? 0xff : answering.read(register, (control & CONTROL_HIGH_ORDER) != 0);
    }

    private void writeRegister(int register, int value) {
        control &= ~CONTROL_HIGH_ORDER;
        if (register == COMMAND) {
            command(value);
        } else {
            if (register == DEVICE) {
                selected = (value & DEVICE_ONE) != 0 ? 1 : 0;
            }
            for (Disk disk : disks) {
                if (disk != null) {
                    disk.write(register, value);
                }
            }
        }
        drive();
    }

    private void command(int code) {
        if (Command.of(code) == Command.DIAGNOSTIC) {
            // Both disks carry it out, and device 0 is selected then (ATA/ATAPI-6, 8.9).
            selected = 0;
            for (Disk disk : disks) {
                if (disk != null) {
                    disk.execute(code);
                    disk.signature();
                }
            }
        } else if (selected() != null) {
            selected().execute(code);
        }
    }

    private void control(int value) {
        boolean resetEnds = (control & CONTROL_RESET) != 0 && (value & CONTROL_RESET) == 0;
        control = value & (CONTROL_RESET | CONTROL_NO_INTERRUPT | CONTROL_HIGH_ORDER);
        if (resetEnds) {
            selected = 0;
            for (Disk disk : disks) {
                if (disk != null) {
                    disk.reset();
                }
            }
        }
        drive();
    }

    /** Drives the interrupt wire from the selected disk. */
    void drive() {
        Disk disk = selected();
        boolean wanted = disk != null && disk.interrupt() && (control & CONTROL_NO_INTERRUPT) == 0;
        if (wanted && !asserted) {
            interruptRose.run();
        }
        asserted = wanted;
        line.set(wanted);
    }

    void powerOn() {
        selected = 0;
        control = 0;
        for (Disk disk : disks) {
            if (disk != null) {
                disk.powerOn();
            }
        }
        drive();
    }

    /** Lets go of the wire. */
    void close() {
        line.set(false);
    }

    void save(DataOutputStream out) throws IOException {
        out.writeInt(selected);
        out.writeInt(control);
        for (Disk disk : disks) {
            out.writeBoolean(disk != null);
            if (disk != null) {
                disk.save(out);
            }
        }
    }

    void load(DataInputStream in) throws IOException {
        selected = in.readInt() & 1;
        control = in.readInt() & 0xff;
        for (Disk disk : disks) {
            if (in.readBoolean() != (disk != null)) {
                throw new IllegalArgumentException("The state has other disks on the IDE channels than this machine.");
            }
            if (disk != null) {
                disk.load(in);
            }
        }
        Disk disk = selected();
        // An interrupt that was up before is no new edge.
        asserted = disk != null && disk.interrupt() && (control & CONTROL_NO_INTERRUPT) == 0;
        drive();
    }
}
