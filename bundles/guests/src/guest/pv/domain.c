/* The floor a paravirtual kernel stands on: start information, console ring, trap table, page tables by request, events, time. */
#include "domain.h"

struct start_info *start_info;
struct shared_info *shared_info;
unsigned long hypercalls;
volatile u32 events;
trap_handler *trap_handlers[256];
char boot_cmdline[1024];
static struct console_ring *console;
static u8 kernel_stack[8192] __attribute__((aligned(16)));
/* Where the shared information is seen; what lies here of our image is not used. */
static u8 shared_page[PAGE] __attribute__((aligned(4096)));

extern const word domain_stubs[VECTORS];
void domain_main(struct start_info *info) __attribute__((noreturn));
void domain_trap(struct trap_frame *frame);

static void event_send(u32 port) { ask(HYPERCALL_EVENT_CHANNEL_OP, EVENT_SEND, &port, 0, 0); }

/* console: the hypervisor takes what is in the ring when it is told */

void put_char(char c)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (console->out_producer - console->out_consumer == sizeof console->out)
        event_send(start_info->console_event);
    console->out[console->out_producer % sizeof console->out] = c;
    __atomic_store_n(&console->out_producer, console->out_producer + 1, __ATOMIC_RELEASE);
    if (c == '\n')
        event_send(start_info->console_event);
}

void leave(int value)
{
    u32 reason = value ? SHUTDOWN_CRASH : SHUTDOWN_POWEROFF;
    for (;;)
        ask(HYPERCALL_SCHED_OP, SCHED_SHUTDOWN, &reason, 0, 0);
}

/* page tables */

static u64 frame_of(word pfn) { return (u64)((word *)start_info->mfn_list)[pfn]; }

u64 machine_address(const void *p) { return frame_of((word)p / PAGE) * PAGE | (word)p % PAGE; }

word m2p(u64 entry) { return ((const word *)MACHINE_TO_PHYSICAL)[(entry & 0x000ffffffffff000) / PAGE]; }

u64 *table_entry(int level, word address)
{
    u64 *table = (u64 *)start_info->pt_base;
    for (int at = LEVELS;; at--) {
        u64 *entry = &table[(u64)address >> (3 + 9 * at) & (ENTRIES - 1)];
        if (at == level)
            return entry;
        table = (u64 *)(m2p(*entry) * PAGE);
    }
}

int update(struct mmu_update *list, unsigned count) { return (int)ask(HYPERCALL_MMU_UPDATE, list, count, 0, DOMID_SELF); }

void map_arguments(struct multicall *call, word address, u64 entry)
{
    call->number = HYPERCALL_UPDATE_VA_MAPPING;
    call->argument[0] = address;
    call->argument[1] = (word)entry;
#ifndef __x86_64__
    call->argument[2] = (word)(entry >> 32);
#endif
}

int map(word address, u64 entry)
{
#ifdef __x86_64__
    return (int)ask(HYPERCALL_UPDATE_VA_MAPPING, address, entry, 0, 0);
#else
    return (int)ask(HYPERCALL_UPDATE_VA_MAPPING, address, (word)entry, (word)(entry >> 32), 0);
#endif
}

int extended(u32 command, word first)
{
    struct mmuext_op op = {command, first, 0};
    return (int)ask(HYPERCALL_MMUEXT_OP, &op, 1, 0, DOMID_SELF);
}

void table_page(void *page)
{
    if (map((word)page, machine_address(page) | PTE_P | PTE_A) != 0) {
        print("a page cannot be made read-only\n");
        leave(3);
    }
}

/* time and events */

u64 system_time(void)
{
    struct vcpu_time *t = &shared_info->vcpu[0].time;
    u32 version;
    u64 now;
    do {
        version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE);
        u64 delta = tsc() - t->tsc_timestamp;
        delta = t->tsc_shift < 0 ? delta >> -t->tsc_shift : delta << t->tsc_shift;
        now = t->system_time + (((delta & 0xffffffff) * t->tsc_to_system_mul >> 32) + (delta >> 32) * t->tsc_to_system_mul);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) || version != t->version);
    return now;
}

