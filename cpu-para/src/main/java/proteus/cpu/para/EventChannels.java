package proteus.cpu.para;

/** Event channels of a domain with one vCPU and no neighbours (Xen public/event_channel.h, two-level ABI). */
final class EventChannels {
    static final int VIRQ_TIMER = 0;

    private static final int BIND_INTERDOMAIN = 0, BIND_VIRQ = 1, BIND_PIRQ = 2, CLOSE = 3, SEND = 4, STATUS = 5, ALLOC_UNBOUND = 6, BIND_IPI = 7, BIND_VCPU = 8, UNMASK = 9;
    private static final int VIRQS = 24;
    /** EVTCHNSTAT_*. */
    private static final int CLOSED = 0, UNBOUND = 1, INTERDOMAIN = 2, VIRQ = 4, IPI = 5;

    private final SharedInfo shared;
    private final AddressSpace space;
    private final byte[] state;
    private final byte[] virqOf;
    private final int[] portOfVirq = new int[VIRQS];
    private Runnable console = () -> { };
    private int consolePort;

    EventChannels(SharedInfo shared, AddressSpace space) {
        this.shared = shared;
        this.space = space;
        this.state = new byte[shared.ports()];
        this.virqOf = new byte[shared.ports()];
    }

    /** The console's channel: its far end is the hypervisor's. */
    void console(int port, Runnable onSend) {
        state[port] = INTERDOMAIN;
        consolePort = port;
        console = onSend;
    }

    void raiseConsole() {
        if (state[consolePort] == INTERDOMAIN) {
            shared.raise(consolePort);
        }
    }

    void raiseVirq(int virq) {
        if (portOfVirq[virq] != 0) {
            shared.raise(portOfVirq[virq]);
        }
    }

    boolean pending(int port) {
        return port > 0 && port < state.length && shared.pending(port);
    }

    /** EVENT_CHANNEL_OP. */
    long call(int operation, long arg) {
        switch (operation) {
            case BIND_VIRQ -> space.write32(arg + 8, bindVirq(space.read32(arg), space.read32(arg + 4)));
            case BIND_IPI -> space.write32(arg + 4, bindIpi(space.read32(arg)));
            case ALLOC_UNBOUND -> space.write32(arg + 4, bind(UNBOUND));
            case CLOSE -> close(port(space.read32(arg)));
            case SEND -> send(port(space.read32(arg)));
            case STATUS -> status(arg);
            case BIND_VCPU -> vcpu(space.read32(arg + 4));
            case UNMASK -> shared.unmask(port(space.read32(arg)));
            case BIND_INTERDOMAIN, BIND_PIRQ -> throw Refusal.NOT_PERMITTED;
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }

    private int bindVirq(int virq, int vcpu) {
        vcpu(vcpu);
        if (virq < 0 || virq >= VIRQS) {
            throw Refusal.INVALID;
        }
        if (portOfVirq[virq] != 0) {
            throw Refusal.EXISTS;
        }
        int port = bind(VIRQ);
        virqOf[port] = (byte) virq;
        portOfVirq[virq] = port;
        return port;
    }

    private int bindIpi(int vcpu) {
        vcpu(vcpu);
        return bind(IPI);
    }

    private static void vcpu(int vcpu) {
        if (vcpu != 0) {
            throw Refusal.NO_ENTRY;
        }
    }

    private int bind(int as) {
        // Port 0 is none.
        for (int port = 1; port < state.length; port++) {
            if (state[port] == CLOSED) {
                state[port] = (byte) as;
                shared.clear(port);
                return port;
            }
        }
        throw Refusal.NO_SPACE;
    }

    private int port(int port) {
        if (port <= 0 || port >= state.length || state[port] == CLOSED) {
            throw Refusal.INVALID;
        }
        return port;
    }

    private void close(int port) {
        if (state[port] == VIRQ) {
            portOfVirq[virqOf[port]] = 0;
        }
        state[port] = CLOSED;
        shared.clear(port);
    }

    private void send(int port) {
        switch (state[port]) {
            case INTERDOMAIN -> console.run();
            case IPI -> shared.raise(port);
            case UNBOUND -> { }
            default -> throw Refusal.INVALID;
        }
    }

    private void status(long arg) {
        int port = space.read32(arg + 4);
        if (port < 0 || port >= state.length) {
            throw Refusal.INVALID;
        }
        space.write32(arg + 8, state[port]);
        space.write32(arg + 12, 0);
        if (state[port] == VIRQ) {
            space.write32(arg + 16, virqOf[port]);
        }
    }
}
