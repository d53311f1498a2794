/* How a domain starts, is called back, and asks. The kernel never calls the hypervisor but through hypercall_page. */
#include "layout.h"
#include "xen.h"

/* struct elfnote: sizes of name and description, type, "Xen" (public/elfnote.h). */
        .macro number type, value
        .balign 4
        .long 4, WORD, \type
        .asciz "Xen"
#ifdef __x86_64__
        .quad \value
#else
        .long \value
#endif
        .endm
        .macro text type, value
        .balign 4
        .long 4, 2f - 1f, \type
        .asciz "Xen"
1:      .asciz "\value"
2:      .balign 4
        .endm
#ifdef __x86_64__
        .set WORD, 8
#else
        .set WORD, 4
#endif
        .section .note.xen, "a", @note
        number 1, _start
        number 2, hypercall_page
        number 3, 0             /* VIRT_BASE: addresses are pseudo-physical ones */
        number 4, 0
        text 5, "xen-3.0"
        text 6, "proteus-kit"
        text 8, "generic"
        text 9, "yes"           /* PAE, with roots above 4 GiB */

        .text
        .globl _start, hypercall_page
        .balign 4096
hypercall_page:
        .skip 4096              /* the domain builder fills it */

        .macro stub vector, has_error
        .text
stub_\vector:
#ifdef __x86_64__
        pop %rcx                /* the hypervisor's own system call uses both */
        pop %r11
#endif
        .if !\has_error
        push $0
        .endif
        push $\vector
        jmp common
        .section .rodata
#ifdef __x86_64__
        .quad stub_\vector
#else
        .long stub_\vector
#endif
        .endm

        .section .rodata
        .balign 8
        .globl domain_stubs
domain_stubs:
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
        stub VECTOR_SYSTEM_CALL, 0
        stub VECTOR_EVENT, 0
        stub VECTOR_FAILSAFE, 0

        .text
#ifdef __x86_64__
_start:
        cld
        mov $domain_stack_top, %esp
        xor %ebp, %ebp
        mov %rsi, %rdi
        call domain_main

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
        call domain_trap
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
        push $0                 /* iret_context.flags: not the way out of a system call */
        jmp hypercall_page + HYPERCALL_IRET * HYPERCALL_STUB_BYTES

/* long hypercall(word number, word a, word b, word c, word d, word e) */
        .globl hypercall
hypercall:
        imul $HYPERCALL_STUB_BYTES, %edi, %eax
        add $hypercall_page, %eax
        mov %rsi, %rdi
        mov %rdx, %rsi
        mov %rcx, %rdx
        mov %r8, %r10
        mov %r9, %r8
        jmp *%rax

/* word in_user(word entry, word stack_top): until the user's CALL_DONE, and its argument */
        .globl in_user, user_done
in_user:
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        mov %rsp, kernel_sp
        push $USER_DS
        push %rsi
        push $0x202             /* EFLAGS: events come */
        push $USER_CS
        push %rdi
        push $0
        jmp hypercall_page + HYPERCALL_IRET * HYPERCALL_STUB_BYTES

/* The frame of the user's call leads here instead of back, with its argument in AX. */
user_done:
        mov kernel_sp, %rsp
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
#else
_start:
        cld
        mov $domain_stack_top, %esp
        xor %ebp, %ebp
        push %esi
        call domain_main

common:
        pushal
        push %ds
        push %es
        mov $KERNEL_SS, %eax
        mov %eax, %ds
        mov %eax, %es
        cld
        push %esp
        call domain_trap
        add $4, %esp
        pop %es
        pop %ds
        popal
        add $8, %esp
        jmp hypercall_page + HYPERCALL_IRET * HYPERCALL_STUB_BYTES

        .globl hypercall
hypercall:
        push %ebx
        push %esi
        push %edi
        mov 16(%esp), %eax
        mov 20(%esp), %ebx
        mov 24(%esp), %ecx
        mov 28(%esp), %edx
        mov 32(%esp), %esi
        mov 36(%esp), %edi
        shl $5, %eax            /* HYPERCALL_STUB_BYTES */
        add $hypercall_page, %eax
        call *%eax
        pop %edi
        pop %esi
        pop %ebx
        ret

        .globl in_user, user_done
in_user:
        mov 4(%esp), %ecx
        mov 8(%esp), %edx
        push %ebx
        push %ebp
        push %esi
        push %edi
        mov %esp, kernel_sp
        mov $USER_DS, %eax
        mov %eax, %ds
        mov %eax, %es
        push %eax
        push %edx
        push $0x202
        push $USER_CS
        push %ecx
        jmp hypercall_page + HYPERCALL_IRET * HYPERCALL_STUB_BYTES

user_done:
        mov kernel_sp, %esp
        pop %edi
        pop %esi
        pop %ebp
        pop %ebx
        ret
#endif

/* The user: a page of its own, wherever it is mapped. AX is the call's number, DI its argument and, behind it, its result. */
        .section .user, "ax"
        .globl user_page, user_hlt, user_peek, user_peeked
        .balign 4096
        .macro system_call
#ifdef __x86_64__
        syscall
#else
        int $0x80
#endif
        .endm
user_page:
        xor %edi, %edi
        mov $100, %ebx
1:      mov $CALL_NEXT, %eax
        system_call
        mov %eax, %edi
        dec %ebx
        jnz 1b
user_hlt:
        hlt                     /* #GP: one byte, which the kernel skips */
user_peek:
        mov hypercall_page, %al /* the kernel's memory: #PF */
user_peeked:
        mov $CALL_DONE, %eax
        system_call
        .balign 4096

        .bss
        .balign 16
        .skip 16384
        .globl domain_stack_top
domain_stack_top:
kernel_sp:
        .skip 8
        .section .note.GNU-stack, "", @progbits
