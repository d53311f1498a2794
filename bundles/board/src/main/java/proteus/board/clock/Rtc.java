package proteus.board.clock;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import proteus.api.io.Bus;
import proteus.api.io.InterruptLine;
import proteus.api.io.Timers;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;
import proteus.board.part.Ticks;

/**
 * The real-time clock MC146818A with 128 bytes of CMOS memory at 0x70 and 0x71. Its seconds are the VM's: the wall time is
 * asked for once, at power on, and then virtual time passes. At first seconds change at whole seconds of virtual time; a guest
 * moves that by holding the divider chain in reset, whose first update comes half a second after it is let go.
 */
public final class Rtc implements Part {
    private static final int SECONDS = 0x00;
    private static final int SECONDS_ALARM = 0x01;
    private static final int MINUTES = 0x02;
    private static final int MINUTES_ALARM = 0x03;
    private static final int HOURS = 0x04;
    private static final int HOURS_ALARM = 0x05;
    private static final int WEEKDAY = 0x06;
    private static final int DAY = 0x07;
    private static final int MONTH = 0x08;
    private static final int YEAR = 0x09;
    private static final int REGISTER_A = 0x0a;
    private static final int REGISTER_B = 0x0b;
    private static final int REGISTER_C = 0x0c;
    private static final int REGISTER_D = 0x0d;
    /** Where PC firmware and the ACPI FADT keep the century. */
    public static final int CENTURY = 0x32;

    private static final int A_UPDATE_IN_PROGRESS = 0x80;
    private static final int B_SET = 0x80;
    private static final int B_PERIODIC = 0x40;
    private static final int B_ALARM = 0x20;
    private static final int B_UPDATE = 0x10;
    private static final int B_BINARY = 0x04;
    private static final int B_24_HOURS = 0x02;
    private static final int C_INTERRUPT = 0x80;
    private static final int D_VALID = 0x80;
    private static final int PM = 0x80;
    private static final int ALARM_ANY = 0xc0;

    /** UIP rises 244 us before an update (data sheet, table 6), eight periods of the crystal; the update itself takes no time here. */
    private static final long UPDATE_NANOS = 8 * Ticks.SECOND / 32_768;
    /** Register A, DV2..DV0 = 11x: the divider chain is held in reset (data sheet, table 3). */
    private static final int DIVIDER_RESET = 0x60;
    /** The first update after a reset of the divider (data sheet, Divider Control). */
    private static final long HALF_SECOND = Ticks.SECOND / 2;
    private static final long DAY_SECONDS = 86_400;

    private final Timers timers;
    private final InterruptLine line;
    private final Timers.Timer timer;
    private final byte[] memory = new byte[128];
    private int index;
    private boolean nmiMasked;
    /** Seconds since 1970 at second 0 of the divider chain. */
    private long epoch;
    /** Nanoseconds by which the divider chain is ahead of virtual time, less than a second. */
    private long phase;
    /** The time registers as the guest left them while the clock is stopped. */
    private long frozen;
    private int flags;
    /** Second of the divider chain and periodic tick up to which flags have been raised. */
    private long secondsSeen;
    /** Where periods are counted from, in 1/32768 s of virtual time. */
    private long periodStart;
    private long ticksSeen;

    public Rtc(Timers timers, InterruptLine line) {
        this.timers = timers;
        this.line = line;
        this.timer = timers.create("real-time clock", this::look);
        this.epoch = timers.wallSeconds() - second();
        memory[REGISTER_A] = 0x26;
        memory[REGISTER_B] = B_24_HOURS;
        secondsSeen = second();
    }

    /** Puts the chip on the bus. */
    public void attach(Bus ports) {
        ports.attach(0x70, 2, "MC146818 RTC and CMOS", new BytePorts(2) {
            @Override
            protected int readByte(int port) {
                // The index port is write-only on a PC.
                return port == 0 ? 0xff : readRegister();
            }

            @Override
            protected void writeByte(int port, int value) {
                if (port == 0) {
                    index = value & 0x7f;
                    nmiMasked = (value & 0x80) != 0;
                } else {
                    writeRegister(value);
                }
            }
        });
    }

    /** Sets a byte of CMOS memory, as firmware does. */
    public void cmos(int at, int value) {
        memory[at] = (byte) value;
    }

    private int readRegister() {
        return switch (index) {
            case SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY -> timeRegister(index);
            case REGISTER_A -> {
                boolean updating = !stopped() && chain() % Ticks.SECOND >= Ticks.SECOND - UPDATE_NANOS;
                yield memory[REGISTER_A] & 0x7f | (updating ? A_UPDATE_IN_PROGRESS : 0);
            }
            case REGISTER_C -> {
                catchUp();
                int value = flags | (interrupting() ? C_INTERRUPT : 0);
                flags = 0;
                drive();
                yield value;
            }
            case REGISTER_D -> D_VALID;
            default -> memory[index] & 0xff;
        };
    }

