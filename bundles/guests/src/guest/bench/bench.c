/*
 * Kernels with checksums. Options: only=NAME,..., scale=N (multiplies the iterations). Computing kernels run in ring 3.
 * Markers as in nano: the kernel's number to PORT_MARKER before it, number | MARKER_END after it.
 */
#include "bench.h"

static const struct benchmark computing[] = {
    {"collatz", k_collatz, 30000},
    {"sieve", k_sieve, 10},
    {"crc32", k_crc32, 40},
    {"sha256", k_sha256, 6},
    {"qsort", k_qsort, 10},
    {"copy", k_copy, 200},
    {"fib", k_fib, 30},
    {"matmul", k_matmul, 10},
    {"strings", k_strings, 20},
    {"repmovs", k_repmovs, 1000},
    {"chase", k_chase, 2000000},
    {"interp", k_interp, 100000},
    {"branchy", k_branchy, 80},
    {"coremix", k_coremix, 600},
    {"memcpy", k_memcpy, 50},
    {"triad", k_triad, 500},
    {"nbody", k_nbody, 20000},
};

static char only[128];
static u32 scale, all, ran;

/* Whether a name is among those of only=, or there are none. */
static int wanted(const char *name)
{
    size_t length = strlen(name);
    if (!*only)
        return 1;
    for (const char *p = only; *p; p++) {
        if (memcmp(p, name, length) == 0 && (p[length] == ',' || !p[length]))
            return 1;
        while (p[1] && *p != ',')
            p++;
    }
    return 0;
}

static void run(u32 number, const struct benchmark *benchmark, int computes)
{
    if (!wanted(benchmark->name))
        return;
    u32 n = benchmark->iterations * scale;
    place_mark((u8)number);
    u64 start = tsc();
    u32 sum = computes ? place_compute(benchmark->run, n) : benchmark->run(n);
    u64 ticks = tsc() - start;
    place_mark((u8)(number | MARKER_END));
    print("  %-10s %10u   %08x %14llu\n", benchmark->name, n, sum, (unsigned long long)ticks);
    all = all * 31 + sum;
    ran++;
}

int guest_main(void)
{
    const char *lacks = place_lacks();
    if (lacks) {
        print("bench%d: this guest needs a processor with %s\n", BITS, lacks);
        return 2;
    }
    scale = option_number("scale", 1);
    option_text("only", only, sizeof only);
    if (scale == 0)
        scale = 1;
    place_prepare();

    print("bench%d: scale %u\n", BITS, scale);
    print("  %-10s %10s %10s %14s\n", "kernel", "iterations", "checksum", "ticks");
    u32 number = 0;
    for (u32 i = 0; i < sizeof computing / sizeof *computing; i++)
        run(++number, &computing[i], 1);
    for (u32 i = 0; i < place_benchmark_count; i++)
        run(++number, &place_benchmarks[i], 0);
    if (ran == 0) {
        print("bench%d: no kernel is called %s\n", BITS, only);
        return 1;
    }
    print("bench%d: %u kernels, checksum %08x\n", BITS, ran, all);
    print("bench%d: done\n", BITS);
    return 0;
}