u32 bind_event(int operation, u32 virq)
{
    /* bind_virq: virq, vcpu, port. bind_ipi: vcpu, port. */
    u32 argument[3] = {operation == EVENT_BIND_VIRQ ? virq : 0, 0, 0};
    if (ask(HYPERCALL_EVENT_CHANNEL_OP, operation, argument, 0, 0) != 0)
        return 0;
    u32 port = operation == EVENT_BIND_VIRQ ? argument[2] : argument[1];
    __atomic_fetch_and(&shared_info->mask[port / BITS], ~((word)1 << port % BITS), __ATOMIC_SEQ_CST);
    return port;
}

static void take_events(void)
{
    struct vcpu_info *vcpu = &shared_info->vcpu[0];
    __atomic_store_n(&vcpu->upcall_pending, 0, __ATOMIC_SEQ_CST);
    word selector = __atomic_exchange_n(&vcpu->pending_selector, 0, __ATOMIC_SEQ_CST);
    for (int i = 0; i < BITS; i++)
        if (selector >> i & 1) {
            word ready = __atomic_load_n(&shared_info->pending[i], __ATOMIC_SEQ_CST) & ~shared_info->mask[i];
            __atomic_fetch_and(&shared_info->pending[i], ~ready, __ATOMIC_SEQ_CST);
            for (; ready; ready &= ready - 1)
                events++;
        }
}

/* traps */

void domain_trap(struct trap_frame *frame)
{
    if (frame->vector == VECTOR_EVENT) {
        take_events();
    } else if (trap_handlers[frame->vector]) {
        trap_handlers[frame->vector](frame);
    } else {
        print("unexpected trap %lu error %lx at %02lx:%lx cr2 %lx\n", (unsigned long)frame->vector, (unsigned long)frame->error,
              (unsigned long)frame->cs, (unsigned long)frame->ip, (unsigned long)shared_info->vcpu[0].cr2);
        leave(3);
    }
}

static void callback(u16 type, int vector)
{
#ifdef __x86_64__
    struct callback c = {type, 0, {domain_stubs[vector]}};
#else
    struct callback c = {type, 0, {KERNEL_CS, domain_stubs[vector]}};
#endif
    ask(HYPERCALL_CALLBACK_OP, 0, &c, 0, 0);
}

void domain_main(struct start_info *info)
{
    static struct trap_info traps[35];
    start_info = info;
    console = (struct console_ring *)(m2p((u64)info->console_mfn * PAGE) * PAGE);
    memcpy(boot_cmdline, info->cmd_line, sizeof boot_cmdline);
    int n = 0;
    for (int v = 0; v < 32; v++)
        if (v != 9 && v != 15)
            traps[n++] = (struct trap_info){(u8)v, v == 3 ? 3 : 0, KERNEL_CS, domain_stubs[v]};
    traps[n++] = (struct trap_info){0x80, 3, KERNEL_CS, domain_stubs[VECTOR_SYSTEM_CALL]};
    ask(HYPERCALL_SET_TRAP_TABLE, traps, 0, 0, 0);
    callback(CALLBACK_EVENT, VECTOR_EVENT);
    callback(CALLBACK_FAILSAFE, VECTOR_FAILSAFE);
#ifdef __x86_64__
    callback(CALLBACK_SYSCALL, VECTOR_SYSTEM_CALL);
#endif
    ask(HYPERCALL_STACK_SWITCH, KERNEL_SS, kernel_stack + sizeof kernel_stack, 0, 0);
    map((word)shared_page, (u64)info->shared_info | PTE_P | PTE_W | PTE_A | PTE_D);
    shared_info = (struct shared_info *)shared_page;
    /* The console's too: it is written to, not waited for. */
    memset(shared_info->mask, 0xff, sizeof shared_info->mask);
    leave(guest_main());
}
