/* Exception stubs, and the way to ring 3 and back. */
#include "layout.h"

        .macro stub vector, has_error
        .text
stub_\vector:
        .if !\has_error
        push $0
        .endif
        push $\vector
        jmp common
        .section .rodata
        .if BYTES == 8
        .quad stub_\vector
        .else
        .long stub_\vector
        .endif
        .endm

#ifdef __x86_64__
        .set BYTES, 8
#else
        .set BYTES, 4
#endif

        .section .rodata
        .balign 8
        .globl trap_stubs
trap_stubs:
        /* Vectors with an error code: SDM 3A table 6-1. */
        .irp v, 0,1,2,3,4,5,6,7
        stub \v, 0
        .endr
        stub 8, 1
        stub 9, 0
        .irp v, 10,11,12,13,14
        stub \v, 1
        .endr
        .irp v, 15,16
        stub \v, 0
        .endr
        stub 17, 1
        .irp v, 18,19,20
        stub \v, 0
        .endr
        stub 21, 1
        .irp v, 22,23,24,25,26,27,28
        stub \v, 0
        .endr
        .irp v, 29,30
        stub \v, 1
        .endr
        stub 31, 0
        stub 0x80, 0

        .text
#ifdef __x86_64__
common:
        push %rax
        push %rbx
        push %rcx
        push %rdx
        push %rbp
        push %rsi
        push %rdi
        push %r8
        push %r9
        push %r10
        push %r11
        push %r12
        push %r13
        push %r14
        push %r15
        cld
        mov %rsp, %rdi
        call trap
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %r11
        pop %r10
        pop %r9
        pop %r8
        pop %rdi
        pop %rsi
        pop %rbp
        pop %rdx
        pop %rcx
        pop %rbx
        pop %rax
        add $16, %rsp
        iretq

/* int in_ring3(void (*entry)(void), word stack_top) */
        .globl in_ring3
in_ring3:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, ring0_sp
        push $SEL_UDATA | 3
        push %rsi
        push $2                         /* EFLAGS: only the bit that is always 1 */
        push $SEL_UCODE | 3
        push %rdi
        iretq

/* Gate of ring 3 for "done": RAX is the result of in_ring3. */
        .globl ring3_done
ring3_done:
        mov ring0_sp, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
#else
common:
        pushal
        push %ds
        push %es
        mov $SEL_KDATA, %eax
        mov %eax, %ds
        mov %eax, %es
        cld
        push %esp
        call trap
        add $4, %esp
        pop %es
        pop %ds
        popal
        add $8, %esp
        iret

        .globl in_ring3
in_ring3:
        mov 4(%esp), %ecx
        mov 8(%esp), %edx
        push %ebx
        push %ebp
        push %esi
        push %edi
        mov %esp, ring0_sp
        mov $SEL_UDATA | 3, %eax
        mov %eax, %ds
        mov %eax, %es
        push %eax
        push %edx
        push $2
        push $SEL_UCODE | 3
        push %ecx
        iret

        .globl ring3_done
ring3_done:
        mov $SEL_KDATA, %ecx
        mov %ecx, %ds
        mov %ecx, %es
        mov ring0_sp, %esp
        pop %edi
        pop %esi
        pop %ebp
        pop %ebx
        ret
#endif
        .bss
        .balign 8
ring0_sp:
        .skip 8
        .section .note.GNU-stack, "", @progbits
