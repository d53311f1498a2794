/*
 * The seven operations, each in the tightest loop that repeats it. void loop(u64 n); the time stamps lie outside.
 * Handlers are entered directly by their gates and do no more than the operation asks.
 */
#include "layout.h"
        .text
        .code64

/* syscall: in ring 3, SYSCALL; the kernel answers SYSRET at once. n in RDI comes in nano_n. */
        .globl loop_syscall_user, entry_sysret
        .balign 16
loop_syscall_user:
        mov nano_n, %rbx
1:      syscall
        dec %rbx
        jnz 1b
        xor %eax, %eax
        int $VECTOR_SYSCALL
        .balign 16
entry_sysret:
        sysretq

/* in: IN AL,80h */
        .globl loop_in
        .balign 16
loop_in:
1:      inb $0x80, %al
        dec %rdi
        jnz 1b
        ret

/* cr8wr: MOV CR8 with the value it has; no interrupt priority is crossed. */
        .globl loop_cr8wr
        .balign 16
loop_cr8wr:
        xor %eax, %eax
1:      mov %rax, %cr8
        dec %rdi
        jnz 1b
        ret

/* callret: near CALL and RET */
        .globl loop_callret
        .balign 16
loop_callret:
1:      call 2f
        dec %rdi
        jnz 1b
        ret
        .balign 16
2:      ret

/* pgfault: a load of an absent page; the handler steps over it, so every iteration is a true fault. */
        .globl loop_pgfault, fault_skip_load
        .balign 16
loop_pgfault:
        mov $nano_absent, %esi
1:      mov (%rsi), %eax
load_end:
        dec %rdi
        jnz 1b
        ret
        .balign 16
fault_skip_load:
        add $8, %rsp                    /* error code */
        addq $(load_end - 1b), (%rsp)
        iretq

/* divzero: DIV by zero; the handler steps over it. */
        .globl loop_divzero, fault_skip_div
        .balign 16
loop_divzero:
        xor %ecx, %ecx
        xor %edx, %edx
        mov $1, %eax
1:      div %ecx
div_end:
        dec %rdi
        jnz 1b
        ret
        .balign 16
fault_skip_div:
        addq $(div_end - 1b), (%rsp)
        iretq

/* ptemod: rewrite one live PTE, toggling a bit the processor ignores. RSI: the PTE. */
        .globl loop_ptemod
        .balign 16
loop_ptemod:
        mov (%rsi), %rax
1:      xor $PTE_SOFT, %rax
        mov %rax, (%rsi)
        dec %rdi
        jnz 1b
        ret

        .bss
        .balign 4096
        .globl nano_absent, nano_live, nano_n
nano_absent: .skip 4096
nano_live:   .skip 4096
nano_n:      .skip 8
        .section .note.GNU-stack, "", @progbits
