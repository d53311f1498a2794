/* The touches, and the handlers that answer their faults: one PTE each, and an IRET. */
#include "layout.h"
        .text
        .code64

/* void touch_pages(u64 pages, word first): one store to each */
        .globl touch_pages
        .balign 16
touch_pages:
1:      incb (%rsi)
        add $4096, %rsi
        dec %rdi
        jnz 1b
        ret

/* Sets the PTE of the page that faulted, accessed and dirty as kernels do. R10 and R11 are free: the loop has no use for them. */
        .macro set_pte
        mov %cr2, %r10
        mov %r10, %r11
        shr $12, %r11
        and $-4096, %r10
        or $PTE_P | PTE_W | PTE_U | PTE_A | PTE_D, %r10
        mov %r10, boot_pt(,%r11,8)
        .endm

        .globl fault_fill
        .balign 16
fault_fill:
        set_pte
        add $8, %rsp
        iretq

        .globl fault_copy
        .balign 16
fault_copy:
        set_pte
        mov %cr2, %r10
        invlpg (%r10)
        add $8, %rsp
        iretq
        .section .note.GNU-stack, "", @progbits
