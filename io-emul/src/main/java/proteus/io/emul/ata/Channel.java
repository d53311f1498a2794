package proteus.io.emul.ata;

import static proteus.io.emul.ata.Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import proteus.api.io.BusDevice;
import proteus.api.io.InterruptLine;

/** One cable with up to two drives: command block, control block, interrupt. What is written goes to both drives. */
final class Channel {
    private final Drive[] drives = new Drive[2];
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

    void plug(int place, Drive drive) {
        drives[place] = drive;
    }

    boolean empty() {
        return drives[0] == null && drives[1] == null;
    }

    /** The selected drive, or null. */
    Drive selected() {
        return drives[selected];
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
                Drive drive = selected();
                return drive == null ? 0 : drive.task().read(COMMAND, false);
            }

            @Override
            public void write(long offset, int size, long value) {
                control((int) value & 0xff);
            }
        };
    }

    private long readData(int size) {
        Drive drive = selected();
        long value = drive == null ? -1 : drive.readData(Math.min(size, 4));
        drive();
        return value & -1L >>> 64 - 8 * size;
    }

    private void writeData(int size, int value) {
        Drive drive = selected();
        if (drive != null) {
            drive.writeData(Math.min(size, 4), value);
            drive();
        }
    }

    private int readRegister(int register) {
        Drive drive = selected();
        if (register == COMMAND) {
            // An absent drive does not pull the status lines up; a present one takes its interrupt back.
            int status = drive == null ? 0 : drive.task().status();
            drive();
            return status;
        }
        // Device 0 answers for a device 1 that is not there (ATA/ATAPI-6, 9.16.1).
        Drive answering = drive != null ? drive : drives[1 - selected];
        return answering == null ? 0xff : answering.task().read(register, (control & CONTROL_HIGH_ORDER) != 0);
    }

    private void writeRegister(int register, int value) {
        control &= ~CONTROL_HIGH_ORDER;
        if (register == COMMAND) {
            command(value);
        } else {
            if (register == DEVICE) {
                selected = (value & DEVICE_ONE) != 0 ? 1 : 0;
            }
            for (Drive drive : drives) {
                if (drive != null) {
                    drive.task().write(register, value);
                }
            }
        }
        drive();
    }

    private void command(int code) {
        if (Command.of(code) == Command.DIAGNOSTIC) {
            // Both drives carry it out, and device 0 is selected then (ATA/ATAPI-6, 8.9).
            selected = 0;
            for (Drive drive : drives) {
                if (drive != null) {
                    drive.execute(code);
                    drive.signature();
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
            for (Drive drive : drives) {
                if (drive != null) {
                    drive.reset();
                }
            }
        }
        drive();
    }

    /** Drives the interrupt wire from the selected drive. */
    void drive() {
        Drive drive = selected();
        boolean wanted = drive != null && drive.task().interrupt && (control & CONTROL_NO_INTERRUPT) == 0;
        if (wanted && !asserted) {
            interruptRose.run();
        }
        asserted = wanted;
        line.set(wanted);
    }

    void powerOn() {
        selected = 0;
        control = 0;
        for (Drive drive : drives) {
            if (drive != null) {
                drive.powerOn();
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
        for (Drive drive : drives) {
            out.writeBoolean(drive != null);
            if (drive != null) {
                drive.save(out);
            }
        }
    }

    void load(DataInputStream in) throws IOException {
        selected = in.readInt() & 1;
        control = in.readInt() & 0xff;
        for (Drive drive : drives) {
            if (in.readBoolean() != (drive != null)) {
                throw new IllegalArgumentException("The state has other drives on the IDE channels than this machine.");
            }
            if (drive != null) {
                drive.load(in);
            }
        }
        Drive drive = selected();
        // An interrupt that was up before is no new edge.
        asserted = drive != null && drive.task().interrupt && (control & CONTROL_NO_INTERRUPT) == 0;
        drive();
    }
}
