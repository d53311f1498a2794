package proteus.silicon.mmu;

/** A processor's cache of decoded code, told when the bytes under it change. */
public interface CodeWatcher {
    /**
     * Bytes of a frame flagged by {@link ModelHostMemory#flagCode} were written, by this processor's stores (before its next
     * instruction) or by anybody else (another thread: take note and act at the next block boundary).
     */
    void codeWritten(long hpa, int bytes);
}
