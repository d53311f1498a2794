package proteus.silicon.exec;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.mmu.CodeWatcher;

/**
 * The decoded code of one processor by host-physical address. Stores of its own thread take effect before its next
 * instruction; what other threads write is noted and taken in at the next look around.
 */
final class BlockCache implements CodeWatcher {
    private record Written(long hpa, int bytes) {}

    private final Cpu cpu;
    private final Map<Long, CodePage> pages = new HashMap<>();
    private final ConcurrentLinkedQueue<Written> elsewhere = new ConcurrentLinkedQueue<>();
    private volatile Thread owner;
    private long lastPage = -1;
    private CodePage last;
    /** Changes when blocks were forgotten: caches of blocks by linear address check it. */
    int generation;

    BlockCache(Cpu cpu) {
        this.cpu = cpu;
    }

    /** The calling thread runs the processor from now on. */
    void own() {
        owner = Thread.currentThread();
    }

    Block find(long hpa, int mode) {
        CodePage page = page(hpa >>> 12);
        return page == null ? null : page.find(hpa, mode);
    }

    void add(Block block) {
        made(block.hpa >>> 12).add(block);
        if (block.secondPage >= 0) {
            made(block.secondPage >>> 12).addGuest(block);
        }
    }

    private CodePage page(long number) {
        if (number != lastPage) {
            lastPage = number;
            last = pages.get(number);
        }
        return last;
    }

    private CodePage made(long number) {
        CodePage page = page(number);
        if (page == null) {
            page = new CodePage(number << 12);
            pages.put(number, page);
            last = page;
            cpu.mmu.codePageAdded(number << 12);
        }
        return page;
    }

    @Override
    public void codeWritten(long hpa, int bytes) {
        if (Thread.currentThread() == owner) {
            forget(hpa, bytes);
        } else {
            elsewhere.add(new Written(hpa, bytes));
            cpu.requestAttention();
        }
    }

    /** Takes in what other threads wrote; true if there was anything. */
    boolean drain() {
        boolean any = false;
        for (Written w = elsewhere.poll(); w != null; w = elsewhere.poll()) {
            forget(w.hpa, w.bytes);
            any = true;
        }
        return any;
    }

    private void forget(long hpa, int bytes) {
        for (long at = hpa; at < hpa + bytes; at = (at | 4095) + 1) {
            CodePage page = page(at >>> 12);
            if (page != null && page.written(at, (int) Math.min(hpa + bytes - at, 4096))) {
                generation++;
            }
            if (page != null && page.isEmpty()) {
                pages.remove(at >>> 12);
                lastPage = -1;
                cpu.mmu.codePageRemoved(at & -4096L);
            }
        }
    }
}