    private void writeRegister(int value) {
        switch (index) {
            case SECONDS, MINUTES, HOURS, DAY, MONTH, YEAR, CENTURY -> setTime(index, value);
            // The day of the week follows from the date.
            case WEEKDAY, REGISTER_C, REGISTER_D -> {}
            case REGISTER_A -> control(() -> {
                int before = period();
                boolean letGo = dividerReset() && (value & DIVIDER_RESET) != DIVIDER_RESET;
                memory[REGISTER_A] = (byte) (value & 0x7f);
                if (letGo) {
                    phase = HALF_SECOND - timers.now() % Ticks.SECOND;
                }
                if (period() != before) {
                    restartPeriod(before);
                }
            });
            // SET clears the update-ended enable (data sheet, register B).
            case REGISTER_B -> control(() -> memory[REGISTER_B] = (byte) ((value & B_SET) != 0 ? value & ~B_UPDATE : value));
            default -> {
                memory[index] = (byte) value;
                if (index == SECONDS_ALARM || index == MINUTES_ALARM || index == HOURS_ALARM) {
                    arm();
                }
            }
        }
    }

    /** A change of a control register, which may stop the clock or let it go on. */
    private void control(Runnable change) {
        catchUp();
        boolean wasStopped = stopped();
        long current = time();
        change.run();
        if (stopped()) {
            frozen = wasStopped ? frozen : current;
        } else if (wasStopped) {
            epoch = frozen - second();
            secondsSeen = second();
        }
        drive();
        arm();
    }

    private int control() {
        return memory[REGISTER_B];
    }

    private boolean dividerReset() {
        return (memory[REGISTER_A] & DIVIDER_RESET) == DIVIDER_RESET;
    }

    private boolean stopped() {
        return (control() & B_SET) != 0 || dividerReset();
    }

    /** Nanoseconds that the divider chain has counted. */
    private long chain() {
        return timers.now() + phase;
    }

    private long second() {
        return Math.floorDiv(chain(), Ticks.SECOND);
    }

    private long time() {
        return stopped() ? frozen : epoch + second();
    }

    private LocalDateTime date() {
        return LocalDateTime.ofEpochSecond(time(), 0, ZoneOffset.UTC);
    }

    private int timeRegister(int register) {
        LocalDateTime date = date();
        return switch (register) {
            case SECONDS -> encode(date.getSecond());
            case MINUTES -> encode(date.getMinute());
            case HOURS -> encodeHours(date.getHour());
            // Sunday is 1.
            case WEEKDAY -> encode(date.getDayOfWeek().getValue() % 7 + 1);
            case DAY -> encode(date.getDayOfMonth());
            case MONTH -> encode(date.getMonthValue());
            case YEAR -> encode(Math.floorMod(date.getYear(), 100));
            default -> encode(Math.floorMod(Math.floorDiv(date.getYear(), 100), 100));
        };
    }

    private void setTime(int register, int raw) {
        catchUp();
        LocalDateTime date = date();
        int value = register == HOURS ? decodeHours(raw) : decode(raw);
        int century = Math.floorDiv(date.getYear(), 100);
        // Values out of range carry over instead of being refused: the chip does not check either.
        LocalDateTime changed = switch (register) {
            case SECONDS -> date.withSecond(0).plusSeconds(value);
            case MINUTES -> date.withMinute(0).plusMinutes(value);
            case HOURS -> date.withHour(0).plusHours(value);
            case DAY -> date.withDayOfMonth(1).plusDays(value - 1L);
            case MONTH -> date.withMonth(1).plusMonths(value - 1L);
            case YEAR -> date.withYear(century * 100 + value % 100);
            default -> date.withYear(value % 100 * 100 + Math.floorMod(date.getYear(), 100));
        };
        long seconds = changed.toEpochSecond(ZoneOffset.UTC);
        if (stopped()) {
            frozen = seconds;
        } else {
            epoch = seconds - second();
            arm();
        }
    }

    private int encode(int value) {
        return (control() & B_BINARY) != 0 ? value : value / 10 << 4 | value % 10;
    }

    private int decode(int raw) {
        return (control() & B_BINARY) != 0 ? raw : (raw >> 4) * 10 + (raw & 0xf);
    }

    private int encodeHours(int hour) {
        if ((control() & B_24_HOURS) != 0) {
            return encode(hour);
        }
        return encode(hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? PM : 0);
    }

