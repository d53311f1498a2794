/*
 * A disk that a BIOS starts: the boot sector prints through int 10h, loads the rest through int 13h and goes on there. Then
 * one sector is read by programmed I/O without the BIOS, first by polling, then by an interrupt, each between two marks at
 * port 0xf8, and the disk is written through the BIOS with what it holds already. All text goes to the screen and to COM1. It ends through port 0xf4: 0 when all went well.
 */
        .code16
        .set    COM1, 0x3f8
        .set    IDE, 0x1f0
        .set    IDE_CONTROL, 0x3f6
        .set    IDE_VECTOR, 0x76        /* IRQ 14, where a BIOS has it */
        .set    PIC, 0x20
        .set    SLAVE_PIC, 0xa0
        .set    EOI, 0x20
        .set    MARK, 0xf8
        .set    DEBUG_EXIT, 0xf4
        .set    SECTORS, 4              /* all of the image */
        .set    BUFFER, 0x9000

        .section .text
        .globl  _start
_start: ljmp    $0, $1f                 /* some BIOSes start at 07c0:0000 */
1:      cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $_start, %sp
        sti
        cld
        movb    %dl, drive
        movw    $hello, %si
        call    print
        movb    drive, %dl
        movw    $0x4200, %ax            /* extended read: sectors 1 to 3 behind us */
        movw    $packet, %si
        int     $0x13
        movw    $no_read, %si
        jc      fail
        jmp     second

/* DS:SI, ended by 0, on the screen and on the serial line. */
print:  lodsb
        testb   %al, %al
        jz      2f
        pushw   %ax
        movb    $0x0e, %ah
        movw    $7, %bx
        int     $0x10
        movw    $COM1 + 5, %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        popw    %ax
        movw    $COM1, %dx
        outb    %al, %dx
        jmp     print
2:      ret

fail:   call    print
        movb    $1, %al
        outb    %al, $DEBUG_EXIT
3:      cli
        hlt
        jmp     3b

drive:  .byte   0
packet: .byte   16, 0
        .word   SECTORS - 1
        .word   _start + 512, 0
        .quad   1
again:  .byte   16, 0                   /* the last sector, to the buffer */
        .word   1
        .word   BUFFER, 0
        .quad   SECTORS - 1
hello:  .asciz  "bootdisk: the boot sector runs\r\n"
no_read: .asciz "bootdisk: FAILED: int 13h does not read\r\n"

        .org    510
        .word   0xaa55

second: movw    $loaded, %si
        call    print

        /* The last sector by polling: 6 registers (command), the status, a string of words, the status: 9 exits of a VMM. */
        cli
        movb    $1, %al
        outb    %al, $MARK
        call    command
1:      inb     %dx, %al
        testb   $0x88, %al
        js      1b
        jz      1b
        movw    $IDE, %dx
        movw    $BUFFER, %di
        movw    $256, %cx
        rep insw
        movw    $IDE + 7, %dx
        inb     %dx, %al
        movb    %al, %ah
        movb    $0x81, %al
        outb    %al, $MARK
        sti
        movw    $bad_status, %si
        testb   $0x89, %ah
        jnz     fail
        movw    $bad_data, %si
        cmpl    $0x21444e45, BUFFER     /* END! */
        jne     fail
        movw    $pio, %si
        call    print

        /*
         * Once more, by an interrupt: 6 registers (command), in the handler the status, which acknowledges, and an EOI for
         * each 8259A, then the status and a string of words: 11 exits. Nothing else may interrupt.
         */
        movl    $0, BUFFER
        cli
        movl    IDE_VECTOR * 4, %eax
        movl    %eax, vector
        movl    $irq14, IDE_VECTOR * 4
        inb     $SLAVE_PIC + 1, %al
        movb    %al, slave_mask
        inb     $PIC + 1, %al
        movb    %al, mask
        movb    $0xbf, %al
        outb    %al, $SLAVE_PIC + 1
        movb    $0xfb, %al
        outb    %al, $PIC + 1
        movw    $IDE_CONTROL, %dx
        movb    $0x08, %al              /* interrupts on */
        outb    %al, %dx
        movb    $2, %al
        outb    %al, $MARK
        call    command
1:      sti
        hlt
        cli
        cmpb    $0, arrived
        je      1b
        movw    $IDE + 7, %dx
        inb     %dx, %al
        movb    %al, %ah
        movw    $IDE, %dx
        movw    $BUFFER, %di
        movw    $256, %cx
        rep insw
        movb    $0x82, %al
        outb    %al, $MARK
        movb    mask, %al
        outb    %al, $PIC + 1
        movb    slave_mask, %al
        outb    %al, $SLAVE_PIC + 1
        movl    vector, %ebx
        movl    %ebx, IDE_VECTOR * 4
        sti
        movw    $bad_status, %si
        andb    $0x89, %ah
        cmpb    $0x08, %ah              /* data wait, no error, not busy */
        jne     fail
        movw    $bad_data, %si
        cmpl    $0x21444e45, BUFFER
        jne     fail
        movw    $irq, %si
        call    print

        /* Written with what it holds, and read again. */
        movb    drive, %dl
        movw    $0x4300, %ax
        movw    $again, %si
        int     $0x13
        movw    $no_write, %si
        jc      fail
        movl    $0, BUFFER
        movb    drive, %dl
        movw    $0x4200, %ax
        movw    $again, %si
        int     $0x13
        movw    $no_read, %si
        jc      fail
        movw    $bad_data, %si
        cmpl    $0x21444e45, BUFFER
        jne     fail
        movw    $written, %si
        call    print

        movw    $done, %si
        call    print
        xorb    %al, %al
        outb    %al, $DEBUG_EXIT
        jmp     3b

/* READ SECTORS for the last sector of the first drive, in 6 port accesses. Leaves DX at the status register. */
command:
        movw    $IDE + 6, %dx
        movb    $0xe0, %al
        outb    %al, %dx
        movw    $IDE + 2, %dx
        movb    $1, %al
        outb    %al, %dx
        incw    %dx
        movb    $SECTORS - 1, %al
        outb    %al, %dx
        incw    %dx
        xorb    %al, %al
        outb    %al, %dx
        incw    %dx
        outb    %al, %dx
        movw    $IDE + 7, %dx
        movb    $0x20, %al
        outb    %al, %dx
        ret

irq14:  pushw   %ax
        pushw   %dx
        movw    $IDE + 7, %dx
        inb     %dx, %al
        movb    $EOI, %al
        outb    %al, $SLAVE_PIC
        outb    %al, $PIC
        movb    $1, arrived
        popw    %dx
        popw    %ax
        iret

arrived: .byte  0
mask:   .byte   0
slave_mask: .byte 0
vector: .long   0
loaded: .asciz  "bootdisk: the rest is loaded by int 13h\r\n"
pio:    .asciz  "bootdisk: a sector is read by programmed I/O\r\n"
irq:    .asciz  "bootdisk: a sector is read by an interrupt\r\n"
written: .asciz "bootdisk: a sector is written by int 13h\r\n"
done:   .asciz  "bootdisk: done\r\n"
bad_status: .asciz "bootdisk: FAILED: the drive reports an error\r\n"
bad_data: .asciz "bootdisk: FAILED: the sector has other data\r\n"
no_write: .asciz "bootdisk: FAILED: int 13h does not write\r\n"

        .org    512 * (SECTORS - 1)
        .ascii  "END!"
        .org    512 * SECTORS
