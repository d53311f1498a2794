package proteus.io.emul;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.InterruptLine;
import proteus.api.io.Timers;

/**
 * A 16550A serial port (National Semiconductor PC16550D, June 1995). Characters leave in no time: the transmitter is empty
 * whenever the guest looks, and its interrupt comes again after each write. Received characters wait at the far end until
 * there is room, so nothing is overrun; the character time-out takes the time the divisor latch says.
 */
final class Uart16550 implements Device, BusDevice {
    private static final int PORTS = 8;
    private static final int STATE_VERSION = 1;
    private static final int FIFO = 16;

    private static final int DATA = 0;
    private static final int INTERRUPT_ENABLE = 1;
    private static final int INTERRUPT_IDENT = 2;
    private static final int LINE_CONTROL = 3;
    private static final int MODEM_CONTROL = 4;
    private static final int LINE_STATUS = 5;
    private static final int MODEM_STATUS = 6;

    private static final int IER_RECEIVED = 0x01;
    private static final int IER_TRANSMIT_EMPTY = 0x02;
    private static final int IER_LINE = 0x04;
    private static final int IER_MODEM = 0x08;

    private static final int IIR_NONE = 0x01;
    private static final int IIR_MODEM = 0x00;
    private static final int IIR_TRANSMIT_EMPTY = 0x02;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_LINE = 0x06;
    private static final int IIR_TIMEOUT = 0x0c;
    private static final int IIR_FIFO = 0xc0;

    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR_RECEIVER = 0x02;
    private static final int FCR_TRIGGER = 0xc0;
    private static final int[] TRIGGERS = {1, 4, 8, 14};

    private static final int LCR_BREAK = 0x40;
    private static final int LCR_DIVISOR = 0x80;

    private static final int MCR_DTR = 0x01;
    private static final int MCR_RTS = 0x02;
    private static final int MCR_OUT1 = 0x04;
    private static final int MCR_OUT2 = 0x08;
    private static final int MCR_LOOP = 0x10;

    private static final int LSR_READY = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    private static final int LSR_BREAK = 0x10;
    private static final int LSR_TRANSMITTER_EMPTY = 0x60;
    private static final int LSR_ERRORS = 0x1e;

    private static final int MSR_CTS = 0x10;
    private static final int MSR_DSR = 0x20;
    private static final int MSR_RI = 0x40;
    private static final int MSR_DCD = 0x80;

    /** 1.8432 MHz divided by 16, the baud rate at divisor 1. */
    private static final long BASE_BAUD = 115_200;

    private final int base;
    private final int irq;
    private final CharacterBackend backend;
    private final InterruptLine line;
    private final Timers timers;
    private final Timers.Timer characterTimeout;
    private final Bus.Attachment place;

    private final int[] fifo = new int[FIFO];
    private int fifoHead;
    private int fifoCount;
    private int ier;
    private int fcr;
    private int lcr;
    private int mcr;
    private int lsrErrors;
    private int msr;
    private int scratch;
    private int divisor;
    private boolean transmitPending;
    private boolean timedOut;
    private boolean closed;

    Uart16550(DeviceContext context, CharacterBackend backend, int base, int irq) {
        this.base = base;
        this.irq = irq;
        this.backend = backend;
        this.line = context.interrupt(irq);
        this.timers = context.timers();
        this.characterTimeout = timers.create(name() + " time-out", this::timeout);
        reset();
        this.place = context.ports().attach(base, PORTS, name(), this);
        backend.onInput(this::inputArrived);
    }

    @Override
    public String name() {
        return "16550A at 0x%x, IRQ %d".formatted(base, irq);
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.CONSOLE;
    }

    @Override
    public void reset() {
        ier = 0;
        fcr = 0;
        lcr = 0;
        mcr = 0;
        lsrErrors = 0;
        msr = MSR_DCD | MSR_DSR | MSR_CTS;
        // The data sheet leaves scratch and divisor undefined; firmware leaves 9600 baud.
        scratch = 0;
        divisor = 12;
        transmitPending = false;
        clearReceiver();
        drive();
    }

