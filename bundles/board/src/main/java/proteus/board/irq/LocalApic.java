package proteus.board.irq;

import java.util.Arrays;
import proteus.api.io.BoardContext;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * One local APIC (SDM 3A, chapter 11): registers, priorities, acceptance. Register numbers are xAPIC offsets divided by 16,
 * which are also the x2APIC MSR numbers less 0x800 (SDM 3A table 11-6). How it is reached is {@link ApicAccess}'s business.
 */
public final class LocalApic implements Part {
    static final int ID = 0x02;
    static final int VERSION = 0x03;
    static final int TPR = 0x08;
    static final int APR = 0x09;
    static final int PPR = 0x0a;
    static final int EOI = 0x0b;
    static final int LDR = 0x0d;
    static final int DFR = 0x0e;
    static final int SVR = 0x0f;
    static final int ISR = 0x10;
    static final int TMR = 0x18;
    static final int IRR = 0x20;
    static final int ESR = 0x28;
    static final int ICR_LOW = 0x30;
    static final int ICR_HIGH = 0x31;
    static final int LVT_TIMER = 0x32;
    static final int LVT_LINT0 = 0x35;
    static final int LVT_LINT1 = 0x36;
    static final int LVT_ERROR = 0x37;
    static final int INITIAL_COUNT = 0x38;
    static final int CURRENT_COUNT = 0x39;
    static final int DIVIDE = 0x3e;

    /** Integrated APIC, highest LVT entry 5: timer, thermal, performance, LINT0, LINT1, error (SDM 3A 11.4.8). */
    private static final int VERSION_VALUE = 0x0005_0014;

    private static final int LVT_MASKED = 1 << 16;
    private static final int LVT_LEVEL = 1 << 15;
    private static final int SVR_ENABLED = 1 << 8;
    private static final int[] LVT_WRITABLE = {0x0007_00ff, 0x0001_07ff, 0x0001_07ff, 0x0001_a7ff, 0x0001_a7ff, 0x0001_00ff};

    static final int ERROR_SEND_VECTOR = 1 << 5;
    static final int ERROR_RECEIVED_VECTOR = 1 << 6;
    static final int ERROR_REGISTER = 1 << 7;

    private final ApicBus bus;
    private final BoardContext context;
    private final int index;
    private final LocalApicTimer timer;
    private final Vectors requests = new Vectors();
    private final Vectors service = new Vectors();
    private final Vectors triggers = new Vectors();
    private final int[] lvt = new int[LVT_WRITABLE.length];
    private int id;
    private int tpr;
    private int svr;
    private int ldr;
    private int dfr;
    private int esr;
    private int errors;
    private int icrLow;
    private int icrHigh;
    private boolean lint0;
    private boolean nmi;
    private boolean x2apic;
    private boolean enabled = true;

    public LocalApic(BoardContext context, ApicBus bus, int index) {
        this.context = context;
        this.bus = bus;
        this.index = index;
        this.timer = new LocalApicTimer(context, index, () -> local(lvt[0]));
        reset();
    }

    /** Mode as IA32_APIC_BASE has it; disabling loses the state, as after a reset (SDM 3A 11.4.3). */
    void mode(boolean enable, boolean extended) {
        if (enabled && !enable) {
            reset();
        }
        enabled = enable;
        if (extended && !x2apic) {
            // The ID and the logical ID are fixed in x2APIC mode (SDM 3A 11.12.10).
            id = index;
        }
        x2apic = extended;
    }

    boolean x2apic() {
        return x2apic;
    }

    boolean enabled() {
        return enabled;
    }

    LocalApicTimer timer() {
        return timer;
    }

    int read(int register) {
        return switch (register) {
            case ID -> x2apic ? id : id << 24;
            case VERSION -> VERSION_VALUE;
            case TPR -> tpr;
            case APR -> arbitrationPriority();
            case PPR -> processorPriority();
            case LDR -> logicalId();
            case DFR -> dfr;
            case SVR -> svr;
            case ESR -> esr;
            case ICR_LOW -> icrLow;
            case ICR_HIGH -> icrHigh;
            case INITIAL_COUNT -> timer.initial();
            case CURRENT_COUNT -> timer.current();
            case DIVIDE -> timer.divide();
            // Write-only, or always 0 without other processors (remote read).
            case EOI, 0x0c -> 0;
            default -> {
                if (register >= ISR && register < ESR) {
                    Vectors file = register < TMR ? service : register < IRR ? triggers : requests;
                    yield file.words[register & 7];
                }
                if (register >= LVT_TIMER && register <= LVT_ERROR) {
                    yield lvt[register - LVT_TIMER];
                }
                error(ERROR_REGISTER);
                yield 0;
            }
        };
    }

