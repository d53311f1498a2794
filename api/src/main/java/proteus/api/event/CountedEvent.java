package proteus.api.event;

/** Events counted besides the exits by reason. One vocabulary for all techniques; what a technique never does stays 0. */
public enum CountedEvent {
    /** Instructions the guest retired. */
    INSTRUCTIONS("instructions"),
    /** Data-TLB lookups that hit are not counted one by one: misses are. */
    TLB_MISSES("tlb-misses"),
    /** Whole flushes of the TLB (non-global or all). */
    TLB_FLUSHES("tlb-flushes"),
    /** References of page walks to guest page tables. */
    WALK_REFERENCES_GUEST("walk-references-guest"),
    /** References of page walks to nested (EPT) tables. */
    WALK_REFERENCES_NESTED("walk-references-nested"),
    /** Page faults delivered inside the guest without the VMM. */
    GUEST_PAGE_FAULTS("guest-page-faults"),
    /** Exceptions delivered inside the guest without the VMM, page faults included. */
    GUEST_EXCEPTIONS("guest-exceptions"),
    /** Changes of the privilege level. */
    MODE_SWITCHES("mode-switches"),
    /** Blocks decoded by the engine. */
    BLOCKS_DECODED("blocks-decoded"),
    /** Blocks thrown away because their code changed. */
    BLOCKS_INVALIDATED("blocks-invalidated"),
    /** Instructions the VMM emulated with its instruction emulator. */
    EMULATED_INSTRUCTIONS("emulated-instructions"),
    /** Events injected into the guest. */
    INJECTED_EVENTS("injected-events"),
    /** Hypercalls answered: entries into the VMM, so that a batch is one. */
    HYPERCALLS("hypercalls"),
    /** Calls that came in batches (multicall), one entry into the VMM for many. */
    BATCHED_CALLS("batched-calls"),
    /** Page-table entries the guest had the VMM change by hypercall. */
    PAGE_TABLE_UPDATES("page-table-updates"),
    /** Page-table entries and calls that the VMM refused. */
    REFUSED_REQUESTS("refused-requests"),
    /** Exceptions and software interrupts that the VMM handed on to a deprivileged guest kernel. */
    BOUNCED_EXCEPTIONS("bounced-exceptions"),
    /** System calls of user code that the VMM handed on to a deprivileged guest kernel. */
    BOUNCED_SYSTEM_CALLS("bounced-system-calls"),
    /** Calls of the guest's event handler. */
    EVENT_UPCALLS("event-upcalls"),
    /** Guest pages mapped by the memory technique. */
    PAGES_MAPPED("pages-mapped"),
    /** Hidden faults: resolved by the VMM, never seen by the guest. */
    HIDDEN_FAULTS("hidden-faults"),
    /** True faults: reflected to the guest. */
    TRUE_FAULTS("true-faults"),
    /** Shadow table writes caused by guest page-table edits. */
    SHADOW_SYNCS("shadow-syncs"),
    /** Guest page-table writes that were trapped and emulated. */
    PTE_WRITES_EMULATED("pte-writes-emulated"),
    /** Shadow tables made. */
    SHADOW_TABLES("shadow-tables"),
    /** Shadow tables dropped to stay within the frame budget. */
    SHADOW_RECLAIMS("shadow-reclaims"),
    /** Loads of a guest root whose shadow was still there. */
    SHADOW_ROOT_HITS("shadow-root-hits"),
    /** Loads of a guest root whose shadow had to be made. */
    SHADOW_ROOT_MISSES("shadow-root-misses"),
    /** Leaf tables let go out of synchrony. */
    SHADOW_UNSYNCS("shadow-unsyncs"),
    /** Pages whose own frame was given back because a shared one has the same content. */
    PAGES_SHARED("pages-shared"),
    /** Writes to shared pages, which got a frame of their own. */
    COW_BREAKS("cow-breaks"),
    /** Pages that the guest's balloon driver gave to the host. */
    PAGES_BALLOONED("pages-ballooned"),
    /** Basic blocks translated by a binary translator. */
    TRANSLATIONS("translations"),
    /** Branches of translated code patched to lead to translated code. */
    CHAINS("chains"),
    /** Indirect branches of translated code whose target had to be looked up by the VMM. */
    TRANSLATION_LOOKUPS("translation-lookups"),
    /** Calls of translated code into the VMM for an instruction. */
    CALLOUTS("callouts"),
    /** Blocks translated again since one of their instructions kept faulting. */
    RETRANSLATIONS("retranslations"),
    /** Translated blocks thrown away because their source changed. */
    TRANSLATIONS_INVALIDATED("translations-invalidated"),
    /**
     * Sensitive instructions that a deprivileged kernel executed as they are, by family (J. S. Robin, C. E. Irvine, 2000): none of them
     * traps for what makes it sensitive. POP, PUSH and MOV are those of segment registers; CALL, JMP and RET the far ones, IRET with them.
     */
    SENSITIVE_SGDT("sensitive-sgdt"),
    SENSITIVE_SIDT("sensitive-sidt"),
    SENSITIVE_SLDT("sensitive-sldt"),
    SENSITIVE_SMSW("sensitive-smsw"),
    SENSITIVE_PUSHF("sensitive-pushf"),
    SENSITIVE_POPF("sensitive-popf"),
    SENSITIVE_LAR("sensitive-lar"),
    SENSITIVE_LSL("sensitive-lsl"),
    SENSITIVE_VERR("sensitive-verr"),
    SENSITIVE_VERW("sensitive-verw"),
    SENSITIVE_POP("sensitive-pop"),
    SENSITIVE_PUSH("sensitive-push"),
    SENSITIVE_CALL("sensitive-call"),
    SENSITIVE_JMP("sensitive-jmp"),
    SENSITIVE_INT("sensitive-int"),
    SENSITIVE_RET("sensitive-ret"),
    SENSITIVE_STR("sensitive-str"),
    SENSITIVE_MOV("sensitive-mov"),
    /** Device accesses by port. */
    PORT_ACCESSES("port-accesses"),
    /** Device accesses by memory-mapped register. */
    MMIO_ACCESSES("mmio-accesses"),
    /** Virtqueue notifications. */
    KICKS("kicks"),
    /** Buffers of virtqueues that devices gave back: requests done. */
    DEVICE_REQUESTS("device-requests"),
    /** Interrupts raised by devices. */
    DEVICE_INTERRUPTS("device-interrupts"),
    /** Switches between the world of the VMM and that of its host system, each way one; hosted VMs only. */
    WORLD_SWITCHES("world-switches"),
    /** Times that the host process worked for the VM. */
    HOST_PROCESS_RUNS("host-process-runs"),
    /** System calls of the host process. */
    HOST_SYSCALLS("host-syscalls"),
    /** Interrupts of the host that came in the VMM's world and were handed to the host's. */
    BOUNCED_INTERRUPTS("bounced-interrupts"),
    /** Ticks of virtual time spent idle (HLT). */
    IDLE_TICKS("idle-ticks");

    private final String label;

    CountedEvent(String label) {
        this.label = label;
    }

    /** Name for people and files: lower case, words joined by a hyphen. */
    public String label() {
        return label;
    }
}
