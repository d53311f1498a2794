/* One probe a row of the tables. A probe is near-called in the ring under test and leaves its answer in EAX. */
#include "rings.h"
        .text
        .code32
        .macro probe name
        .globl p_\name
p_\name:
        .endm
        .macro simple name, text:vararg
        probe \name
        \text
        ret
        .endm

/* int run_at(int ring, void (*probe)(void), word flags): 0 when the probe came back, 1 when it faulted. */
        .globl run_at, resume_fault, run_finished
run_at:
        push %ebp
        push %ebx
        push %esi
        push %edi
        pushf
        mov %esp, resume_esp
        mov 24(%esp), %eax
        mov 28(%esp), %ecx
        mov 32(%esp), %edx
        test %eax, %eax
        jnz 1f
        push %edx
        popf
        call *%ecx
        jmp run_finished
1:      mov ring_cs(,%eax,4), %esi
        mov ring_ss(,%eax,4), %ebx
        mov ring_stack(,%eax,4), %edi
        mov %ebx, %ds
        mov %ebx, %es
        push %ebx
        push %edi
        push %edx
        push %esi
        push $outer_start
        iret
outer_start:
        call *%ecx
        int $INT_DONE
run_finished:
        mov $SEL_KDATA, %ecx
        mov %ecx, %ds
        mov %ecx, %es
        mov %ecx, %fs
        mov %ecx, %gs
        mov %eax, probe_eax
        mov %edx, probe_edx
        xor %eax, %eax
resume: mov resume_esp, %esp
        popf
        pop %edi
        pop %esi
        pop %ebx
        pop %ebp
        ret
resume_fault:
        mov $SEL_KDATA, %ecx
        mov %ecx, %fs
        mov %ecx, %gs
        mov $1, %eax
        jmp resume

/* Privileged instructions: SDM 3A 5.9. Ring 0 runs them with operands that change nothing. */
        simple cli, cli
        simple sti, sti
        simple hlt, hlt
        simple in, inb $0x80, %al
        simple out, outb %al, $0x80
        simple lgdt, lgdt own_gdtr
        simple lidt, lidt own_idtr
        probe lldt
        mov $LDT, %eax
        lldt %ax
        ret
        probe ltr
        mov $SEL_TSS, %eax
        ltr %ax
        ret
        probe lmsw
        mov $0x33, %eax
        lmsw %ax
        ret
        simple clts, clts
        simple invlpg, invlpg probe_eax
        simple invd, invd
        simple wbinvd, wbinvd
        simple read_cr0, mov %cr0, %eax
        probe write_cr0
        mov kept_cr0, %eax
        mov %eax, %cr0
        ret
        simple read_cr3, mov %cr3, %eax
        probe write_cr3
        mov kept_cr3, %eax
        mov %eax, %cr3
        ret
        simple read_cr4, mov %cr4, %eax
        simple read_dr7, mov %dr7, %eax
        probe write_dr7
        mov $0x400, %eax
        mov %eax, %dr7
        ret
        probe rdmsr
        mov $0x10, %ecx
        rdmsr
        ret
        probe wrmsr
        mov $0x174, %ecx
        xor %eax, %eax
        xor %edx, %edx
        wrmsr
        ret
        simple rdtsc, rdtsc
        simple nop, nop

/* Sensitive and silent: Robin and Irvine's list. */
        probe sgdt
        sgdt stored
        ret
        probe sidt
        sidt stored
        ret
        probe sldt
        mov $-1, %eax
        sldt %ax
        movzwl %ax, %eax
        ret
        probe str
        mov $-1, %eax
        str %ax
        movzwl %ax, %eax
        ret
        probe smsw
        smsw %ax
        movzwl %ax, %eax
        ret
        probe push_cs
        push %cs
        pop %eax
        movzwl %ax, %eax
        ret
        probe mov_cs
        mov %cs, %eax
        movzwl %ax, %eax
        ret
        probe push_ss
        push %ss
        pop %eax
        movzwl %ax, %eax
        ret
        probe pushf
        pushf
        pop %eax
        ret
/* POPF and IRET with an image IF = 0, IOPL = 3. */
        probe popf
        push $IOPL(3) + 2
        popf
        pushf
        pop %eax
        ret
        probe iret_same
        push $IOPL(3) + 2
        push %cs
        push $1f
        iret
1:      pushf
        pop %eax
        ret
        probe cli_pushf
        cli
        pushf
        pop %eax
        ret

/* LAR, LSL, VERR, VERW of probe_selector; bit 0 of probe_zf: ZF of LAR, 1: LSL, 2: VERR, 3: VERW. */
        probe selector
        xor %ecx, %ecx
        movzwl probe_selector, %edx
        mov $0xdeadbeef, %eax
        lar %edx, %eax
        jnz 1f
        or $1, %ecx
1:      mov %eax, probe_lar
        mov $0xdeadbeef, %eax
        lsl %edx, %eax
        jnz 1f
        or $2, %ecx
1:      mov %eax, probe_lsl
        verr %dx
        jnz 1f
        or $4, %ecx
1:      verw %dx
        jnz 1f
        or $8, %ecx
1:      mov %ecx, probe_zf
        ret