    void write(int register, int value) {
        switch (register) {
            case ID -> id = value >>> 24;
            case TPR -> taskPriority(value & 0xff);
            case EOI -> endOfInterrupt();
            case LDR -> ldr = value & 0xff00_0000;
            case DFR -> dfr = value | 0x0fff_ffff;
            case SVR -> spurious(value);
            case ESR -> {
                esr = errors;
                errors = 0;
            }
            case ICR_LOW -> command(value, icrHigh);
            case ICR_HIGH -> icrHigh = value;
            case INITIAL_COUNT -> timer.initial(value);
            case DIVIDE -> timer.divide(value);
            // Read-only: lost.
            case VERSION, APR, PPR, CURRENT_COUNT, 0x0c -> {}
            default -> {
                if (register >= LVT_TIMER && register <= LVT_ERROR) {
                    localVector(register - LVT_TIMER, value);
                } else if (register < ISR || register >= ESR) {
                    error(ERROR_REGISTER);
                }
            }
        }
    }

    /** Writes the interrupt command register and sends (SDM 3A 11.6.1). */
    void command(int low, int high) {
        icrLow = low & 0x000c_cfff;
        icrHigh = high;
        int mode = low >>> 8 & 7;
        int vector = low & 0xff;
        boolean levelDeassert = (low & LVT_LEVEL) != 0 && (low & 1 << 14) == 0;
        if (mode == ApicBus.MODE_INIT && levelDeassert) {
            // INIT level de-assert only synchronises arbitration IDs.
            return;
        }
        if (mode <= ApicBus.MODE_LOWEST && vector < 16) {
            error(ERROR_SEND_VECTOR);
            return;
        }
        int destination = x2apic ? high : high >>> 24;
        boolean broadcast = destination == (x2apic ? -1 : ApicBus.BROADCAST);
        bus.interprocessor(this, low >>> 18 & 3, destination, (low & 1 << 11) != 0, broadcast, mode, vector);
    }

    /** Whether a message is for this APIC (SDM 3A 11.6.2). */
    boolean accepts(int destination, boolean logical, boolean broadcast) {
        if (!enabled) {
            return false;
        }
        if (broadcast) {
            return true;
        }
        if (!logical) {
            return destination == id;
        }
        if (x2apic) {
            int mine = logicalId();
            return destination >>> 16 == mine >>> 16 && (destination & mine & 0xffff) != 0;
        }
        int mine = ldr >>> 24;
        boolean flat = dfr >>> 28 == 0xf;
        return flat ? (destination & mine) != 0 : destination >>> 4 == mine >>> 4 && (destination & mine & 0xf) != 0;
    }

    /** A message arrived. With one processor INIT, STARTUP and SMI have nobody to act on. */
    void receive(int mode, int vector, boolean level) {
        switch (mode) {
            case ApicBus.MODE_FIXED, ApicBus.MODE_LOWEST -> accept(vector, level);
            case ApicBus.MODE_NMI -> {
                nmi = true;
                context.interruptRaised(index);
            }
            default -> {}
        }
    }

    private void accept(int vector, boolean level) {
        if (vector < 16) {
            error(ERROR_RECEIVED_VECTOR);
            return;
        }
        if ((svr & SVR_ENABLED) == 0) {
            return;
        }
        requests.set(vector);
        if (level) {
            triggers.set(vector);
        } else {
            triggers.clear(vector);
        }
        raise();
    }

    /** The 8259's INTR on pin LINT0. */
    public void lint0(boolean level) {
        boolean rising = level && !lint0;
        lint0 = level;
        int entry = lvt[LVT_LINT0 - LVT_TIMER];
        if (rising && enabled && (entry & LVT_MASKED) == 0 && (entry >>> 8 & 7) != ApicBus.MODE_EXTINT) {
            local(entry);
        } else if (level && acceptsExternal()) {
            context.interruptRaised(index);
        }
    }

    /** Whether the 8259 answers the processor's INTA: the APIC is off, or LINT0 is a virtual wire (MP 1.4, 3.6.2). */
    boolean acceptsExternal() {
        int entry = lvt[LVT_LINT0 - LVT_TIMER];
        return !enabled || (entry & LVT_MASKED) == 0 && (entry >>> 8 & 7) == ApicBus.MODE_EXTINT;
    }

    /** Whether a fixed interrupt has the priority to be delivered. */
    boolean pending() {
        int vector = requests.highest();
        return vector >= 0 && enabled && (svr & SVR_ENABLED) != 0 && vector >> 4 > processorPriority() >> 4;
    }

    /** Moves the most urgent request into service. */
    int acknowledge() {
        int vector = requests.highest();
        requests.clear(vector);
        service.set(vector);
        return vector;
    }

    boolean takeNmi() {
        boolean taken = nmi;
        nmi = false;
        return taken;
    }

