/*
 * Kernels with checksums. Options: only=NAME, scale=N (multiplies the iterations). Computing kernels run in ring 3.
 * Markers as in nano: the kernel's number to PORT_MARKER before it, number | MARKER_END after it.
 */
#include "bench.h"

static const struct {
    const char *name;
    kernel *run;
    int user;
    u32 iterations;
} table[] = {
    {"collatz", k_collatz, 1, 30000},
    {"sieve", k_sieve, 1, 10},
    {"crc32", k_crc32, 1, 40},
    {"sha256", k_sha256, 1, 6},
    {"qsort", k_qsort, 1, 10},
    {"copy", k_copy, 1, 200},
    {"fib", k_fib, 1, 30},
    {"matmul", k_matmul, 1, 10},
    {"strings", k_strings, 1, 20},
    {"repmovs", k_repmovs, 1, 1000},
    {"chase", k_chase, 1, 2000000},
    {"interp", k_interp, 1, 100000},
    {"branchy", k_branchy, 1, 80},
    {"float", k_float, 1, 20000},
    {"syscall", k_syscall, 0, 100000},
    {"pgfault", k_pgfault, 0, 100},
    {"ctxswitch", k_ctxswitch, 0, 20000},
};

static u8 user_stack[65536] __attribute__((aligned(16)));
static kernel *user_kernel;
static u32 user_iterations;
void ring3_done(void);

static void user_main(void)
{
    u32 sum = user_kernel(user_iterations);
    __asm__ volatile("int %1" ::"a"(sum), "i"(VECTOR_SYSCALL));
}

static int processor_suits(void)
{
    /* TSC (bit 4) and CMOV (bit 15) in 32 bit; SSE2 (bit 26) in 64 bit, where all have the others. */
    u32 a, b, c, d, needed = BITS == 64 ? 1u << 26 : 1u << 4 | 1u << 15 | 1u;
    if (!has_cpuid())
        return 0;
    cpuid(1, &a, &b, &c, &d);
    return (d & needed) == needed;
}

int guest_main(void)
{
    if (!processor_suits()) {
        print("bench%d: this guest needs a processor with %s\n", BITS, BITS == 64 ? "SSE2" : "FPU, TSC and CMOV");
        return 2;
    }
    u32 scale = option_number("scale", 1);
    char only[16] = "";
    option_text("only", only, sizeof only);
    if (scale == 0)
        scale = 1;
    gate_set(VECTOR_SYSCALL, ring3_done, 3);
#ifdef __x86_64__
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
#endif
    __asm__ volatile("fninit");

    print("bench%d: scale %u\n", BITS, scale);
    print("  %-10s %10s %10s %14s\n", "kernel", "iterations", "checksum", "ticks");
    u32 all = 0, ran = 0;
    for (u32 i = 0; i < sizeof table / sizeof *table; i++) {
        if (*only && strcmp(only, table[i].name) != 0)
            continue;
        u32 n = table[i].iterations * scale, sum;
        out8(PORT_MARKER, (u8)(i + 1));
        u64 start = tsc();
        if (table[i].user) {
            user_kernel = table[i].run;
            user_iterations = n;
            sum = (u32)in_ring3(user_main, (word)user_stack + sizeof user_stack - 2 * sizeof(word));
        } else {
            sum = table[i].run(n);
        }
        u64 ticks = tsc() - start;
        out8(PORT_MARKER, (u8)((i + 1) | MARKER_END));
        print("  %-10s %10u   %08x %14llu\n", table[i].name, n, sum, (unsigned long long)ticks);
        all = all * 31 + sum;
        ran++;
    }
    if (ran == 0) {
        print("bench%d: no kernel is called %s\n", BITS, only);
        return 1;
    }
    print("bench%d: %u kernels, checksum %08x\n", BITS, ran, all);
    print("bench%d: done\n", BITS);
    return 0;
}
