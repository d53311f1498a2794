/* The kernels of the bench guest. Each takes its iterations and gives a checksum that is the same for 32 and 64 bit. */
#ifndef BENCH_H
#define BENCH_H
#include "kit.h"
#include "vectors.h"

typedef u32 kernel(u32 n);
kernel k_collatz, k_sieve, k_crc32, k_sha256, k_qsort, k_copy, k_fib, k_matmul, k_strings, k_repmovs, k_chase,
    k_interp, k_branchy, k_coremix, k_nbody, k_triad, k_memcpy; /* in ring 3 */
kernel k_syscall, k_pgfault, k_ctxswitch;                       /* from ring 0, with ring 3 parts */

struct benchmark {
    const char *name;
    kernel *run;
    u32 iterations;
};

/* What the place has that the loops run in: ring3.c in a guest, host.c in a process of the host. */
const char *place_lacks(void); /* what the processor needs and has not, else NULL */
void place_prepare(void);
void place_mark(u8 value);
u32 place_compute(kernel *run, u32 n);
extern const struct benchmark place_benchmarks[]; /* its own, behind the computing ones */
extern const u32 place_benchmark_count;

#define ARENA_WORDS (1 << 20) /* 4 MiB, shared by the kernels */
extern u32 arena[];
void fill(u32 *to, u32 words, u32 seed);

/* Where the system kernels keep pages of their own, outside the identity map. */
#define PRIVATE_BASE 0x40000000
#endif
