package proteus.conform.privileged;

import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Function;

/** Families of cases: each makes one from a source of chance. */
enum Family {
    FAR_JUMP(TransferCases::jump),
    FAR_RETURN(TransferCases::farReturn),
    INTERRUPT_RETURN(TransferCases::interruptReturn),
    INTERRUPT(EventCases::interrupt),
    EXCEPTION(EventCases::exception),
    SEGMENT_LOAD(SegmentCases::load),
    DESCRIPTOR_QUESTION(SegmentCases::question),
    DESCRIPTOR_TABLE(SystemCases::tables),
    CONTROL_REGISTER(SystemCases::control),
    DEBUG_REGISTER(SystemCases::debug),
    MODEL_SPECIFIC(SystemCases::msr),
    PRIVILEGE(SystemCases::privilege),
    FLAGS(FlagCases::flags),
    V8086(FlagCases::v8086),
    PORT(FlagCases::port),
    FAST_CALL(FastCallCases::call),
    TASK(TaskCases::task),
    PAGE_FAULT(PageCases::access),
    SINGLE_STEP(EventCases::step),
    REAL_MODE(RealCases::real);

    private final Function<SplittableRandom, Case> source;

    Family(Function<SplittableRandom, Case> source) {
        this.source = source;
    }

    Case next(SplittableRandom random) {
        return source.apply(random);
    }

    /** Its name on the command line. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
