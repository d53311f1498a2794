/* The kernels of the bench guest. Each takes its iterations and gives a checksum that is the same for 32 and 64 bit. */
#ifndef BENCH_H
#define BENCH_H
#include "kit.h"
#include "vectors.h"

typedef u32 kernel(u32 n);
kernel k_collatz, k_sieve, k_crc32, k_sha256, k_qsort, k_copy, k_fib, k_matmul, k_strings, k_repmovs, k_chase,
    k_interp, k_branchy, k_float;       /* in ring 3 */
kernel k_syscall, k_pgfault, k_ctxswitch; /* from ring 0, with ring 3 parts */

/* Where the system kernels keep pages of their own, outside the identity map. */
#define PRIVATE_BASE 0x40000000
#endif
