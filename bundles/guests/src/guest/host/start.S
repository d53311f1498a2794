/* Entry of a static Linux program, and its system calls. */
        .text
        .globl _start, host_call
#ifdef __x86_64__
_start: xor %ebp, %ebp
        mov (%rsp), %edi
        lea 8(%rsp), %rsi
        and $-16, %rsp
        call host_main

/* long host_call(long number, long a, long b, long c) */
host_call:
        mov %rdi, %rax
        mov %rsi, %rdi
        mov %rdx, %rsi
        mov %rcx, %rdx
        syscall
        ret
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
        mov 8(%esp), %eax
        mov 12(%esp), %ebx
        mov 16(%esp), %ecx
        mov 20(%esp), %edx
        int $0x80
        pop %ebx
        ret
#endif
        .section .note.GNU-stack, "", @progbits
