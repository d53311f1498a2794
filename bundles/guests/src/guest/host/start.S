/* Entry of a static Linux program, and its system calls. */
        .text
        .globl _start, host_call, host_signal_return
#ifdef __x86_64__
_start: xor %ebp, %ebp
        mov (%rsp), %edi
        lea 8(%rsp), %rsi
        and $-16, %rsp
        call host_main

/* long host_call(long number, long a, long b, long c, long d) */
host_call:
        mov %rdi, %rax
        mov %rsi, %rdi
        mov %rdx, %rsi
        mov %rcx, %rdx
        mov %r8, %r10
        syscall
        ret
host_signal_return:
        mov $15, %eax                   /* rt_sigreturn */
        syscall
#else
_start: xor %ebp, %ebp
        mov (%esp), %eax
        lea 4(%esp), %edx
        and $-16, %esp
        sub $8, %esp
        push %edx
        push %eax
        call host_main

host_call:
        push %ebx
        push %esi
        mov 12(%esp), %eax
        mov 16(%esp), %ebx
        mov 20(%esp), %ecx
        mov 24(%esp), %edx
        mov 28(%esp), %esi
        int $0x80
        pop %esi
        pop %ebx
        ret
host_signal_return:
        mov $173, %eax                  /* rt_sigreturn */
        int $0x80
#endif
        .section .note.GNU-stack, "", @progbits
