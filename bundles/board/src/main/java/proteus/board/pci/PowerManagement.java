package proteus.board.pci;

import proteus.api.io.BoardContext;
import proteus.api.io.Bus;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciFunction.Identity;
import proteus.api.io.Timers;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;
import proteus.board.part.Ticks;

/**
 * Function 3 of PIIX4, power management (Intel 290562-001, chapter 7), which is the fixed hardware of ACPI 6.5, 4.8: PM1
 * event and control registers, the PM timer, general-purpose events. It is in ACPI mode always: SCI_EN cannot be cleared.
 */
public final class PowerManagement implements Part {
    /** Where firmware puts the registers. */
    public static final int BASE = 0x600;

    public static final int PM1_EVENT = 0x00;
    public static final int PM1_CONTROL = 0x04;
    public static final int PM_TIMER = 0x08;
    public static final int GPE0 = 0x0c;

    private static final int LENGTH = 0x40;
    private static final int BASE_REGISTER = 0x40;
    private static final int ENABLE_REGISTER = 0x80;
    private static final int APMC_ENABLE_REGISTER = 0x5b;
    private static final int APMC_ENABLED = 0x02;
    private static final int TIMER_EVENT = 0x0001;
    private static final int ENABLES = 0x0521;
    private static final int SCI_ENABLED = 0x0001;
    private static final int SLEEP_ENABLE = 0x2000;
    private static final int SLEEP_TYPE = 0x1c00;
    /** The timer is 24 bits wide; its event is a change of bit 23 (ACPI 6.5, 4.8.3.3). */
    private static final int TIMER_MASK = 0xff_ffff;

    private static final long HALF_RANGE = 1 << 23;

    private final BoardContext context;
    private final InterruptLine line;
    private final Timers.Timer timer;
    private final RegisterFunction function;
    private Bus.Attachment place;
    private int placedAt;
    private int status;
    private int enable;
    private int control;
    private int gpeStatus;
    private int gpeEnable;
    /** Changes of bit 23 that have been seen. */
    private long changesSeen;

    public PowerManagement(PciHost host, BoardContext context, InterruptLine line) {
        this.context = context;
        this.line = line;
        this.timer = context.timers().create("ACPI PM timer event", this::drive);
        this.function = new RegisterFunction("PIIX4 power management", new Identity(0x8086, 0x7113, 3, 0x068000, 0, 0, 1)) {
            @Override
            public void writeConfig(int offset, int value) {
                super.writeConfig(offset, value);
                if (offset == BASE_REGISTER) {
                    // 64 ports, bit 0 says that it decodes ports.
                    super.writeConfig(offset, value & 0xc0 | 1);
                }
                place();
            }
        };
        host.plug(1, 3, function);
        reset();
    }

    /** Puts the registers at {@link #BASE}, as firmware does. */
    public void configure() {
        function.writeConfig(BASE_REGISTER, BASE & 0xff | 1);
        function.writeConfig(BASE_REGISTER + 1, BASE >> 8);
        function.writeConfig(ENABLE_REGISTER, 1);
    }

    private void place() {
        int base = function.readWord(BASE_REGISTER) & 0xffc0;
        boolean decoding = (function.readConfig(ENABLE_REGISTER) & 1) != 0 && base != 0;
        if (place != null && (!decoding || base != placedAt)) {
            place.close();
            place = null;
        }
        if (place == null && decoding) {
            try {
                place = context.ports().attach(base, LENGTH, "PIIX4 power management", registers);
                placedAt = base;
            } catch (IllegalArgumentException occupied) {
                place = null;
            }
        }
    }

    private final BytePorts registers = new BytePorts(LENGTH) {
        @Override
        protected int readByte(int port) {
            int shift = 8 * (port & 3);
            return switch (port & ~3) {
                case PM1_EVENT -> {
                    catchUp();
                    yield (enable << 16 | status) >>> shift;
                }
                case PM1_CONTROL -> (control | SCI_ENABLED) >>> shift;
                case PM_TIMER -> (int) ticks() >>> shift;
                case GPE0 -> (gpeEnable << 16 | gpeStatus) >>> shift;
                default -> 0;
            } & 0xff;
        }

        @Override
        protected void writeByte(int port, int value) {
            int shift = 8 * (port & 1);
            switch (port & ~1) {
                case PM1_EVENT -> {
                    catchUp();
                    status &= ~(value << shift);
                }
                case PM1_EVENT + 2 -> enable = (enable & ~(0xff << shift) | value << shift) & ENABLES;
                case PM1_CONTROL -> control(control & ~(0xff << shift) | value << shift);
                case GPE0 -> gpeStatus &= ~(value << shift);
                case GPE0 + 2 -> gpeEnable = gpeEnable & ~(0xff << shift) | value << shift;
                default -> {}
            }
            drive();
        }
    };

    private void control(int value) {
        control = value & (SLEEP_TYPE | 0x0006);
        // SUS_TYP 0 is soft off; the machine has no other sleep and its \_S5 alone is in the DSDT (PIIX4 7.2.1).
        if ((value & SLEEP_ENABLE) != 0 && (value & SLEEP_TYPE) == 0) {
            context.powerOff();
        }
    }

    private long allTicks() {
        return Ticks.at(context.timers().now(), Ticks.PM_TIMER_HZ);
    }

    private long ticks() {
        return allTicks() & TIMER_MASK;
    }

    private void catchUp() {
        long changes = allTicks() / HALF_RANGE;
        if (changes != changesSeen) {
            changesSeen = changes;
            status |= TIMER_EVENT;
        }
    }

    private void drive() {
        catchUp();
        line.set((status & enable) != 0 || (gpeStatus & gpeEnable) != 0);
        if ((enable & TIMER_EVENT) != 0) {
            timer.arm(Ticks.nanos((changesSeen + 1) * HALF_RANGE, Ticks.PM_TIMER_HZ));
        } else {
            timer.cancel();
        }
    }

    /** Takes the registers off the bus. */
    public void close() {
        if (place != null) {
            place.close();
            place = null;
        }
    }

    @Override
    public String name() {
        return function.name();
    }

    @Override
    public void reset() {
        function.clear();
        function.writeConfig(BASE_REGISTER, 0);
        // There is no system management mode: firmware must not set it up (DEVACTB, APMC_EN).
        function.writeConfig(APMC_ENABLE_REGISTER, APMC_ENABLED);
        status = 0;
        enable = 0;
        control = 0;
        gpeStatus = 0;
        gpeEnable = 0;
        changesSeen = allTicks() / HALF_RANGE;
        drive();
    }

    @Override
    public void save(StateWriter out) {
        function.save(out);
        out.putInt(status).putInt(enable).putInt(control).putInt(gpeStatus).putInt(gpeEnable).putLong(changesSeen);
    }

    @Override
    public void load(StateReader in) {
        function.load(in);
        status = in.takeInt() & 0xffff;
        enable = in.takeInt() & ENABLES;
        control = in.takeInt() & (SLEEP_TYPE | 0x0006);
        gpeStatus = in.takeInt();
        gpeEnable = in.takeInt();
        changesSeen = in.takeLong();
        place();
        drive();
    }
}
