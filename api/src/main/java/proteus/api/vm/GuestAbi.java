package proteus.api.vm;

/** What a guest is started on. */
public enum GuestAbi {
    /** A PC: firmware tables, devices, a processor with all its rings. */
    PC,
    /** A Xen domain without privileges of its own (Xen public/xen.h, "start of day"): hypercalls instead of devices. */
    XEN_PV
}
