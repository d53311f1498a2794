package proteus.cpu.para;

import proteus.api.io.CharacterBackend;
import proteus.api.silicon.HostMemory;

/** The console of a domain: two rings in a page of its own and an event channel (Xen public/io/console.h). */
final class ConsoleRing {
    private static final int INPUT = 0, INPUT_BYTES = 1024, OUTPUT = 1024, OUTPUT_BYTES = 2048;
    private static final int IN_CONS = 3072, IN_PROD = 3076, OUT_CONS = 3080, OUT_PROD = 3084;

    private final HostMemory memory;
    private final long page;
    private final CharacterBackend backend;

    /** @param page host-physical address */
    ConsoleRing(HostMemory memory, long page, CharacterBackend backend) {
        this.memory = memory;
        this.page = page;
        this.backend = backend;
    }

    /** Takes what the guest wrote; more than the ring holds is the guest's nonsense and dropped. */
    boolean takeOutput() {
        int consumer = memory.read32(page + OUT_CONS);
        int producer = memory.read32(page + OUT_PROD);
        if (producer - consumer < 0 || producer - consumer > OUTPUT_BYTES) {
            consumer = producer;
        }
        boolean any = consumer != producer;
        for (; consumer != producer; consumer++) {
            backend.output(memory.read8(page + OUTPUT + (consumer & OUTPUT_BYTES - 1)) & 0xff);
        }
        memory.write32(page + OUT_CONS, consumer);
        return any;
    }

    /** Gives the guest what was typed, as far as there is room. */
    boolean giveInput() {
        int consumer = memory.read32(page + IN_CONS);
        int producer = memory.read32(page + IN_PROD);
        boolean any = false;
        while (producer - consumer >= 0 && producer - consumer < INPUT_BYTES && backend.inputAvailable()) {
            memory.write8(page + INPUT + (producer++ & INPUT_BYTES - 1), backend.input());
            any = true;
        }
        memory.write32(page + IN_PROD, producer);
        return any;
    }
}
