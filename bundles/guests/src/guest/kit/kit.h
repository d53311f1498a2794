/* The kit: what every guest shares. Freestanding C for 32 and 64 bit; no library. */
#ifndef KIT_H
#define KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "layout.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef uintptr_t word;

#define BITS ((int)sizeof(word) * 8)
#define NOINLINE __attribute__((noinline))
#define UNUSED __attribute__((unused))

/* Registers as pushed by the stubs of traps.S. */
struct trap_frame {
#ifdef __x86_64__
    word r15, r14, r13, r12, r11, r10, r9, r8, di, si, bp, dx, cx, bx, ax;
#else
    word es, ds, di, si, bp, unused_sp, bx, dx, cx, ax;
#endif
    word vector, error, ip, cs, flags, sp, ss; /* sp and ss: always in 64-bit mode, else on a ring change */
};

/* The guest. Its return value goes to the debug-exit port. */
int guest_main(void);

/* console.c */
void console_init(void);
void put_char(char c);
void leave(int value) __attribute__((noreturn));

/* format.c */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void format_text(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* cmdline.c */
extern char boot_cmdline[];
extern u32 boot_protocol;
int option_text(const char *key, char *value, size_t size);
u32 option_number(const char *key, u32 otherwise);

/* string.c */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
u64 divide(u64 a, u32 b, u32 *remainder);

/* machine.c */
#define GATE_INTERRUPT 0x8e00 /* present, DPL 0 */
typedef void trap_handler(struct trap_frame *frame);
extern trap_handler *trap_handlers[256];
void machine_init(void);                         /* GDT, IDT, TSS, PIC masked, paging */
void gate_set(int vector, void (*entry)(void), int dpl); /* a stub of the guest's own */
void gate_put(int vector, u16 selector, void (*entry)(void), u16 type);
void kernel_stack_set(word top);                 /* stack of ring 0 for entries from outer rings */
word *pte_of(word address);                      /* PTE in the identity map */
extern u64 gdt[32];
extern u8 kit_tss[104];

/* traps.S */
int in_ring3(void (*entry)(void), word stack_top); /* until the user calls user_leave; gives its argument */

static inline void out8(u16 port, u8 v) { __asm__ volatile("outb %0,%1" ::"a"(v), "Nd"(port)); }
static inline u8 in8(u16 port)
{
    u8 v;
    __asm__ volatile("inb %1,%0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline u64 tsc(void)
{
    u32 lo, hi;
    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
    return (u64)hi << 32 | lo;
}
static inline void cpuid(u32 leaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
    __asm__ volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}
static inline word read_flags(void)
{
    word f;
    __asm__ volatile("pushf; pop %0" : "=r"(f));
    return f;
}
int has_cpuid(void);
#define READ_REGISTER(name)                                        \
    static inline word read_##name(void)                           \
    {                                                              \
        word v;                                                    \
        __asm__ volatile("mov %%" #name ",%0" : "=r"(v)::"memory"); \
        return v;                                                  \
    }
READ_REGISTER(cr0)
READ_REGISTER(cr2)
READ_REGISTER(cr3)
READ_REGISTER(cr4)
static inline void write_cr0(word v) { __asm__ volatile("mov %0,%%cr0" ::"r"(v) : "memory"); }
static inline void write_cr3(word v) { __asm__ volatile("mov %0,%%cr3" ::"r"(v) : "memory"); }
static inline void write_cr4(word v) { __asm__ volatile("mov %0,%%cr4" ::"r"(v) : "memory"); }
static inline void invlpg(word a) { __asm__ volatile("invlpg (%0)" ::"r"(a) : "memory"); }
static inline u64 read_msr(u32 msr)
{
    u32 lo, hi;
    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return (u64)hi << 32 | lo;
}
static inline void write_msr(u32 msr, u64 v)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)v), "d"((u32)(v >> 32)) : "memory");
}

#endif
