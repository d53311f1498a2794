package proteus.io.emul.ata;

import static proteus.io.emul.ata.Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/** The registers of a drive's command block, and its interrupt. */
final class TaskFile {
    /** What a packet device says it is where a disk says 0 (ATA/ATAPI-6, 9.12). */
    static final int PACKET_SIGNATURE = 0xeb14;

    int features;
    int error;
    int status;
    /** Current value in bits 7..0, previous value above (48-bit addresses, ATA/ATAPI-6 6.2). */
    int count;

    int low;
    int mid;
    int high;
    int device;
    boolean interrupt;

    /** The values that tell what kind of device there is. */
    void signature(int kind) {
        error = DIAGNOSTIC_PASSED;
        count = 1;
        low = 1;
        mid = kind & 0xff;
        high = kind >> 8;
        device = 0;
    }

    int read(int register, boolean highOrder) {
        int shift = highOrder ? 8 : 0;
        return switch (register) {
            case FEATURES -> error;
            case COUNT -> count >> shift & 0xff;
            case LBA_LOW -> low >> shift & 0xff;
            case LBA_MID -> mid >> shift & 0xff;
            case LBA_HIGH -> high >> shift & 0xff;
            case DEVICE -> device | DEVICE_ONES;
            default -> status;
        };
    }

    /** Reading the status register takes the interrupt back, reading the alternate one does not. */
    int status() {
        interrupt = false;
        return status;
    }

    /** Writes a register other than command and data; not while the drive waits for data or hands it out. */
    void write(int register, int value) {
        if ((status & STATUS_DATA_REQUEST) != 0 && register != DEVICE) {
            return;
        }
        switch (register) {
            case FEATURES -> features = value;
            case COUNT -> count = pushed(count, value);
            case LBA_LOW -> low = pushed(low, value);
            case LBA_MID -> mid = pushed(mid, value);
            case LBA_HIGH -> high = pushed(high, value);
            case DEVICE -> device = value & ~DEVICE_ONES & 0xff;
            default -> {
                // Data and commands come another way.
            }
        }
    }

    private static int pushed(int register, int value) {
        return register << 8 & 0xff00 | value;
    }

    void save(DataOutputStream out) throws IOException {
        for (int value : new int[] {features, error, status, count, low, mid, high, device}) {
            out.writeInt(value);
        }
        out.writeBoolean(interrupt);
    }

    void load(DataInputStream in) throws IOException {
        features = in.readInt() & 0xff;
        error = in.readInt() & 0xff;
        status = in.readInt() & 0xff;
        count = in.readInt() & 0xffff;
        low = in.readInt() & 0xffff;
        mid = in.readInt() & 0xffff;
        high = in.readInt() & 0xffff;
        device = in.readInt() & 0xff & ~DEVICE_ONES;
        interrupt = in.readBoolean();
    }
}
