/*
 * Entry of every guest of the kit. The image is an ELF32 file with a Multiboot 1 header and a PVH note; both
 * protocols enter 32-bit flat protected mode with paging off and interrupts off:
 *   Multiboot 1 (0.6.96, 3.2): EAX = 0x2BADB002, EBX = multiboot_info
 *   PVH (Xen docs/misc/pvh.pandoc, public/arch-x86/hvm/start_info.h): EBX = hvm_start_info
 * Neither promises a stack or a usable GDT, so both are set up here before anything else.
 */
#define MULTIBOOT_HEADER_MAGIC 0x1BADB002
#define MULTIBOOT_LOADER_MAGIC 0x2BADB002
#define MULTIBOOT_MEMORY_INFO  0x2
#define MULTIBOOT_HAS_CMDLINE  0x4
#define MULTIBOOT_CMDLINE      16
#define PVH_MAGIC              0x336ec578
#define PVH_CMDLINE_LOW        24
#define PVH_CMDLINE_HIGH       28
#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define CMDLINE_SIZE           512
#include "layout.h"

        .section .head, "a"
        .balign 4
        .long MULTIBOOT_HEADER_MAGIC
        .long MULTIBOOT_MEMORY_INFO
        .long -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_MEMORY_INFO)

        .section .note.pvh, "a", @note
        .balign 4
        .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long _start

        .text
        .code32
        .globl _start
_start:
        cli
        cld
        movl $boot_stack_top, %esp
        movl %eax, %ebp
        /* The flat segments come from the loader; ours replace them (SDM 3A 9.9.1). */
        lgdt boot_gdtr
        ljmp $SEL_KCODE32_BOOT, $1f
1:      movl $SEL_KDATA, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        movl %eax, %fs
        movl %eax, %gs

        /* Keep the command line: the loader may have put it where we never map. */
        xorl %esi, %esi
        cmpl $MULTIBOOT_LOADER_MAGIC, %ebp
        jne 2f
        movl $BOOT_MULTIBOOT, boot_protocol
        testl $MULTIBOOT_HAS_CMDLINE, (%ebx)
        jz 4f
        movl MULTIBOOT_CMDLINE(%ebx), %esi
        jmp 3f
2:      cmpl $PVH_MAGIC, (%ebx)
        jne 4f
        movl $BOOT_PVH, boot_protocol
        cmpl $0, PVH_CMDLINE_HIGH(%ebx)
        jne 4f
        movl PVH_CMDLINE_LOW(%ebx), %esi
3:      testl %esi, %esi
        jz 4f
        movl $boot_cmdline, %edi
        movl $CMDLINE_SIZE - 1, %ecx
5:      lodsb
        stosb
        testb %al, %al
        loopnz 5b
4:
#ifdef __x86_64__
        /* Long mode needs CPUID (EFLAGS.ID can be toggled) and CPUID 0x80000001 EDX.LM (SDM 2A CPUID). */
        pushfl
        popl %eax
        movl %eax, %ecx
        xorl $1 << 21, %eax
        pushl %eax
        popfl
        pushfl
        popl %eax
        xorl %ecx, %eax
        testl $1 << 21, %eax
        jz no_long_mode
        movl $0x80000000, %eax
        cpuid
        cmpl $0x80000001, %eax
        jb no_long_mode
        movl $0x80000001, %eax
        cpuid
        testl $1 << 29, %edx
        jz no_long_mode

        /* Identity map of the first MAP_MB MiB with 4 KiB pages: PML4 -> PDPT -> PD -> page tables. */
        movl $boot_pdpt + (PTE_P | PTE_W | PTE_U), boot_pml4
        movl $boot_pd + (PTE_P | PTE_W | PTE_U), boot_pdpt
        movl $boot_pd, %edi
        movl $boot_pt + (PTE_P | PTE_W | PTE_U), %eax
        movl $MAP_MB / 2, %ecx
6:      movl %eax, (%edi)
        addl $8, %edi
        addl $4096, %eax
        loop 6b
        movl $boot_pt, %edi
        movl $(PTE_P | PTE_W | PTE_U), %eax
        movl $MAP_MB * 256, %ecx
7:      movl %eax, (%edi)
        addl $8, %edi
        addl $4096, %eax
        loop 7b

        /* The order of SDM 3A 9.8.5: CR4.PAE, CR3, EFER.LME, CR0.PG. */
        movl %cr4, %eax
        orl $CR4_PAE, %eax
        movl %eax, %cr4
        movl $boot_pml4, %eax
        movl %eax, %cr3
        movl $MSR_EFER, %ecx
        rdmsr
        orl $EFER_LME, %eax
        wrmsr
        movl %cr0, %eax
        andl $~(CR0_EM | CR0_TS), %eax
        orl $(CR0_PG | CR0_WP | CR0_NE | CR0_MP | CR0_PE), %eax
        movl %eax, %cr0
        ljmp $SEL_KCODE, $8f
        .code64
8:      movl $boot_stack_top, %esp
        xorl %ebp, %ebp
        call kit_main
9:      hlt
        jmp 9b
        .code32

no_long_mode:
        movl $no_long_mode_text, %esi
10:     lodsb
        testb %al, %al
        jz 12f
        movb %al, %bl
        movw $UART_BASE + 5, %dx
        movl $100000, %ecx
11:     inb %dx, %al
        testb $0x20, %al
        loopz 11b
        movb %bl, %al
        movw $UART_BASE, %dx
        outb %al, %dx
        jmp 10b
12:     movb $2, %al
        outb %al, $PORT_DEBUG_EXIT
13:     hlt
        jmp 13b

        .section .rodata
no_long_mode_text:
        .asciz "this guest needs a processor with long mode\r\n"
#else
        movl %cr0, %eax
        andl $~(CR0_EM | CR0_TS), %eax
        orl $(CR0_NE | CR0_MP), %eax
        movl %eax, %cr0
        xorl %ebp, %ebp
        call kit_main
9:      hlt
        jmp 9b
#endif

        .data
        .balign 8
boot_gdt:
        .quad 0
#ifdef __x86_64__
        .quad 0x00af9b000000ffff        /* 0x08 64-bit code */
        .quad 0x00cf93000000ffff        /* 0x10 data */
        .quad 0x00cf9b000000ffff        /* 0x18 32-bit code, until long mode is on */
#else
        .quad 0x00cf9b000000ffff        /* 0x08 32-bit code */
        .quad 0x00cf93000000ffff        /* 0x10 data */
#endif
boot_gdt_end:
boot_gdtr:
        .word boot_gdt_end - boot_gdt - 1
        .long boot_gdt

        .globl boot_protocol
        .balign 4
boot_protocol:
        .long BOOT_UNKNOWN

        .bss
        .globl boot_cmdline
boot_cmdline:
        .skip CMDLINE_SIZE
        .balign 4096
        .skip 16384
        .globl boot_stack_top
boot_stack_top:
#ifdef __x86_64__
        .globl boot_pml4, boot_pdpt, boot_pd, boot_pt
boot_pml4:
        .skip 4096
boot_pdpt:
        .skip 4096
boot_pd:
        .skip 4096
boot_pt:
        .skip MAP_MB / 2 * 4096
#endif
        .section .note.GNU-stack, "", @progbits
