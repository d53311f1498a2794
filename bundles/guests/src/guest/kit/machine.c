/* Descriptor tables, traps, interrupt controller and paging of a guest. */
#include "kit.h"

trap_handler *trap_handlers[256];
u64 gdt[32] __attribute__((aligned(16)));
static u8 trap_stack[8192] __attribute__((aligned(16)));

#ifdef __x86_64__
static u64 idt[256][2] __attribute__((aligned(16)));
/* 64-bit TSS, SDM 3A 7.7: RSP0 at 4, I/O map base at 102. */
u8 kit_tss[104] __attribute__((aligned(16)));
#define TSS_SP0 4
extern word boot_pt[];
#else
static u64 idt[256] __attribute__((aligned(16)));
/* 32-bit TSS, SDM 3A 7.2.1: ESP0 at 4, SS0 at 8, I/O map base at 102. */
u8 kit_tss[104] __attribute__((aligned(16)));
#define TSS_SP0 4
#define TSS_SS0 8
static word page_directory[1024] __attribute__((aligned(4096)));
static word page_tables[MAP_MB * 256] __attribute__((aligned(4096)));
#endif
#define TSS_IOMAP 102

struct table_register {
    u16 limit;
    word base;
} __attribute__((packed));

extern void (*const trap_stubs[33])(void); /* vectors 0 to 31 and the system call */

void gate_put(int vector, u16 selector, void (*entry)(void), u16 type)
{
    word a = (word)entry;
    u64 low = (a & 0xffff) | (u64)selector << 16 | (u64)type << 32 | (u64)((a >> 16) & 0xffff) << 48;
#ifdef __x86_64__
    idt[vector][0] = low;
    idt[vector][1] = a >> 32;
#else
    idt[vector] = low;
#endif
}

void gate_set(int vector, void (*entry)(void), int dpl)
{
    gate_put(vector, SEL_KCODE, entry, (u16)(GATE_INTERRUPT | dpl << 13));
}

void kernel_stack_set(word top) { memcpy(kit_tss + TSS_SP0, &top, sizeof top); }

word *pte_of(word address)
{
#ifdef __x86_64__
    return &boot_pt[address >> 12];
#else
    return &page_tables[address >> 12];
#endif
}

int has_cpuid(void)
{
    word before = read_flags(), after;
    __asm__ volatile("push %1; popf; pushf; pop %0; push %2; popf"
                     : "=&r"(after)
                     : "r"(before ^ (1 << 21)), "r"(before)
                     : "cc", "memory");
    return ((before ^ after) >> 21) & 1;
}

/* Called by traps.S. */
void trap(struct trap_frame *f);
void trap(struct trap_frame *f)
{
    if (trap_handlers[f->vector & 255]) {
        trap_handlers[f->vector & 255](f);
        return;
    }
    print("unexpected trap %lu error %lx at %02lx:%lx cr2 %lx\n", (unsigned long)f->vector, (unsigned long)f->error,
          (unsigned long)f->cs, (unsigned long)f->ip, (unsigned long)read_cr2());
    leave(3);
}

void machine_init(void)
{
    gdt[SEL_KDATA / 8] = 0x00cf93000000ffff;
    gdt[SEL_UDATA / 8] = 0x00cff3000000ffff;
    gdt[SEL_UCODE32 / 8] = 0x00cffb000000ffff;
    word t = (word)kit_tss;
    gdt[SEL_TSS / 8] = (sizeof kit_tss - 1) | (u64)(t & 0xffffff) << 16 | (u64)0x89 << 40 | (u64)(t >> 24 & 0xff) << 56;
#ifdef __x86_64__
    gdt[SEL_KCODE / 8] = 0x00af9b000000ffff;
    gdt[SEL_UCODE / 8] = 0x00affb000000ffff;
    gdt[SEL_TSS / 8 + 1] = t >> 32;
#else
    gdt[SEL_KCODE / 8] = 0x00cf9b000000ffff;
    u32 ss0 = SEL_KDATA;
    memcpy(kit_tss + TSS_SS0, &ss0, sizeof ss0);
#endif
    u16 no_map = sizeof kit_tss;
    memcpy(kit_tss + TSS_IOMAP, &no_map, sizeof no_map);
    kernel_stack_set((word)trap_stack + sizeof trap_stack);

    struct table_register g = {sizeof gdt - 1, (word)gdt}, i = {sizeof idt - 1, (word)idt};
    for (int v = 0; v < 32; v++)
        gate_set(v, trap_stubs[v], 0);
    gate_set(VECTOR_SYSCALL, trap_stubs[32], 3);
    __asm__ volatile("lgdt %0; lidt %1; ltr %w2" ::"m"(g), "m"(i), "r"(SEL_TSS));
    __asm__ volatile("mov %0,%%ds; mov %0,%%es; mov %0,%%ss; mov %0,%%fs; mov %0,%%gs" ::"r"(SEL_KDATA));

    /* Both 8259A away from the exception vectors and all lines masked. */
    out8(0x20, 0x11), out8(0xa0, 0x11);
    out8(0x21, 0x20), out8(0xa1, 0x28);
    out8(0x21, 0x04), out8(0xa1, 0x02);
    out8(0x21, 0x01), out8(0xa1, 0x01);
    out8(0x21, 0xff), out8(0xa1, 0xff);

#ifndef __x86_64__
    for (word n = 0; n < MAP_MB * 256; n++)
        page_tables[n] = n << 12 | PTE_P | PTE_W | PTE_U;
    for (word n = 0; n < MAP_MB / 4; n++)
        page_directory[n] = (word)(page_tables + n * 1024) | PTE_P | PTE_W | PTE_U;
    write_cr3((word)page_directory);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
#endif
}

/* Called by start.S. */
void kit_main(void);
void kit_main(void)
{
    console_init();
    machine_init();
    leave(guest_main());
}
