/* Kernels that use the processor as an operating system does: system calls, page faults, address-space switches. */
#include "bench.h"

#ifdef __x86_64__
#define SLOTS 512
#else
#define SLOTS 1024
#endif
#define PAGES 256

struct space {
#ifdef __x86_64__
    word pml4[512], pdpt[512], pd[512];
#else
    word directory[1024];
#endif
    word table[SLOTS];
} __attribute__((aligned(4096)));

static struct space spaces[2];
static u8 frames[PAGES][4096] __attribute__((aligned(4096)));
static u8 user_stacks[2][4096] __attribute__((aligned(16)));
static u8 kernel_stacks[2][4096] __attribute__((aligned(16)));
static u32 user_n;

/* entries.S */
void entry_null(void);
void entry_sysret(void);
void entry_yield(void);
void user_syscalls(void);
extern u32 bench_n, current_task;
extern word task_roots[2], task_stacks[2], task_sp[2];

#define user_call(vector, result) __asm__ volatile("int %1" ::"a"(result), "i"(vector) : "memory", "cc")

static word space_init(struct space *s)
{
#ifdef __x86_64__
    memcpy(s->pml4, (void *)read_cr3(), 4096);
    memcpy(s->pdpt, (void *)(s->pml4[0] & ~(word)0xfff), 4096);
    s->pml4[0] = (word)s->pdpt | PTE_P | PTE_W | PTE_U;
    s->pdpt[PRIVATE_BASE >> 30] = (word)s->pd | PTE_P | PTE_W | PTE_U;
    s->pd[0] = (word)s->table | PTE_P | PTE_W | PTE_U;
    return (word)s->pml4;
#else
    memcpy(s->directory, (void *)read_cr3(), 4096);
    s->directory[PRIVATE_BASE >> 22] = (word)s->table | PTE_P | PTE_W | PTE_U;
    return (word)s->directory;
#endif
}

static word stack_of(u8 *stack) { return (word)stack + 4096 - 2 * sizeof(word); }

u32 k_syscall(u32 n)
{
    bench_n = n;
    gate_set(NULL_VECTOR, entry_null, 3);
#ifdef __x86_64__
    write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
    write_msr(MSR_STAR, (u64)SEL_KCODE << 32 | (u64)(SEL_UCODE32 | 3) << 48);
    write_msr(MSR_LSTAR, (word)entry_sysret);
    write_msr(MSR_SFMASK, 0x700);
#endif
    return (u32)in_ring3(user_syscalls, stack_of(user_stacks[0]));
}

/* A page fault brings in a zeroed frame; after a round the user asks for all to be taken away again. */
static u32 faults;

static void on_page_fault(struct trap_frame *f)
{
    word at = read_cr2(), page = (at - PRIVATE_BASE) >> 12;
    if (page >= PAGES || (f->error & 1)) {
        print("page fault at %lx error %lx ip %lx\n", (unsigned long)at, (unsigned long)f->error, (unsigned long)f->ip);
        leave(3);
    }
    void *to = frames[page];
    size_t count = 4096 / sizeof(word);
#ifdef __x86_64__
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0) : "memory");
#else
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(0) : "memory");
#endif
    spaces[0].table[page] = (word)frames[page] | PTE_P | PTE_W | PTE_U;
    faults++;
}

extern void entry_unmap(void);
void unmap_all(void);
void unmap_all(void)
{
    for (u32 i = 0; i < PAGES; i++)
        spaces[0].table[i] = 0;
    write_cr3(read_cr3());
}

static void user_faults(void)
{
    u32 sum = 0;
    for (u32 round = 0; round < user_n; round++) {
        for (u32 i = 0; i < PAGES; i++) {
            u32 *p = (u32 *)(word)(PRIVATE_BASE + i * 4096 + (round & 63) * 4);
            sum = sum * 31 + *p + i;
            *p = sum;
        }
        user_call(UNMAP_VECTOR, 0);
    }
    user_call(VECTOR_SYSCALL, sum);
}

u32 k_pgfault(u32 n)
{
    user_n = n;
    faults = 0;
    trap_handlers[14] = on_page_fault;
    gate_set(UNMAP_VECTOR, entry_unmap, 3);
    word root = read_cr3();
    write_cr3(space_init(&spaces[0]));
    u32 sum = (u32)in_ring3(user_faults, stack_of(user_stacks[0]));
    write_cr3(root);
    trap_handlers[14] = NULL;
    return sum + faults;
}

/* Two tasks of one program; each sees its own frame at PRIVATE_BASE. */
static void user_task(void)
{
    volatile u32 *mine = (volatile u32 *)(word)PRIVATE_BASE;
    for (u32 i = 0; i < user_n; i++) {
        mine[1] = mine[1] * 31 + mine[0] + i;
        user_call(YIELD_VECTOR, 0);
    }
    user_call(VECTOR_SYSCALL, 0);
}

u32 k_ctxswitch(u32 n)
{
    user_n = n;
    gate_set(YIELD_VECTOR, entry_yield, 3);
    word root = read_cr3();
    for (u32 i = 0; i < 2; i++) {
        u32 *frame = (u32 *)frames[i];
        frame[0] = 100 + i;
        frame[1] = 0;
        task_roots[i] = space_init(&spaces[i]);
        spaces[i].table[0] = (word)frame | PTE_P | PTE_W | PTE_U;
        task_stacks[i] = (word)kernel_stacks[i] + 4096;
    }
    /* Task 1 begins as if it had yielded: what entry_yield pops, then what IRET pops. */
    word *sp = (word *)task_stacks[1];
    *--sp = SEL_UDATA | 3;
    *--sp = stack_of(user_stacks[1]);
    *--sp = 2;
    *--sp = SEL_UCODE | 3;
    *--sp = (word)user_task;
    for (int i = 0; i < 6; i++)
        *--sp = 0;
    task_sp[1] = (word)sp;
    current_task = 0;
    kernel_stack_set(task_stacks[0]);
    write_cr3(task_roots[0]);
    in_ring3(user_task, stack_of(user_stacks[0]));
    write_cr3(root);
    return ((u32 *)frames[0])[1] ^ ((u32 *)frames[1])[1] * 3;
}
