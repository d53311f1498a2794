package proteus.cpu.para;

import proteus.api.cpu.ParavirtualServices;

/** VCPU_OP and SCHED_OP of a domain with one vCPU (Xen public/vcpu.h, public/sched.h). */
final class VcpuCalls {
    private static final int INITIALISE = 0, UP = 1, DOWN = 2, IS_UP = 3, GET_RUNSTATE = 4, REGISTER_RUNSTATE = 5, SET_PERIODIC = 6, STOP_PERIODIC = 7, SET_SINGLE_SHOT = 8,
        STOP_SINGLE_SHOT = 9, REGISTER_INFO = 10;
    private static final int YIELD = 0, BLOCK = 1, SHUTDOWN = 2, POLL = 3;
    private static final int POWER_OFF = 0, REBOOT = 1, CRASH = 3;
    private static final int MOST_POLLED = 128;

    private final SharedInfo shared;
    private final AddressSpace space;
    private final FrameTable frames;
    private final PageTables tables;
    private final DomainClock clock;
    private final EventChannels events;
    private final ParavirtualServices services;
    private boolean blocked;
    /** Ports of SCHED_OP poll, which end the block even when the guest masks events; empty for none. */
    private int[] polled = {};

    VcpuCalls(SharedInfo shared, AddressSpace space, FrameTable frames, PageTables tables, DomainClock clock, EventChannels events, ParavirtualServices services) {
        this.shared = shared;
        this.space = space;
        this.frames = frames;
        this.tables = tables;
        this.clock = clock;
        this.events = events;
        this.services = services;
    }

    /** Whether the vCPU waits for an event; looking ends the wait when one has come. */
    boolean waits() {
        if (blocked && (shared.upcallPending() || polledPending())) {
            wake();
        }
        return blocked;
    }

    private boolean polledPending() {
        for (int port : polled) {
            if (events.pending(port)) {
                return true;
            }
        }
        return false;
    }

    /** The time a poll was limited to has come. */
    void timerFired() {
        if (polled.length > 0) {
            wake();
        }
    }

    private void wake() {
        blocked = false;
        polled = new int[0];
        clock.awake();
    }

    private void block() {
        blocked = true;
        clock.blocked();
    }

    long schedule(int operation, long arg) {
        switch (operation) {
            case YIELD -> { }
            case BLOCK -> {
                shared.mask(false);
                block();
            }
            case SHUTDOWN -> shutdown(space.read32(arg));
            case POLL -> poll(arg);
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }

    private void shutdown(int reason) {
        switch (reason) {
            case POWER_OFF -> services.powerOff();
            case REBOOT -> services.reset();
            case CRASH -> services.crashed("the guest's kernel crashed and said so to its hypervisor; see the end of its console");
            default -> throw Refusal.INVALID;
        }
        // Nothing of the guest runs after this.
        block();
    }

    private void poll(long arg) {
        long list = space.readWord(arg);
        int count = space.read32(arg + space.width().bytes);
        long timeout = space.read64(arg + 2L * space.width().bytes);
        if (count < 0 || count > MOST_POLLED) {
            throw Refusal.INVALID;
        }
        int[] ports = new int[count];
        for (int i = 0; i < count; i++) {
            ports[i] = space.read32(list + i * 4L);
        }
        polled = ports;
        if (!polledPending()) {
            if (timeout != 0) {
                clock.deadline(timeout);
            }
            block();
        } else {
            polled = new int[0];
        }
    }

    long vcpu(int operation, int vcpu, long arg) {
        if (vcpu != 0) {
            throw Refusal.NO_ENTRY;
        }
        switch (operation) {
            case INITIALISE -> throw Refusal.EXISTS;
            case UP -> { }
            case DOWN -> {
                services.crashed("the guest's kernel stopped its only vCPU, as it does after a crash; see the end of its console");
                block();
            }
            case IS_UP -> {
                return 1;
            }
            case GET_RUNSTATE -> clock.runstate(arg);
            case REGISTER_RUNSTATE -> clock.runstateArea(space.readWord(arg));
            case SET_PERIODIC -> clock.periodic(space.read64(arg));
            case STOP_PERIODIC -> clock.stopPeriodic();
            case SET_SINGLE_SHOT -> clock.singleShot(space.read64(arg), space.read32(arg + 8));
            case STOP_SINGLE_SHOT -> clock.stopSingleShot();
            case REGISTER_INFO -> registerInfo(space.read64(arg), space.read32(arg + 8));
            default -> throw Refusal.UNKNOWN;
        }
        return 0;
    }

    /** The frame is written by the hypervisor from now on: it stays ordinary memory. */
    private void registerInfo(long mfn, int offset) {
        if (shared.moved() || offset < 0 || offset > (1 << FrameTable.SHIFT) - SharedInfo.VCPU_INFO_BYTES || offset % Long.BYTES != 0) {
            throw Refusal.INVALID;
        }
        tables.use(mfn, FrameTable.WRITABLE);
        frames.mapped(mfn);
        shared.moveVcpu((mfn << FrameTable.SHIFT) + offset);
        clock.publish();
    }
}
