/* Entries of the system kernels; they touch only what the operation needs. */
#include "layout.h"
#include "vectors.h"
        .text
#ifdef __x86_64__
        .globl user_syscalls, entry_sysret, entry_null, entry_yield, entry_unmap
        .balign 16
user_syscalls:                          /* ring 3: bench_n SYSCALLs, the kernel adds 3 to EAX */
        mov bench_n, %ebx
        xor %eax, %eax
1:      syscall
        dec %ebx
        jnz 1b
        int $VECTOR_SYSCALL
entry_sysret:
        add $3, %eax
        sysretq
entry_null:
        iretq
entry_yield:
        push %rax
        push %rcx
        push %rbx
        push %rbp
        push %rsi
        push %rdi
        mov current_task, %eax
        mov %rsp, task_sp(,%rax,8)
        xor $1, %eax
        mov %eax, current_task
        mov task_stacks(,%rax,8), %rcx
        mov %rcx, kit_tss+4
        mov task_roots(,%rax,8), %rcx
        mov %rcx, %cr3
        mov task_sp(,%rax,8), %rsp
        pop %rdi
        pop %rsi
        pop %rbp
        pop %rbx
        pop %rcx
        pop %rax
        iretq
entry_unmap:
        push %rax
        push %rcx
        push %rdx
        push %rsi
        push %rdi
        push %r8
        push %r9
        push %r10
        push %r11
        cld
        sub $16, %rsp
        call unmap_all
        add $16, %rsp
        pop %r11
        pop %r10
        pop %r9
        pop %r8
        pop %rdi
        pop %rsi
        pop %rdx
        pop %rcx
        pop %rax
        iretq
#else
        .globl user_syscalls, entry_null, entry_yield, entry_unmap
        .balign 16
user_syscalls:                          /* ring 3: bench_n times INT, as 32-bit kernels take system calls */
        mov bench_n, %ebx
        xor %eax, %eax
1:      int $NULL_VECTOR
        dec %ebx
        jnz 1b
        int $VECTOR_SYSCALL
entry_null:
        add $3, %eax
        iret
entry_yield:                            /* DS stays the flat segment of ring 3 */
        push %eax
        push %ecx
        push %ebx
        push %ebp
        push %esi
        push %edi
        mov current_task, %eax
        mov %esp, task_sp(,%eax,4)
        xor $1, %eax
        mov %eax, current_task
        mov task_stacks(,%eax,4), %ecx
        mov %ecx, kit_tss+4
        mov task_roots(,%eax,4), %ecx
        mov %ecx, %cr3
        mov task_sp(,%eax,4), %esp
        pop %edi
        pop %esi
        pop %ebp
        pop %ebx
        pop %ecx
        pop %eax
        iret
entry_unmap:
        pushal
        cld
        call unmap_all
        popal
        iret
#endif
        .bss
        .balign 8
        .globl bench_n, current_task, task_roots, task_stacks, task_sp
task_roots:   .skip 16
task_stacks:  .skip 16
task_sp:      .skip 16
bench_n:      .skip 4
current_task: .skip 4
        .section .note.GNU-stack, "", @progbits
