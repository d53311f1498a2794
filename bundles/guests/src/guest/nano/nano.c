/*
 * The seven nanobenchmarks of Adams and Agesen (ASPLOS 2006, section 6.3), re-implemented from their description.
 * Options: iterations=N (10000), warmup=N (1000), only=NAME. Around the measured loop the benchmark's number goes to
 * PORT_MARKER, with MARKER_END at its end; nothing need be there.
 */
#include "kit.h"

typedef void loop(u64 n, word *pte);
loop loop_in, loop_cr8wr, loop_callret, loop_pgfault, loop_divzero, loop_ptemod;
void loop_syscall_user(void);
void entry_sysret(void);
void fault_skip_load(void);
void fault_skip_div(void);
void ring3_done(void);
extern u8 nano_absent[], nano_live[];
extern u64 nano_n;
static u8 user_stack[4096] __attribute__((aligned(16)));

static void loop_syscall(u64 n, word *pte UNUSED)
{
    nano_n = n;
    in_ring3(loop_syscall_user, (word)user_stack + sizeof user_stack);
}

static const struct {
    const char *name, *what;
    loop *run;
} table[] = {
    {"syscall", "ring 3 SYSCALL, SYSRET at once", loop_syscall},
    {"in", "IN AL,80h", loop_in},
    {"cr8wr", "MOV CR8,RAX", loop_cr8wr},
    {"callret", "near CALL, RET", loop_callret},
    {"pgfault", "load of an absent page, handler returns", loop_pgfault},
    {"divzero", "DIV by zero, handler returns", loop_divzero},
    {"ptemod", "store to a live PTE", loop_ptemod},
};

int guest_main(void)
{
    u32 iterations = option_number("iterations", 10000), warmup = option_number("warmup", 1000);
    char only[16] = "";
    option_text("only", only, sizeof only);
    if (iterations == 0)
        iterations = 1;

    gate_set(0, fault_skip_div, 0);
    gate_set(14, fault_skip_load, 0);
    gate_set(VECTOR_SYSCALL, ring3_done, 3);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    write_msr(MSR_STAR, (u64)SEL_KCODE << 32 | (u64)(SEL_UCODE32 | 3) << 48);
    write_msr(MSR_LSTAR, (word)entry_sysret);
    write_msr(MSR_SFMASK, 0x700); /* TF, IF, DF */
    *pte_of((word)nano_absent) = 0;
    invlpg((word)nano_absent);

    print("nano: %u iterations after %u to warm up\n", iterations, warmup);
    print("  %-8s %10s %14s  %s\n", "op", "iterations", "ticks/op", "what");
    int ran = 0;
    for (u32 i = 0; i < sizeof table / sizeof *table; i++) {
        if (*only && strcmp(only, table[i].name) != 0)
            continue;
        /* Touch the page: its translation is live when the PTE is rewritten. */
        *(volatile u8 *)nano_live = 1;
        word *pte = pte_of((word)nano_live);
        if (warmup)
            table[i].run(warmup, pte);
        out8(PORT_MARKER, (u8)(i + 1));
        u64 start = tsc();
        table[i].run(iterations, pte);
        u64 ticks = tsc() - start;
        out8(PORT_MARKER, (u8)((i + 1) | MARKER_END));
        u32 rest;
        u64 whole = divide(ticks, iterations, &rest);
        print("  %-8s %10u %12llu.%u  %s\n", table[i].name, iterations, (unsigned long long)whole,
              (u32)((u64)rest * 10 / iterations), table[i].what);
        ran++;
    }
    if (ran == 0) {
        print("nano: no benchmark is called %s\n", only);
        return 1;
    }
    if (*only == 0 || strcmp(only, "pgfault") == 0)
        print("  cr2 of the page faults: %s\n", read_cr2() == (word)nano_absent ? "right" : "WRONG");
    print("nano: done\n");
    return 0;
}
