package proteus.debug.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import proteus.api.silicon.DebugHit;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmState;

/** Stop reply packets (GDB manual, E.3 "Stop Reply Packets"). */
final class StopReplies {
    private static final int SIGINT = 2, SIGTRAP = 5, SIGABRT = 6, SIGSEGV = 11, SIGTERM = 15;

    private final VirtualMachine vm;
    private final Breakpoints breakpoints;
    /** A bad end has been shown: the next thing GDB hears is that the guest is gone. */
    private boolean endShown;

    StopReplies(VirtualMachine vm, Breakpoints breakpoints) {
        this.vm = vm;
        this.breakpoints = breakpoints;
    }

    /** Answers to a continue or a step that is over. */
    List<String> stopped(Optional<DebugHit> hit, boolean interrupted) {
        List<String> replies = new ArrayList<>();
        Optional<VmEnd> end = Session.end(vm);
        if (end.isEmpty()) {
            replies.add(hit.isPresent() ? signal(SIGTRAP, breakpoints.reason(hit.get())) : signal(interrupted ? SIGINT : SIGTRAP, ""));
            return replies;
        }
        VmEnd how = end.get();
        replies.add(Session.console("proteus: " + how.message()));
        if (how.success()) {
            replies.add("W00");
        } else if (how.kind() == VmEnd.Kind.STOPPED || vm.state() == VmState.CLOSED) {
            replies.add("X%02x".formatted(SIGTERM));
        } else if (how.kind() == VmEnd.Kind.DEBUG_EXIT || endShown) {
            replies.add("W%02x".formatted(how.kind() == VmEnd.Kind.DEBUG_EXIT ? how.status() & 0xff : 1));
        } else {
            // the state is kept and may be looked at
            endShown = true;
            replies.add(dead(how));
        }
        return replies;
    }

    /** Answer to a question mark. */
    String status() {
        return Session.end(vm).map(StopReplies::dead).orElseGet(() -> signal(SIGTRAP, ""));
    }

    private static String dead(VmEnd how) {
        return signal(how.kind() == VmEnd.Kind.TRIPLE_FAULT ? SIGSEGV : SIGABRT, "");
    }

    private static String signal(int number, String reason) {
        return "T%02xthread:01;%s".formatted(number, reason);
    }
}
