package proteus.qtest.machine;

import proteus.api.vm.DrivenMachine;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.UnsupportedException;

/**
 * The devices that firmware is to try, as {@code -boot order=} and {@code once=} say: three digits in the CMOS where QEMU's PC has them
 * (hw/i386/pc.c), and beside them whether the boot sector of a floppy is to be checked.
 */
final class BootOrder {
    private static final int INDEX = 0x70;
    private static final int DATA = 0x71;
    private static final int FIRST_AND_SECOND = 0x3d;
    private static final int THIRD = 0x38;
    private static final int NO_FLOPPY_CHECK = 1;
    private static final int MOST = 3;
    private static final String USUAL = "cad";

    private final int order;
    private final int once;
    private final int flags;

    /** @throws UnsupportedException for a device that a PC does not boot from, or too many of them */
    BootOrder(CommandLine line) {
        order = digits(line.value("boot", "order").orElse(USUAL));
        once = line.value("boot", "once").map(BootOrder::digits).orElse(order);
        flags = line.has("no-fd-bootchk") ? NO_FLOPPY_CHECK : 0;
    }

    /** The first device in the lowest four bits. */
    private static int digits(String letters) {
        if (letters.length() > MOST) {
            throw new UnsupportedException("Too many boot devices for PC: '%s'".formatted(letters));
        }
        int digits = 0;
        for (int i = 0; i < letters.length(); i++) {
            digits |= switch (letters.charAt(i)) {
                case 'a', 'b' -> 1;
                case 'c' -> 2;
                case 'd' -> 3;
                case 'n' -> 4;
                default -> throw new UnsupportedException("Invalid boot device for PC: '%s'".formatted(letters.charAt(i)));
            } << 4 * i;
        }
        return digits;
    }

    /** At power on. */
    void first(DrivenMachine machine) {
        write(machine, once);
    }

    /** At every reset. */
    void again(DrivenMachine machine) {
        write(machine, order);
    }

    private void write(DrivenMachine machine, int digits) {
        cmos(machine, FIRST_AND_SECOND, digits & 0xff);
        cmos(machine, THIRD, digits >> 8 << 4 | flags);
        machine.writePort(INDEX, 1, 0);
    }

    private static void cmos(DrivenMachine machine, int at, int value) {
        machine.writePort(INDEX, 1, at);
        machine.writePort(DATA, 1, value);
    }
}
