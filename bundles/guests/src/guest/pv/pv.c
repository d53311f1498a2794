/* A kernel that knows it is a guest: what it asks the hypervisor for, one by one and in batches. [pages=N batch=B by=NAME] */
#include "domain.h"

#define MOST_PAGES 65536
#define MOST_BATCH 4096
#define DATA_FRAMES 16
#define WINDOW 0x40000000ul /* an entry of level 3 of its own */
#define USER_CODE WINDOW
#define USER_STACK (WINDOW + PAGE)
#define FIRST_PAGE 2 /* of the window, behind the user's */
#define LEAF (PTE_P | PTE_W | PTE_A | PTE_D)
#define TABLE (PTE_P | PTE_W | PTE_U | PTE_A | PTE_D)

static u64 window_l2[ENTRIES] __attribute__((aligned(4096)));
static u64 window_l1[MOST_PAGES / ENTRIES + 1][ENTRIES] __attribute__((aligned(4096)));
static u32 data[DATA_FRAMES][PAGE / sizeof(u32)] __attribute__((aligned(4096)));
static u8 user_stack[PAGE] __attribute__((aligned(4096)));
#ifdef __x86_64__
static u64 user_l4[ENTRIES] __attribute__((aligned(4096)));
static u64 user_l3[ENTRIES] __attribute__((aligned(4096)));
#endif

static void must(int good, const char *what)
{
    if (!good) {
        print("%s failed\n", what);
        leave(3);
    }
}

static u64 *window_pte(unsigned page) { return &window_l1[page / ENTRIES][page % ENTRIES]; }

/* ---- exceptions */

static struct trap_frame seen;

static void skip_two(struct trap_frame *frame)
{
    seen = *frame;
    frame->ip += 2;
}

static void remember(struct trap_frame *frame) { seen = *frame; }

/* Instructions of two bytes. */
static void touch(int write)
{
    word a = WINDOW;
    if (write)
        __asm__ volatile("mov %%al,(%0)" : "+a"(a)::"memory");
    else
        __asm__ volatile("mov (%0),%%al" : "+a"(a)::"memory");
}

static void exceptions(void)
{
    trap_handlers[6] = skip_two;
    trap_handlers[14] = skip_two;
    trap_handlers[3] = remember;
    __asm__ volatile("ud2");
    print("traps   #UD");
    must(seen.vector == 6, "UD2");
    __asm__ volatile("int3");
    must(seen.vector == 3, "INT3");
    print(" #BP");
    touch(0);
    must(seen.vector == 14 && shared_info->vcpu[0].cr2 == WINDOW, "a page fault");
    print(" #PF(%lx)", (unsigned long)seen.error);
    touch(1);
    must(seen.vector == 14, "a page fault");
    print(" #PF(%lx)", (unsigned long)seen.error);
    print("\n");
}

/* ---- page tables */

static void window_create(void)
{
    for (unsigned i = 0; i < sizeof window_l1 / sizeof window_l1[0]; i++) {
        table_page(window_l1[i]);
        window_l2[i] = machine_address(window_l1[i]) | TABLE;
    }
    table_page(window_l2);
    struct mmu_update request = {machine_address(table_entry(3, WINDOW)), machine_address(window_l2) | (LEVELS == 4 ? TABLE : PTE_P)};
    must(update(&request, 1) == 0, "a new table of level 2");
    for (u32 i = 0; i < DATA_FRAMES; i++)
        data[i][0] = i;
}

/* The entry a page is to have in a round. */
static u64 wanted(unsigned page, unsigned round) { return machine_address(data[(page * 7 + round) % DATA_FRAMES]) | LEAF; }

static word window_address(unsigned page) { return WINDOW + (FIRST_PAGE + page) * PAGE; }

static u64 pte_machine_address(unsigned page) { return machine_address(window_pte(FIRST_PAGE + page)); }

static int by_update_va_mapping(unsigned pages, unsigned batch UNUSED, unsigned round)
{
    for (unsigned i = 0; i < pages; i++)
        if (map(window_address(i), wanted(i, round)) != 0)
            return 0;
    return 1;
}

