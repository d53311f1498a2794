/*
 * A disk that a BIOS starts: the boot sector prints through int 10h, loads the rest through int 13h and goes on there. Then
 * one sector is read by programmed I/O without the BIOS, between two marks at port 0xf8, and the disk is written through the
 * BIOS with what it holds already. All text goes to the screen and to COM1. It ends through port 0xf4: 0 when all went well.
 */
        .code16
        .set    COM1, 0x3f8
        .set    IDE, 0x1f0
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

        /* The last sector by programmed I/O: seven registers, the status, a string of words, the status. */
        cli
        movb    $1, %al
        outb    %al, $MARK
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

loaded: .asciz  "bootdisk: the rest is loaded by int 13h\r\n"
pio:    .asciz  "bootdisk: a sector is read by programmed I/O\r\n"
written: .asciz "bootdisk: a sector is written by int 13h\r\n"
done:   .asciz  "bootdisk: done\r\n"
bad_status: .asciz "bootdisk: FAILED: the drive reports an error\r\n"
bad_data: .asciz "bootdisk: FAILED: the sector has other data\r\n"
no_write: .asciz "bootdisk: FAILED: int 13h does not write\r\n"

        .org    512 * (SECTORS - 1)
        .ascii  "END!"
        .org    512 * SECTORS
