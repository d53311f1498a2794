/*
 * The walk: out through the rings by IRET, in by gates, and back. Each stop calls note with the index of its text;
 * SS is a flat writable segment in every ring, so note stores through it (DS may be null after a return outwards).
 */
#include "rings.h"
        .text
        .code32
        .macro stop index
        push $\index
        call note
        .endm

/* Record {index, CS, SS, DS, EFLAGS, ESP} and drop the argument. */
note:   pushf
        push %eax
        push %ebx
        mov %ss:walk_count, %ebx
        cmp $WALK_MAX, %ebx
        jae 1f
        incl %ss:walk_count
        imul $24, %ebx
        mov 16(%esp), %eax
        mov %eax, %ss:walk_log(%ebx)
        mov %cs, %eax
        mov %eax, %ss:walk_log+4(%ebx)
        mov %ss, %eax
        mov %eax, %ss:walk_log+8(%ebx)
        mov %ds, %eax
        mov %eax, %ss:walk_log+12(%ebx)
        mov 8(%esp), %eax
        mov %eax, %ss:walk_log+16(%ebx)
        lea 20(%esp), %eax
        mov %eax, %ss:walk_log+20(%ebx)
1:      pop %ebx
        pop %eax
        popf
        ret $4
        .set WALK_MAX, 32

        .globl walk, walk_int0, walk_int1, walk_gate0, walk_gate1, walk_skip
/* Called in ring 0 by run_at; leaves by INT_DONE from ring 3. */
walk:   stop 0
        mov $DATA1|1, %eax
        mov %eax, %ds
        mov %eax, %es
        push %eax
        push $stack1_top
        push $FLAG_IF + 2
        push $CODE1|1
        push $1f
        iret
1:      stop 1                          /* ring 1 */
        mov $SEL_UDATA|3, %eax
        push %eax
        push $stack3_top
        push $FLAG_IF + 2
        push $SEL_UCODE|3
        push $2f
        iret
2:      stop 2                          /* ring 3; DS was a ring 1 segment: now null */
        mov $SEL_UDATA|3, %eax
        mov %eax, %ds
        mov %eax, %es
        push $0x11111111
        push $0x22222222
        lcall $GATE_TO_1, $0
        stop 5                          /* ring 3 again, DS null once more */
        mov $SEL_UDATA|3, %eax
        mov %eax, %ds
        int $INT_TO_1
        stop 7
        int $INT_TO_0
        stop 9
        lcall $GATE_TO_0, $0
        stop 11
        cli                             /* traps; ring 0 steps over it */
        stop 13
        mov $0, %eax
        int $INT_DONE

/* Ring 1, by call gate with two parameters copied from the ring 3 stack (SDM 3A 5.8.5). */
walk_gate1:
        stop 3
        mov 8(%esp), %eax
        mov %eax, %ss:walk_parameters+4
        mov 12(%esp), %eax
        mov %eax, %ss:walk_parameters
        mov 4(%esp), %eax
        mov %eax, %ss:walk_frame
        mov 20(%esp), %eax
        mov %eax, %ss:walk_frame+4
        lcall $GATE_TO_0, $1            /* further in: ring 0 */
        stop 4
        mov $DATA1|1, %eax
        mov %eax, %ds
        lret $8
walk_int1:
        stop 6
        iret
walk_int0:
        stop 8
        iret
walk_gate0:
        stop 10
        lret
walk_skip:
        stop 12
        ret

        .data
        .balign 4
        .globl walk_count, walk_log, walk_parameters, walk_frame
walk_count:      .long 0
walk_parameters: .long 0, 0
walk_frame:      .long 0, 0
        .bss
        .balign 4
walk_log:        .skip 24 * WALK_MAX
        .section .note.GNU-stack, "", @progbits
