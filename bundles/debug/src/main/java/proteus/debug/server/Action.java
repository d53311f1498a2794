package proteus.debug.server;

import java.util.List;

/** What a packet asks the session to do. */
sealed interface Action {
    /** Answer with this. */
    record Reply(String text) implements Action {}

    /** Answer with several packets. */
    record Replies(List<String> texts) implements Action {}

    /** Answer with why the guest is at rest. */
    record Status() implements Action {}

    record Continue() implements Action {}

    /** One instruction, and more while RIP is in a range. */
    record Step(long from, long to) implements Action {}

    record NoAcknowledgments() implements Action {}

    record Detach() implements Action {}

    record Kill(boolean replies) implements Action {}
}
