/* Virtual-8086 mode (SDM 3B 21.2): probes copied to V86_BASE, each followed by INT INT_DONE. */
#include "rings.h"
        .text
        .code32
/* int run_v86(word ip, word flags): enter by IRET with VM set; as run_at. */
        .globl run_v86
run_v86:
        push %ebp
        push %ebx
        push %esi
        push %edi
        pushf
        mov %esp, resume_esp_v86
        mov 24(%esp), %eax
        mov 28(%esp), %edx
        mov %esp, %ecx
        push $0x4444                    /* GS */
        push $0x3333                    /* FS */
        push $V86_BASE / 16             /* DS */
        push $0x2222                    /* ES */
        push $V86_BASE / 16             /* SS */
        push $0xff0
        push %edx
        push $V86_BASE / 16
        push %eax
        iret
        .globl resume_v86
resume_v86:
        mov $SEL_KDATA, %eax
        mov %eax, %ds
        mov %eax, %es
        mov %eax, %fs
        mov %eax, %gs
        mov resume_esp_v86, %esp
        popf
        pop %edi
        pop %esi
        pop %ebx
        pop %ebp
        ret

        .section .rodata.v86, "a"
        .balign 4
v86_table:                              /* {start, end of the instruction} of each probe, offsets in the copy */
        .section .rodata
        .globl v86_code, v86_code_end, v86_table
        .balign 16
        .code16
v86_code:
        .macro v86 name, text:vararg
        .pushsection .rodata.v86, "a"
        .long v86_\name - v86_code, v86_\name\()_end - v86_code
        .popsection
v86_\name:
        \text
v86_\name\()_end:
        int $INT_DONE
        .endm
        v86 cs, mov %cs, %ax
        v86 es, mov %es, %ax
        v86 read, movw v86_word - v86_code, %ax
        v86 cli, cli
        v86 sti, sti
        v86 pushf, pushf
        v86 popf, popf
        v86 int, int $INT_TO_0
        v86 iret, iret
        v86 hlt, hlt
        v86 in, inb $0x80, %al
        v86 smsw, smsw %ax
        v86 lmsw, lmsw %ax
        v86 cr0, mov %cr0, %eax
        v86 sldt, sldt %ax
        v86 lar, lar %ax, %ax
        v86 verr, verr %ax
        v86 arpl, arpl %ax, %ax
v86_word:
        .word 0x8086
v86_code_end:
        .section .rodata.v86, "a"
        .long -1, -1
        .code32
        .bss
        .balign 4
resume_esp_v86: .skip 4
        .section .note.GNU-stack, "", @progbits
