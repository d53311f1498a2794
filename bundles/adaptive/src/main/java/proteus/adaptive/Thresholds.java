package proteus.adaptive;

import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Settings of the policy: PID {@code proteus.adaptive}. */
@ObjectClassDefinition(name = "Adaptive policy", description = "Changes memory technique and engine of running VMs by their counters.")
public @interface Thresholds {
    @AttributeDefinition(description = "whether it does anything")
    boolean enabled() default false;

    @AttributeDefinition(description = "instructions of a guest between two looks", min = "1")
    long interval() default 100_000_000;

    @AttributeDefinition(description = "so many looks in a row must say the same before something is changed", min = "1")
    int confirm() default 2;

    @AttributeDefinition(description = "page faults for each TLB miss below which nested paging gives way to shadow paging")
    double ratio_low() default 1.5e-5;

    @AttributeDefinition(description = "page faults for each TLB miss above which shadow paging gives way to nested paging")
    double ratio_high() default 2.0e-5;

    @AttributeDefinition(description = "TLB misses per million instructions below which shadow paging has nothing to gain")
    double least_misses() default 100;

    @AttributeDefinition(description = "page faults per million instructions below which nested paging has nothing to gain")
    double least_faults() default 1;

    @AttributeDefinition(description = "whether the engine is changed too; auto is left alone")
    boolean engine() default false;

    @AttributeDefinition(description = "instructions without translated code, per million, above which translating does not pay")
    double untranslated_high() default 100_000;

    @AttributeDefinition(description = "so many looks a guest is interpreted before it is translated again", min = "1")
    int rest() default 20;
}
