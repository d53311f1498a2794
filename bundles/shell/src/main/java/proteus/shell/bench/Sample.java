package proteus.shell.bench;

/**
 * One measurement of a loop.
 *
 * @param iterations how many
 * @param cpuNanos CPU time of all of them
 * @param instructions guest instructions of all of them, 0 where nobody counts
 * @param checksum what the loop answered
 */
record Sample(long iterations, long cpuNanos, long instructions, String checksum) {
    double nanosEach() {
        return (double) cpuNanos / iterations;
    }
}