static int by_multicall(unsigned pages, unsigned batch, unsigned round)
{
    static struct multicall calls[MOST_BATCH];
    for (unsigned done = 0; done < pages;) {
        unsigned n = 0;
        for (; n < batch && done < pages; n++, done++)
            map_arguments(&calls[n], window_address(done), wanted(done, round));
        if (ask(HYPERCALL_MULTICALL, calls, n, 0, 0) != 0)
            return 0;
        for (unsigned i = 0; i < n; i++)
            if (calls[i].result != 0)
                return 0;
    }
    return 1;
}

static int by_mmu_update(unsigned pages, unsigned batch, unsigned round)
{
    static struct mmu_update requests[MOST_BATCH];
    for (unsigned done = 0; done < pages;) {
        unsigned n = 0;
        for (; n < batch && done < pages; n++, done++)
            requests[n] = (struct mmu_update){pte_machine_address(done), wanted(done, round)};
        if (update(requests, n) != 0)
            return 0;
    }
    return 1;
}

/* The table is read-only: each write faults, and the hypervisor carries it out. */
static int by_writing(unsigned pages, unsigned batch UNUSED, unsigned round)
{
    for (unsigned i = 0; i < pages; i++)
#ifdef __x86_64__
        *(volatile u64 *)window_pte(FIRST_PAGE + i) = wanted(i, round);
#else
        /* No frame of a 32-bit domain lies above 4 GiB: the upper half of an entry stays 0. */
        *(volatile u32 *)window_pte(FIRST_PAGE + i) = (u32)wanted(i, round);
#endif
    return 1;
}

static const struct way {
    const char *name;
    int (*run)(unsigned pages, unsigned batch, unsigned round);
    int batched;
} ways[] = {
    {"update_va_mapping", by_update_va_mapping, 0},
    {"multicall", by_multicall, 1},
    {"mmu_update", by_mmu_update, 1},
    {"writing", by_writing, 0},
};

static void row(const struct way *way, unsigned pages, unsigned batch, unsigned round)
{
    unsigned long before = hypercalls;
    must(way->run(pages, batch, round), way->name);
    unsigned long asked = hypercalls - before;
    must(extended(MMUEXT_TLB_FLUSH_LOCAL, 0) == 0, "a flush");
    for (unsigned i = 0; i < pages; i++)
        must(*(volatile u32 *)window_address(i) == (i * 7 + round) % DATA_FRAMES, "a mapping");
    print("  %-18s %5u", way->name, pages);
    way->batched ? print(" %6u", batch) : print("      -");
    print(" %11lu\n", asked);
}

static void batches(void)
{
    static const unsigned sizes[] = {1, 32, 512};
    char by[24] = "";
    unsigned pages = option_number("pages", 2048), batch = option_number("batch", 0), round = 1;
    option_text("by", by, sizeof by);
    must(pages <= MOST_PAGES - FIRST_PAGE && batch <= MOST_BATCH, "the option pages (to 65534) or batch (to 4096)");
    print("  by                 pages  batch  hypercalls\n");
    for (unsigned w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        if (*by && strcmp(by, ways[w].name) != 0)
            continue;
        if (!ways[w].batched || batch) {
            row(&ways[w], pages, batch, round++);
            continue;
        }
        for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            row(&ways[w], pages, sizes[s], round++);
    }
    must(round > 1, "the option by (update_va_mapping, multicall, mmu_update, writing)");
}

static void refusals(void)
{
    struct mmu_update request = {pte_machine_address(0), machine_address(window_l2) | LEAF};
    must(update(&request, 1) < 0, "the refusal of a writable page table");
    request.value = start_info->shared_info + (1ull << 40) + LEAF;
    must(update(&request, 1) < 0, "the refusal of a frame that is not ours");
    request = (struct mmu_update){machine_address(&window_l2[0]), machine_address(data[0]) | TABLE};
    must(update(&request, 1) < 0, "the refusal of a writable frame as a table");
    print("refused writable tables, foreign frames, writable frames as tables\n");
}

