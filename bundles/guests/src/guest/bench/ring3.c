/* The place of the kernels in a guest: computing ones in ring 3, system ones from ring 0. */
#include "bench.h"

const struct benchmark place_benchmarks[] = {
    {"syscall", k_syscall, 100000},
    {"pgfault", k_pgfault, 100},
    {"ctxswitch", k_ctxswitch, 20000},
};
const u32 place_benchmark_count = sizeof place_benchmarks / sizeof *place_benchmarks;

static u8 user_stack[65536] __attribute__((aligned(16)));
static kernel *user_kernel;
static u32 user_iterations;
void ring3_done(void);

static void user_main(void)
{
    u32 sum = user_kernel(user_iterations);
    __asm__ volatile("int %1" ::"a"(sum), "i"(VECTOR_SYSCALL));
}

const char *place_lacks(void)
{
    /* TSC (bit 4) and CMOV (bit 15) in 32 bit; SSE2 (bit 26) in 64 bit, where all have the others. */
    u32 a, b, c, d = 0, needed = BITS == 64 ? 1u << 26 : 1u << 4 | 1u << 15 | 1u;
    if (has_cpuid())
        cpuid(1, &a, &b, &c, &d);
    return (d & needed) == needed ? NULL : BITS == 64 ? "SSE2" : "FPU, TSC and CMOV";
}

void place_prepare(void)
{
    gate_set(VECTOR_SYSCALL, ring3_done, 3);
#ifdef __x86_64__
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
#endif
    __asm__ volatile("fninit");
}

void place_mark(u8 value) { out8(PORT_MARKER, value); }

u32 place_compute(kernel *run, u32 n)
{
    user_kernel = run;
    user_iterations = n;
    return (u32)in_ring3(user_main, (word)user_stack + sizeof user_stack - 2 * sizeof(word));
}