/* Transfers. Their answer is the CS seen at the target. */
        probe int_dpl0
        int $INT_DPL0
        ret
        probe int_dpl1
        int $INT_DPL1
        ret
        probe int_absent
        int $INT_ABSENT
        ret
        simple int3, int3
        .globl int_cs
int_cs: mov %cs, %eax
        movzwl %ax, %eax
        iret
        probe call_gate0
        lcall $GATE_TO_0, $0
        ret
        probe call_gate1
        push $1
        push $2
        lcall $GATE_TO_1, $0
        ret
        probe call_gate_inner
        lcall $GATE_INNER, $0
        ret
        .globl gate_cs, gate_cs_2
gate_cs:
        mov %cs, %eax
        movzwl %ax, %eax
        lret
gate_cs_2:
        mov %cs, %eax
        movzwl %ax, %eax
        lret $8
        probe jmp_gate0
        push %cs
        push $1f
        ljmp $GATE_TO_0, $0
1:      ret
        .macro far_jump name, selector
        probe \name
        push %cs
        push $1f
        ljmp $\selector, $gate_cs
1:      ret
        .endm
        far_jump jmp_code0, SEL_KCODE
        far_jump jmp_code1, CODE1
        far_jump jmp_code3, SEL_UCODE|3
        far_jump jmp_conforming, CONFORMING0
        far_jump jmp_data, SEL_UDATA
        far_jump jmp_null, 0
        far_jump jmp_beyond, OUT_OF_GDT
        probe retf_inner
        push $SEL_KCODE
        push $1f
        lret
1:      mov %cs, %eax
        ret
        probe iret_inner
        push $2
        push $SEL_KCODE
        push $1f
        iret
1:      mov %cs, %eax
        ret

/* Loads of segment registers and what they then allow. */
        .macro load name, register, selector, access:vararg
        probe \name
        mov $\selector, %eax
        mov %eax, %\register
        \access
        ret
        .endm
        load ds_data0, fs, SEL_KDATA
        load ds_data1, fs, DATA1|1
        load ds_data1_rpl3, fs, DATA1|3
        load ds_data3, fs, SEL_UDATA|3
        load ds_conforming, fs, CONFORMING0|3
        load ds_execute_only, fs, EXECUTE_ONLY3|3
        load ds_tss, fs, SEL_TSS
        load ds_absent, fs, NOT_PRESENT3|3
        load ds_beyond, fs, OUT_OF_GDT
        load ds_null, fs, 0
        load ds_null_read, fs, 0, movb %fs:probe_eax, %al
        load small_in, fs, SMALL3|3, movb %fs:15, %al
        load small_out, fs, SMALL3|3, movb %fs:16, %al
        load small_across, fs, SMALL3|3, movl %fs:13, %eax
        load down_in, fs, EXPAND_DOWN3|3, movb %fs:probe_eax, %al
        load down_out, fs, EXPAND_DOWN3|3, movb %fs:0xfff, %al
        load ro_write, fs, READ_ONLY3|3, movb %al, %fs:probe_eax
        simple cs_write, movb %al, %cs:probe_eax
        .macro load_ss name, selector
        probe \name
        mov %ss, %edx
        mov $\selector, %eax
        mov %eax, %ss
        mov %edx, %ss
        ret
        .endm
        load_ss ss_null, 0
        load_ss ss_data0, SEL_KDATA
        load_ss ss_data1, DATA1|1
        load_ss ss_data3, SEL_UDATA|3
        load_ss ss_absent, NOT_PRESENT3|3
        load_ss ss_code, SEL_UCODE|3

/* Pages. */
        simple page_supervisor, movb supervisor_page, %al
        simple page_read_only, movb %al, read_only_page
        simple page_absent, movb absent_page, %al
        .data
        .globl probe_eax, probe_edx, probe_selector, probe_lar, probe_lsl, probe_zf, stored, kept_cr0, kept_cr3
        .globl own_gdtr, own_idtr, ring_cs, ring_ss, ring_stack
        .balign 4
probe_eax:      .long 0
probe_edx:      .long 0
probe_selector: .long 0
probe_lar:      .long 0
probe_lsl:      .long 0
probe_zf:       .long 0
kept_cr0:       .long 0
kept_cr3:       .long 0
resume_esp:     .long 0
ring_cs:        .long SEL_KCODE, CODE1|1, 0, SEL_UCODE|3
ring_ss:        .long SEL_KDATA, DATA1|1, 0, SEL_UDATA|3
ring_stack:     .long 0, stack1_top, 0, stack3_top
stored:         .skip 8
own_gdtr:       .skip 8
own_idtr:       .skip 8
        .bss
        .globl stack1, stack1_top, stack3, stack3_top, tss0, tss0_top, tss1, tss1_top
        .globl supervisor_page, read_only_page, absent_page
        .balign 4096
supervisor_page: .skip 4096
read_only_page:  .skip 4096
absent_page:     .skip 4096
stack1: .skip 2048
stack1_top:
stack3: .skip 2048
stack3_top:
tss0:   .skip 2048
tss0_top:
tss1:   .skip 2048
tss1_top:
        .section .note.GNU-stack, "", @progbits