    int taskPriority() {
        return tpr;
    }

    void taskPriority(int value) {
        tpr = value;
        raise();
    }

    /** PPR (SDM 3A 11.8.3.1). */
    int processorPriority() {
        int serving = Math.max(service.highest(), 0);
        return tpr >> 4 >= serving >> 4 ? tpr : serving & 0xf0;
    }

    private int arbitrationPriority() {
        int requested = Math.max(requests.highest(), 0) & 0xf0;
        int serving = Math.max(service.highest(), 0) & 0xf0;
        return (tpr & 0xf0) >= requested && (tpr & 0xf0) > serving ? tpr : Math.max(tpr & 0xf0, Math.max(serving, requested));
    }

    private int logicalId() {
        return x2apic ? id >> 4 << 16 | 1 << (id & 0xf) : ldr;
    }

    private void endOfInterrupt() {
        int vector = service.highest();
        if (vector < 0) {
            return;
        }
        service.clear(vector);
        if (triggers.get(vector)) {
            bus.endOfInterrupt(vector);
        }
        raise();
    }

    private void spurious(int value) {
        svr = value & 0x1ff;
        if ((svr & SVR_ENABLED) == 0) {
            // Software disable masks all local interrupts (SDM 3A 11.4.7.2).
            for (int i = 0; i < lvt.length; i++) {
                lvt[i] |= LVT_MASKED;
            }
        }
        raise();
    }

    private void localVector(int entry, int value) {
        int fresh = value & LVT_WRITABLE[entry];
        if ((svr & SVR_ENABLED) == 0) {
            fresh |= LVT_MASKED;
        }
        lvt[entry] = fresh;
        if (entry == 0) {
            timer.mode(switch (fresh >>> 17 & 3) {
                case 1 -> LocalApicTimer.Mode.PERIODIC;
                case 2 -> LocalApicTimer.Mode.DEADLINE;
                default -> LocalApicTimer.Mode.ONE_SHOT;
            });
        }
        if (entry == LVT_LINT0 - LVT_TIMER && lint0 && acceptsExternal()) {
            context.interruptRaised(index);
        }
    }

    /** A local interrupt source fires. */
    private void local(int entry) {
        if ((entry & LVT_MASKED) != 0) {
            return;
        }
        // The timer's and the error's entry have no delivery mode: their bits 10:8 read as fixed.
        receive(entry >>> 8 & 7, entry & 0xff, false);
    }

    private void error(int bit) {
        errors |= bit;
        int entry = lvt[LVT_ERROR - LVT_TIMER];
        // An illegal vector in the error entry itself would report itself for ever.
        if ((entry & 0xff) >= 16) {
            local(entry);
        }
    }

    private void raise() {
        if (pending()) {
            context.interruptRaised(index);
        }
    }

    int id() {
        return index;
    }

    @Override
    public String name() {
        return "local APIC " + index;
    }

    /**
     * As firmware leaves the boot processor on a PC: LINT0 is a virtual wire for the 8259 even before the APIC is enabled
     * by software (MP 1.4, 3.6.2.2), so that guests that never touch the APIC get their interrupts.
     */
    @Override
    public void reset() {
        requests.clear();
        service.clear();
        triggers.clear();
        Arrays.fill(lvt, LVT_MASKED);
        if (index == 0) {
            lvt[LVT_LINT0 - LVT_TIMER] = ApicBus.MODE_EXTINT << 8;
        }
        id = index;
        tpr = 0;
        svr = 0xff;
        ldr = 0;
        dfr = -1;
        esr = 0;
        errors = 0;
        icrLow = 0;
        icrHigh = 0;
        nmi = false;
        timer.reset();
    }

    @Override
    public void save(StateWriter out) {
        out.putInts(requests.words).putInts(service.words).putInts(triggers.words).putInts(lvt);
        for (int value : new int[] {id, tpr, svr, ldr, dfr, esr, errors, icrLow, icrHigh}) {
            out.putInt(value);
        }
        out.putBoolean(lint0).putBoolean(nmi).putBoolean(x2apic).putBoolean(enabled);
        timer.save(out);
    }

    @Override
    public void load(StateReader in) {
        in.takeInts(requests.words);
        in.takeInts(service.words);
        in.takeInts(triggers.words);
        in.takeInts(lvt);
        id = in.takeInt();
        tpr = in.takeInt() & 0xff;
        svr = in.takeInt();
        ldr = in.takeInt();
        dfr = in.takeInt();
        esr = in.takeInt();
        errors = in.takeInt();
        icrLow = in.takeInt();
        icrHigh = in.takeInt();
        lint0 = in.takeBoolean();
        nmi = in.takeBoolean();
        x2apic = in.takeBoolean();
        enabled = in.takeBoolean();
        timer.load(in);
    }
}