/* ---- the user */

static unsigned calls, refused_instructions, unreadable;

static void user_call(struct trap_frame *frame)
{
    if (frame->ax == CALL_NEXT) {
        calls++;
        frame->ax = frame->di + 1;
    } else {
        /* To the kernel instead of back, where in_user was called. */
        frame->ax = frame->di;
        frame->ip = (word)user_done;
#ifdef __x86_64__
        frame->cs = KERNEL_CS & ~3; /* kernel mode, by the ring it believes in */
#else
        frame->cs = KERNEL_CS;
        frame->ds = frame->es = KERNEL_SS;
#endif
        frame->ss = KERNEL_SS;
    }
}

static void user_protection(struct trap_frame *frame)
{
    must(frame->ip == USER_CODE + (word)(user_hlt - user_page), "HLT of the user");
    refused_instructions++;
    frame->ip += 1;
}

static void user_fault(struct trap_frame *frame)
{
    must(frame->ip == USER_CODE + (word)(user_peek - user_page), "a page fault of the user");
    unreadable++;
    frame->ip = USER_CODE + (word)(user_peeked - user_page);
}

static void user(void)
{
    must(map(USER_CODE, machine_address(user_page) | PTE_P | PTE_U | PTE_A) == 0, "the user's code");
    must(map(USER_STACK, machine_address(user_stack) | LEAF | PTE_U) == 0, "the user's stack");
#ifdef __x86_64__
    user_l3[WINDOW >> 30] = machine_address(window_l2) | TABLE;
    user_l4[0] = machine_address(user_l3) | TABLE;
    table_page(user_l3);
    table_page(user_l4);
    word root = machine_address(user_l4) / PAGE;
    must(extended(MMUEXT_PIN_L4, root) == 0, "the user's root");
    must(extended(MMUEXT_NEW_USER_BASEPTR, root) == 0, "the user's root");
#endif
    trap_handlers[VECTOR_SYSTEM_CALL] = user_call;
    trap_handlers[13] = user_protection;
    trap_handlers[14] = user_fault;
    word answer = in_user(USER_CODE, USER_STACK + PAGE);
    print("user    %u system calls, answer %lu, %u privileged instruction and %u read of the kernel refused\n", calls,
          (unsigned long)answer, refused_instructions, unreadable);
}

/* ---- events and time */

static void wait_for(u32 count)
{
    for (u32 tries = 0; events < count; tries++) {
        must(tries < 16, "an event");
        ask(HYPERCALL_SCHED_OP, SCHED_BLOCK, 0, 0, 0);
    }
}

static void event_channels(void)
{
    u32 timer = bind_event(EVENT_BIND_VIRQ, VIRQ_TIMER), self = bind_event(EVENT_BIND_IPI, 0);
    must(timer != 0 && self != 0, "binding an event channel");
    shared_info->vcpu[0].upcall_mask = 0;
    ask(HYPERCALL_EVENT_CHANNEL_OP, EVENT_SEND, &self, 0, 0);
    wait_for(1);
    u64 before = system_time(), at = before + 1000000;
#ifdef __x86_64__
    ask(HYPERCALL_SET_TIMER_OP, at, 0, 0, 0);
#else
    ask(HYPERCALL_SET_TIMER_OP, (word)at, (word)(at >> 32), 0, 0);
#endif
    wait_for(2);
    must(system_time() >= at, "waiting for a millisecond");
    print("events  %u: one from ourselves, one of the timer when its time had come\n", events);
}

int guest_main(void)
{
    u16 cs;
    __asm__("mov %%cs,%0" : "=r"(cs));
    u32 version = (u32)ask(HYPERCALL_XEN_VERSION, 0, 0, 0, 0);
    print("pv%d: a paravirtual guest of Proteus\n", BITS);
    print("start   %s, interface of Xen %u.%u, ring %d\n", start_info->magic, version >> 16, version & 0xffff, cs & 3);
    exceptions();
    window_create();
    batches();
    refusals();
    user();
    event_channels();
    print("pv%d: done\n", BITS);
    return 0;
}