    private int decodeHours(int raw) {
        if ((control() & B_24_HOURS) != 0) {
            return decode(raw);
        }
        return decode(raw & ~PM) % 12 + ((raw & PM) != 0 ? 12 : 0);
    }

    /** Period of the periodic interrupt in 1/32768 s, 0 for none (data sheet, table 5); the divider must run. */
    private int period() {
        int rate = memory[REGISTER_A] & 0xf;
        if (rate == 0 || dividerReset()) {
            return 0;
        }
        return rate < 3 ? 128 << rate - 1 : 1 << rate - 1;
    }

    /**
     * On the chip the rates are taps of one divider; guests that switch between them count on whole periods since the last interrupt,
     * which is what they get from QEMU as well.
     */
    private void restartPeriod(int before) {
        long clocks = Ticks.at(timers.now(), 32_768);
        periodStart = before == 0 ? 0 : clocks - (clocks - periodStart) % before;
        ticksSeen = periodicTicks();
    }

    private long periodicTicks() {
        int period = period();
        return period == 0 ? 0 : (Ticks.at(timers.now(), 32_768) - periodStart) / period;
    }

    private boolean alarmMatches(long seconds) {
        LocalDateTime date = LocalDateTime.ofEpochSecond(seconds, 0, ZoneOffset.UTC);
        return matches(SECONDS_ALARM, encode(date.getSecond())) && matches(MINUTES_ALARM, encode(date.getMinute()))
                && matches(HOURS_ALARM, encodeHours(date.getHour()));
    }

    private boolean matches(int register, int value) {
        int wanted = memory[register] & 0xff;
        return (wanted & ALARM_ANY) == ALARM_ANY || wanted == value;
    }

    /** Raises the flags of what has happened since the last look. */
    private void catchUp() {
        if (!stopped()) {
            long now = second();
            if (now > secondsSeen) {
                flags |= B_UPDATE;
                // After a day every alarm has come once.
                for (long s = Math.max(secondsSeen + 1, now - DAY_SECONDS); s <= now && (flags & B_ALARM) == 0; s++) {
                    if (alarmMatches(epoch + s)) {
                        flags |= B_ALARM;
                    }
                }
                secondsSeen = now;
            }
        }
        long ticks = periodicTicks();
        if (ticks > ticksSeen) {
            flags |= B_PERIODIC;
            ticksSeen = ticks;
        }
    }

    private boolean interrupting() {
        return (flags & control() & (B_PERIODIC | B_ALARM | B_UPDATE)) != 0;
    }

    private void drive() {
        line.set(interrupting());
    }

    private void look() {
        catchUp();
        drive();
        arm();
    }

    private void arm() {
        long when = Long.MAX_VALUE;
        if ((control() & B_PERIODIC) != 0 && period() != 0) {
            when = Ticks.nanos(periodStart + (periodicTicks() + 1) * period(), 32_768);
        }
        if ((control() & (B_UPDATE | B_ALARM)) != 0 && !stopped()) {
            when = Math.min(when, (second() + 1) * Ticks.SECOND - phase);
        }
        if (when == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.arm(when);
        }
    }

    /** Whether bit 7 of port 0x70 keeps external NMIs away. */
    public boolean nmiMasked() {
        return nmiMasked;
    }

    @Override
    public String name() {
        return "MC146818A real-time clock";
    }

    /** A reset clears interrupt enables and flags; time and memory live on the battery (data sheet, RESET). */
    @Override
    public void reset() {
        if (stopped()) {
            epoch = frozen - second();
        }
        memory[REGISTER_B] = (byte) (control() & (B_BINARY | B_24_HOURS));
        flags = 0;
        index = 0;
        nmiMasked = false;
        secondsSeen = second();
        ticksSeen = periodicTicks();
        timer.cancel();
        drive();
    }

    @Override
    public void save(StateWriter out) {
        out.putBytes(memory).putInt(index).putBoolean(nmiMasked).putLong(epoch).putLong(phase).putLong(frozen).putInt(flags);
        out.putLong(secondsSeen).putLong(periodStart).putLong(ticksSeen);
    }

    @Override
    public void load(StateReader in) {
        in.takeBytes(memory);
        index = in.takeInt() & 0x7f;
        nmiMasked = in.takeBoolean();
        epoch = in.takeLong();
        phase = Math.clamp(in.takeLong(), -Ticks.SECOND, Ticks.SECOND);
        frozen = in.takeLong();
        flags = in.takeInt();
        secondsSeen = in.takeLong();
        periodStart = Math.max(0, in.takeLong());
        ticksSeen = in.takeLong();
        drive();
        arm();
    }
}
