/* Xen's paravirtual interface as far as this guest uses it: numbers and layouts of public/xen.h and its neighbours. For C and assembly. */
#ifndef PV_XEN_H
#define PV_XEN_H

#define HYPERCALL_SET_TRAP_TABLE 0
#define HYPERCALL_MMU_UPDATE 1
#define HYPERCALL_STACK_SWITCH 3
#define HYPERCALL_MULTICALL 13
#define HYPERCALL_UPDATE_VA_MAPPING 14
#define HYPERCALL_SET_TIMER_OP 15
#define HYPERCALL_XEN_VERSION 17
#define HYPERCALL_IRET 23
#define HYPERCALL_MMUEXT_OP 26
#define HYPERCALL_SCHED_OP 29
#define HYPERCALL_CALLBACK_OP 30
#define HYPERCALL_EVENT_CHANNEL_OP 32
#define HYPERCALL_STUB_BYTES 32

/* FLAT_KERNEL_CS and its neighbours: public/arch-x86/xen-x86_64.h, xen-x86_32.h. */
#ifdef __x86_64__
#define KERNEL_CS 0xe033
#define KERNEL_SS 0xe02b
#define USER_CS 0xe033
#define USER_DS 0xe02b
#define MACHINE_TO_PHYSICAL 0xffff800000000000
#define LEVELS 4
#else
#define KERNEL_CS 0xe019
#define KERNEL_SS 0xe021
#define USER_CS 0xe02b
#define USER_DS 0xe033
#define MACHINE_TO_PHYSICAL 0xf5800000
#define LEVELS 3
#endif

/* Our own vectors behind those of the processor: where a callback came from. */
#define VECTOR_SYSTEM_CALL 32
#define VECTOR_EVENT 33
#define VECTOR_FAILSAFE 34
#define VECTORS 35

/* The user's calls, by number in AX. */
#define CALL_NEXT 1 /* DI + 1 */
#define CALL_DONE 2

#ifndef __ASSEMBLER__
#include "kit.h"

#define PAGE 4096ul
#define DOMID_SELF 0x7ff0
#define ENTRIES 512

struct start_info {
    char magic[32];
    word nr_pages, shared_info;
    u32 flags;
    word store_mfn;
    u32 store_event;
    word console_mfn;
    u32 console_event;
    word pt_base, nr_pt_frames, mfn_list, mod_start, mod_len;
    char cmd_line[1024];
};

struct vcpu_time {
    u32 version, pad;
    u64 tsc_timestamp, system_time;
    u32 tsc_to_system_mul;
    signed char tsc_shift;
    u8 flags, more[2];
} __attribute__((packed));

struct vcpu_info {
    u8 upcall_pending, upcall_mask;
    word pending_selector, cr2, pad[sizeof(word) == 8 ? 1 : 5];
    struct vcpu_time time;
};

struct shared_info {
    struct vcpu_info vcpu[32];
    word pending[sizeof(word) * 8], mask[sizeof(word) * 8];
};

struct console_ring {
    char in[1024], out[2048];
    u32 in_consumer, in_producer, out_consumer, out_producer;
};

struct trap_info {
    u8 vector, flags;
    u16 cs;
    word address;
};

struct callback {
    u16 type, flags;
    word address[sizeof(word) == 8 ? 1 : 2]; /* 32 bit: selector and offset */
};

struct mmu_update {
    u64 pointer, value; /* the two low bits of the pointer: what is to be done */
};

struct mmuext_op {
    u32 command;
    word first, second;
};

struct multicall {
    word number, result, argument[6];
};

enum { CALLBACK_EVENT = 0, CALLBACK_FAILSAFE = 1, CALLBACK_SYSCALL = 2 };
enum { MMUEXT_PIN_L4 = 3, MMUEXT_TLB_FLUSH_LOCAL = 6, MMUEXT_NEW_USER_BASEPTR = 15 };
enum { SCHED_BLOCK = 1, SCHED_SHUTDOWN = 2 };
enum { SHUTDOWN_POWEROFF = 0, SHUTDOWN_CRASH = 3 };
enum { EVENT_BIND_VIRQ = 1, EVENT_SEND = 4, EVENT_BIND_IPI = 7, VIRQ_TIMER = 0 };
#endif
#endif