    /** A wider access is one to consecutive registers, as the ISA bus makes of it. */
    @Override
    public long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (offset + i < PORTS ? readRegister((int) offset + i) : 0xffL) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int i = 0; i < size && offset + i < PORTS; i++) {
            writeRegister((int) offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }

    private long readRegister(int register) {
        return switch (register) {
            case DATA -> divisorLatch() ? divisor & 0xff : receive();
            case INTERRUPT_ENABLE -> divisorLatch() ? divisor >> 8 : ier;
            case INTERRUPT_IDENT -> identify();
            case LINE_CONTROL -> lcr;
            case MODEM_CONTROL -> mcr;
            case LINE_STATUS -> lineStatus();
            case MODEM_STATUS -> modemStatus();
            default -> scratch;
        };
    }

    private void writeRegister(int register, int value) {
        switch (register) {
            case DATA -> {
                if (divisorLatch()) {
                    divisor = divisor & 0xff00 | value;
                } else {
                    transmit(value);
                }
            }
            case INTERRUPT_ENABLE -> {
                if (divisorLatch()) {
                    divisor = divisor & 0xff | value << 8;
                } else {
                    enable(value & 0x0f);
                }
            }
            case INTERRUPT_IDENT -> fifoControl(value);
            case LINE_CONTROL -> lineControl(value);
            case MODEM_CONTROL -> modemControl(value & 0x1f);
            // Factory test only.
            case LINE_STATUS, MODEM_STATUS -> {}
            default -> scratch = value;
        }
    }

    private boolean divisorLatch() {
        return (lcr & LCR_DIVISOR) != 0;
    }

    private boolean looped() {
        return (mcr & MCR_LOOP) != 0;
    }

    private boolean fifoEnabled() {
        return (fcr & FCR_ENABLE) != 0;
    }

    private int capacity() {
        return fifoEnabled() ? FIFO : 1;
    }

    private int trigger() {
        return fifoEnabled() ? TRIGGERS[fcr >> 6] : 1;
    }

    /** Enabling the transmitter's interrupt while it is empty raises it (data sheet, 8.5). */
    private void enable(int value) {
        boolean turnedOn = (value & ~ier & IER_TRANSMIT_EMPTY) != 0;
        ier = value;
        transmitPending = (ier & IER_TRANSMIT_EMPTY) != 0 && (transmitPending || turnedOn);
        drive();
    }

    private void transmit(int value) {
        if (looped()) {
            put(value);
        } else {
            // Eight bits whatever the word length says: guests print before they have set the line up.
            backend.output(value);
        }
        transmitPending = (ier & IER_TRANSMIT_EMPTY) != 0;
        drive();
    }

    private void put(int value) {
        if (fifoCount >= capacity()) {
            lsrErrors |= LSR_OVERRUN;
            if (!fifoEnabled()) {
                // The holding register is overwritten; a full FIFO keeps what it has.
                fifo[fifoHead] = value;
            }
        } else {
            fifo[fifoHead + fifoCount++ & FIFO - 1] = value;
        }
        timedOut = false;
        awaitTimeout();
    }

    private int receive() {
        int value = 0;
        if (fifoCount > 0) {
            value = fifo[fifoHead];
            fifoHead = fifoHead + 1 & FIFO - 1;
            fifoCount--;
        }
        timedOut = false;
        fill();
        awaitTimeout();
        drive();
        return value;
    }

    /** Takes waiting characters in while there is room; looped back, the receiver is cut off from the line. */
    private void fill() {
        boolean arrived = false;
        while (!looped() && !closed && fifoCount < capacity() && backend.inputAvailable()) {
            int value = backend.input();
            if (value < 0) {
                break;
            }
            fifo[fifoHead + fifoCount++ & FIFO - 1] = value;
            arrived = true;
        }
        if (arrived) {
            timedOut = false;
            awaitTimeout();
        }
    }

    private void inputArrived() {
        if (!closed) {
            fill();
            drive();
        }
    }

    /** Characters below the trigger level interrupt after four character times without traffic (data sheet, 8.4.1). */
    private void awaitTimeout() {
        if (fifoEnabled() && fifoCount > 0 && fifoCount < trigger()) {
            long bits = 1 + 5 + (lcr & 3) + ((lcr & 8) != 0 ? 1 : 0) + ((lcr & 4) != 0 ? 2 : 1);
            long nanos = 4 * bits * 1_000_000_000L * Math.max(divisor, 1) / BASE_BAUD;
            characterTimeout.arm(timers.now() + nanos);
        } else {
            characterTimeout.cancel();
        }
    }

    private void timeout() {
        timedOut = fifoCount > 0;
        drive();
    }

    private void clearReceiver() {
        fifoHead = 0;
        fifoCount = 0;
        timedOut = false;
        characterTimeout.cancel();
    }

    private void fifoControl(int value) {
        // A change of the enable bit clears the FIFOs; the other bits count only together with it.
        boolean changes = ((value ^ fcr) & FCR_ENABLE) != 0;
        if (changes || (value & FCR_CLEAR_RECEIVER) != 0 && (value & FCR_ENABLE) != 0) {
            clearReceiver();
        }
        fcr = (value & FCR_ENABLE) != 0 ? value & (FCR_TRIGGER | FCR_ENABLE) : 0;
        fill();
        awaitTimeout();
        drive();
    }

    private void lineControl(int value) {
        boolean breakBegins = (value & ~lcr & LCR_BREAK) != 0;
        lcr = value;
        if (breakBegins && looped()) {
            put(0);
            lsrErrors |= LSR_BREAK;
            drive();
        }
    }

    /** Looped back, DTR, RTS, OUT1 and OUT2 show at DSR, CTS, RI and DCD (data sheet, 8.6). */
    private void modemControl(int value) {
        mcr = value;
        int inputs = MSR_DCD | MSR_DSR | MSR_CTS;
        if (looped()) {
            inputs = ((mcr & MCR_DTR) != 0 ? MSR_DSR : 0) | ((mcr & MCR_RTS) != 0 ? MSR_CTS : 0)
                    | ((mcr & MCR_OUT1) != 0 ? MSR_RI : 0) | ((mcr & MCR_OUT2) != 0 ? MSR_DCD : 0);
        }
        int changed = (msr ^ inputs) >> 4;
        // The ring bit reports the trailing edge only.
        boolean ringEnded = (msr & ~inputs & MSR_RI) != 0;
        int deltas = msr & 0x0f | changed & 0x0b | (ringEnded ? 0x04 : 0);
        msr = inputs | deltas;
        fill();
        awaitTimeout();
        drive();
    }

    private int lineStatus() {
        fill();
        int value = LSR_TRANSMITTER_EMPTY | lsrErrors | (fifoCount > 0 ? LSR_READY : 0);
        lsrErrors = 0;
        drive();
        return value;
    }

    private int modemStatus() {
        int value = msr;
        msr &= 0xf0;
        drive();
        return value;
    }

    /** The most urgent interrupt; reading it takes the transmitter's back (data sheet, table 5). */
    private int identify() {
        int cause = cause();
        if (cause == IIR_TRANSMIT_EMPTY) {
            transmitPending = false;
            drive();
        }
        return cause | (fifoEnabled() ? IIR_FIFO : 0);
    }

    private int cause() {
        if ((ier & IER_LINE) != 0 && (lsrErrors & LSR_ERRORS) != 0) {
            return IIR_LINE;
        }
        if ((ier & IER_RECEIVED) != 0 && fifoCount >= trigger()) {
            return IIR_RECEIVED;
        }
        if ((ier & IER_RECEIVED) != 0 && timedOut) {
            return IIR_TIMEOUT;
        }
        if (transmitPending) {
            return IIR_TRANSMIT_EMPTY;
        }
        if ((ier & IER_MODEM) != 0 && (msr & 0x0f) != 0) {
            return IIR_MODEM;
        }
        return IIR_NONE;
    }

    /** OUT2 opens the driver to the interrupt line (IBM PC/AT technical reference, serial adapter); looped back it is closed. */
    private void drive() {
        boolean wired = (mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2;
        line.set(wired && cause() != IIR_NONE);
    }

    @Override
    public byte[] exportState() {
        ByteBuffer out = ByteBuffer.allocate(1 + 4 * (FIFO + 10) + 2 + 8);
        out.put((byte) STATE_VERSION);
        for (int value : fifo) {
            out.putInt(value);
        }
        for (int value : new int[] {fifoHead, fifoCount, ier, fcr, lcr, mcr, lsrErrors, msr, scratch, divisor}) {
            out.putInt(value);
        }
        out.put((byte) (transmitPending ? 1 : 0)).put((byte) (timedOut ? 1 : 0)).putLong(characterTimeout.deadline());
        return out.array();
    }

    @Override
    public void importState(byte[] state) {
        ByteBuffer in = ByteBuffer.wrap(state);
        try {
            int version = in.get();
            if (version != STATE_VERSION) {
                throw new IllegalArgumentException("The state of %s has version %d, this device reads %d.".formatted(name(), version, STATE_VERSION));
            }
            for (int i = 0; i < FIFO; i++) {
                fifo[i] = in.getInt() & 0xff;
            }
            fifoHead = in.getInt() & FIFO - 1;
            fifoCount = Math.clamp(in.getInt(), 0, FIFO);
            ier = in.getInt() & 0x0f;
            fcr = in.getInt() & (FCR_TRIGGER | FCR_ENABLE);
            lcr = in.getInt() & 0xff;
            mcr = in.getInt() & 0x1f;
            lsrErrors = in.getInt() & LSR_ERRORS;
            msr = in.getInt() & 0xff;
            scratch = in.getInt() & 0xff;
            divisor = in.getInt() & 0xffff;
            transmitPending = in.get() != 0;
            timedOut = in.get() != 0;
            long armed = in.getLong();
            if (armed == Long.MAX_VALUE) {
                characterTimeout.cancel();
            } else {
                characterTimeout.arm(armed);
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("The state of %s ends too early.".formatted(name()), e);
        }
        drive();
    }

    @Override
    public void close() {
        closed = true;
        characterTimeout.cancel();
        line.set(false);
        place.close();
    }
}
