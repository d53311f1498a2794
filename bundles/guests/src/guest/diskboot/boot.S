/*
 * The first sector of a disk that carries a guest of the kit, for machines that cannot be given a kernel: loads it through int 13h,
 * takes it where it belongs and enters it as Multiboot 1 does (0.6.96, 3.2). Who makes the disk fills in what stands at PARAMETERS;
 * sector 1 is the command line, ended by 0, and the image follows from sector 2 on, without gaps, up to where its .bss begins.
 */
        .code16
        .set    LOADED, 0x10000         /* sector 1 on, below 512 KiB */
        .set    CHUNK, 64               /* sectors a read */
        .set    PARAMETERS, 0x180
        .section .text
        .globl  _start
_start: ljmp    $0, $1f
1:      cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        sti
        movw    sectors, %cx
2:      movb    $0x42, %ah              /* extended read; DL is the drive still */
        movw    $packet, %si
        pushw   %cx
        int     $0x13
        popw    %cx
        jc      fail
        addl    $CHUNK, packet_lba
        addw    $CHUNK * 32, packet_segment
        subw    $CHUNK, %cx
        ja      2b
        cli
        inb     $0x92, %al              /* A20 */
        orb     $2, %al
        andb    $~1, %al
        outb    %al, $0x92
        lgdt    gdtr
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmp    $8, $protected
fail:   movw    $0x0e21, %ax            /* '!' */
        int     $0x10
3:      hlt
        jmp     3b

        .code32
protected:
        movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        cld
        movl    $LOADED + 512, %esi
        movl    base, %edi
        movl    bytes, %ecx
        rep movsb
        movl    zeros, %ecx
        xorl    %eax, %eax
        rep stosb
        movl    $0x2badb002, %eax
        movl    $information, %ebx
        jmp     *entry

        .balign 8
gdt:    .quad   0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr:   .word   . - gdt - 1
        .long   gdt
packet: .byte   16, 0
        .word   CHUNK, 0
packet_segment: .word LOADED / 16
packet_lba: .quad 1
information:                            /* flags: a command line; at 16 its address */
        .long   4, 0, 0, 0, LOADED

        .org    PARAMETERS
base:   .long   0                       /* physical address of the image */
bytes:  .long   0                       /* of it on the disk */
zeros:  .long   0                       /* bytes behind them */
entry:  .long   0
sectors: .word  0                       /* from sector 1 on */

        .org    510
        .word   0xaa55
