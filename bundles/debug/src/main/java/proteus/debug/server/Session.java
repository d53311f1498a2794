package proteus.debug.server;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.silicon.DebugHit;
import proteus.api.vm.DebugAttachment;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;
import proteus.debug.rsp.Hex;
import proteus.debug.rsp.MalformedPacketException;
import proteus.debug.rsp.Packets;
import proteus.debug.target.Architecture;
import proteus.debug.target.Registers;

/**
 * A debugger's connection. Its own thread answers packets one after the other; a second one reads, because Ctrl-C comes while the
 * guest runs; the VM's thread tells of stops. All of them meet in one queue.
 */
final class Session {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    /** Packets that may wait; GDB itself sends one at a time. */
    private static final int MOST_WAITING = 64;

    private sealed interface Event {}

    private record Incoming(String data) implements Event {}

    private record Break() implements Event {}

    private record Stopped(VmState state, Optional<DebugHit> hit) implements Event {}

    private record Gone() implements Event {}

    private final VirtualMachine vm;
    private final Wire wire;
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final DebugAttachment attachment;
    private final Guest guest;
    private final Commands commands;
    private final StopReplies replies;
    /** As GDB sees it: it waits for a stop reply. */
    private boolean running;
    /** ECX of leaf 1. */
    private static final int CPUID_AVX = 1 << 28;

    private boolean over;
    private volatile boolean interrupted;
    private volatile boolean stepping;

    /** @throws VmException when the VM has a debugger already */
    Session(VirtualMachine vm, Socket socket, Optional<Architecture> wished) throws IOException {
        this.vm = vm;
        wire = new Wire(socket);
        attachment = vm.attachDebugger((state, hit) -> events.add(new Stopped(state, hit)));
        try {
            if (vm.state() == VmState.RUNNING) {
                pause();
            }
            Architecture architecture = wished.orElseGet(() -> vm.inspect(
                    inside -> Architecture.of(inside.cpu().exportState(), vm.contract(), vm.spec().boot().kernel())));
            guest = new Guest(vm, new Registers(architecture, (vm.contract().cpuid(1, 0)[2] & CPUID_AVX) != 0));
        } catch (RuntimeException e) {
            attachment.close();
            throw e;
        }
        Breakpoints breakpoints = new Breakpoints();
        replies = new StopReplies(vm, breakpoints);
        commands = new Commands(guest, breakpoints, attachment, new Monitor(vm, guest));
    }

    /** Until the debugger leaves, or is cut off. */
    void run() {
        Thread.ofPlatform().daemon(true).name("gdb reader of " + vm.name()).start(this::read);
        try {
            while (!over) {
                take(events.take());
            }
        } catch (IOException e) {
            LOG.info("The connection of the debugger of VM {} broke: {}", vm.name(), e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("The session of the debugger of VM {} failed; the VM stays as it is", vm.name(), e);
        } finally {
            wire.close();
            attachment.close();
        }
    }

    /** From any thread. */
    void cut() {
        wire.close();
        events.add(new Gone());
    }

    private void read() {
        try {
            for (Packets.Item item = wire.receive(); item != null && events.size() < MOST_WAITING; item = wire.receive()) {
                if (item instanceof Packets.Packet packet) {
                    events.add(new Incoming(packet.data()));
                } else {
                    interrupted = true;
                    if (stepping) {
                        pause();
                    }
                    events.add(new Break());
                }
            }
        } catch (IOException e) {
            // gone
        } finally {
            events.add(new Gone());
        }
    }

    private void take(Event event) throws IOException {
        switch (event) {
            case Incoming(String data) -> answer(data);
            case Break b -> {
                if (running) {
                    pause();
                }
            }
            case Stopped(VmState state, Optional<DebugHit> hit) -> {
                if (running && state != VmState.RUNNING) {
                    stopped(hit);
                }
                over |= state == VmState.CLOSED;
            }
            case Gone gone -> over = true;
        }
    }

    private void pause() {
        try {
            vm.pause();
        } catch (VmException e) {
            // it is at rest already
        }
    }

    private void stopped(Optional<DebugHit> hit) throws IOException {
        running = false;
        for (String reply : replies.stopped(hit, interrupted)) {
            wire.send(reply);
        }
    }

    private void answer(String data) throws IOException {
        String answer;
        try {
            Action action = commands.execute(data);
            switch (action) {
                case Action.Reply(String text) -> answer = text;
                case Action.Replies(var texts) -> {
                    for (String text : texts) {
                        wire.send(text);
                    }
                    return;
                }
                case Action.NoAcknowledgments none -> {
                    wire.send("OK");
                    wire.stopAcknowledging();
                    return;
                }
                case Action.Status status -> answer = replies.status();
                case Action.Continue go -> {
                    resume();
                    return;
                }
                case Action.Step(long from, long to) -> {
                    step(from, to);
                    return;
                }
                case Action.Detach detach -> {
                    attachment.close();
                    guest.goOn();
                    wire.send("OK");
                    over = true;
                    return;
                }
                case Action.Kill(boolean replies) -> {
                    kill();
                    if (replies) {
                        wire.send("OK");
                    }
                    over = true;
                    return;
                }
            }
        } catch (MalformedPacketException e) {
            LOG.debug("A packet of the debugger was refused: {}", e.getMessage());
            answer = Commands.INVALID;
        } catch (VmException e) {
            LOG.debug("The debugger asked what cannot be: {}", e.getMessage());
            answer = Commands.FAILED;
        } catch (UnsupportedOperationException | IllegalArgumentException e) {
            LOG.debug("The debugger asked what the silicon cannot do: {}", e.getMessage());
            answer = Commands.FAILED;
        }
        wire.send(answer);
    }

    private void resume() throws IOException {
        interrupted = false;
        running = true;
        if (!guest.goOn()) {
            stopped(Optional.empty());
        }
    }

    private void step(long from, long to) throws IOException {
        interrupted = false;
        stepping = true;
        Optional<DebugHit> hit;
        try {
            hit = guest.step(from, to, () -> interrupted);
        } finally {
            stepping = false;
        }
        stopped(hit);
    }

    private void kill() {
        try {
            vm.stop();
        } catch (VmException e) {
            LOG.debug("Nothing to kill: {}", e.getMessage());
        }
    }

    /** How the VM ended, if it did. */
    static Optional<VmEnd> end(VirtualMachine vm) {
        try {
            return vm.awaitEnd(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** Text that GDB prints; allowed while it waits for a stop reply. */
    static String console(String text) {
        return "O" + Hex.encode(text.endsWith("\n") ? text : text + "\n");
    }
}
