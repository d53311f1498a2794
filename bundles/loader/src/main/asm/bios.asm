; The small BIOS behind the 16-bit entry of a Linux kernel: the services that its real-mode set-up code asks for
; (Linux arch/x86/boot: memory.c, video*.c, edd.c, main.c, tty.c) and no more. Not a PC BIOS: there is no POST, no disk, no
; keyboard. Assembled to bios.bin beside the classes: nasm -f bin -o ../resources/proteus/loader/bios.bin bios.asm
; Interface of the services: Ralf Brown's Interrupt List; the memory map: ACPI specification 15.1 (INT 15h, E820h).

        cpu     386
        bits    16
        org     0

BDA_SEGMENT     equ 0x40
BDA_EQUIPMENT   equ 0x10
BDA_MEMORY      equ 0x13
BDA_VIDEO_MODE  equ 0x49
BDA_COLUMNS     equ 0x4a
BDA_CURSOR      equ 0x50
BDA_TICKS       equ 0x6c
CF_BIT          equ 1
ZF_BIT          equ 0x40
FLAGS           equ 6                   ; of the caller, from BP after push bp
BDA_COM1        equ 0x00
LSR             equ 5
LSR_THR_EMPTY   equ 0x20
PIC_MASTER      equ 0x20
PIC_SLAVE       equ 0xa0
EOI             equ 0x20
CMOS_INDEX      equ 0x70
CMOS_DATA       equ 0x71
SMAP            equ 0x534d4150
E820_BYTES      equ 20
NOT_SUPPORTED   equ 0x86

; The loader reads the vectors and writes the memory sizes; BiosStub.java knows this layout.
header:
        db      "PRTB"
        dw      any, undefined, tick, irq_master, irq_slave
        dw      video, equipment, memory, disk, system, keyboard, clock
fill:
memory_15_88:   dw 0                    ; KiB above 1 MiB, at most 0xffff
memory_e801_1:  dw 0                    ; KiB from 1 to 16 MiB
memory_e801_2:  dw 0                    ; 64 KiB blocks above 16 MiB
map_entries:    dw 0                    ; of the table behind the code

; Interrupts that nobody asked for.
any:    iret

tick:   push    ax
        push    ds
        mov     ax, BDA_SEGMENT
        mov     ds, ax
        inc     dword [BDA_TICKS]
        pop     ds
        jmp     end_of_interrupt
irq_slave:
        push    ax
        mov     al, EOI
        out     PIC_SLAVE, al
        jmp     end_of_interrupt
irq_master:
        push    ax
end_of_interrupt:
        mov     al, EOI
        out     PIC_MASTER, al
        pop     ax
        iret

; #UD: returning would run into it again for ever.
undefined:
        mov     si, undefined_text
.next:  mov     al, [cs:si]
        inc     si
        test    al, al
        jz      .halt
        call    put
        jmp     .next
.halt:  cli
        hlt
        jmp     .halt
undefined_text: db 13, 10, "Proteus BIOS: invalid instruction in real mode", 13, 10, 0

; INT 10h. There is no adapter: text goes to the serial port, questions get the answers of a text screen, VESA and EGA
; probes find nothing.
video:  cmp     ah, 0x0e
        je      .teletype
        cmp     ah, 0x03
        je      .cursor
        cmp     ah, 0x0f
        je      .mode
        iret
.teletype:
        call    put
        iret
.cursor:
        push    ds
        mov     dx, BDA_SEGMENT
        mov     ds, dx
        mov     dx, [BDA_CURSOR]
        mov     cx, 0x0607
        pop     ds
        iret
.mode:  push    ds
        mov     ax, BDA_SEGMENT
        mov     ds, ax
        mov     al, [BDA_VIDEO_MODE]
        mov     ah, [BDA_COLUMNS]
        xor     bh, bh
        pop     ds
        iret

; AL to the first serial port, if there is one, once it takes a character; a port that never does must not stop the boot.
put:    push    ax
        push    cx
        push    dx
        push    ds
        mov     cx, BDA_SEGMENT
        mov     ds, cx
        mov     dx, [BDA_COM1]
        test    dx, dx
        jz      .none
        mov     ah, al
        add     dx, LSR
        xor     cx, cx
.wait:  in      al, dx
        test    al, LSR_THR_EMPTY
        loopz   .wait
        mov     al, ah
        sub     dx, LSR
        out     dx, al
.none:  pop     ds
        pop     dx
        pop     cx
        pop     ax
        ret

; INT 11h
equipment:
        push    ds
        mov     ax, BDA_SEGMENT
        mov     ds, ax
        mov     ax, [BDA_EQUIPMENT]
        pop     ds
        iret

; INT 12h
memory: push    ds
        mov     ax, BDA_SEGMENT
        mov     ds, ax
        mov     ax, [BDA_MEMORY]
        pop     ds
        iret

; INT 13h: no disk.
disk:   mov     ah, 1
        jmp     fail

; INT 16h: no key is ever there.
keyboard:
        and     ah, 0xef                ; 10h, 11h, 12h are 00h, 01h, 02h for more keys
        cmp     ah, 1
        je      .peek
        xor     ax, ax
        iret
.peek:  push    bp
        mov     bp, sp
        or      word [bp + FLAGS], ZF_BIT
        pop     bp
        iret

; INT 1Ah: ticks since midnight and the time of day; everything else, PCI BIOS too, is not there.
clock:  cmp     ah, 0
        je      .ticks
        cmp     ah, 2
        je      .time
        mov     ah, NOT_SUPPORTED
        jmp     fail
.ticks: push    ds
        mov     ax, BDA_SEGMENT
        mov     ds, ax
        mov     dx, [BDA_TICKS]
        mov     cx, [BDA_TICKS + 2]
        xor     ax, ax
        pop     ds
        iret
.time:  mov     al, 4
        call    cmos
        mov     ch, al
        mov     al, 2
        call    cmos
        mov     cl, al
        mov     al, 0
        call    cmos
        mov     dh, al
        mov     dl, 0
        jmp     succeed
cmos:   out     CMOS_INDEX, al
        in      al, CMOS_DATA
        ret

; INT 15h
system: cmp     ax, 0xe820
        je      .map
        cmp     ax, 0xe801
        je      .sizes
        cmp     ah, 0x88
        je      .size
        cmp     ax, 0x2401
        je      .a20_on
        cmp     ax, 0x2402
        je      .a20_status
        mov     ah, NOT_SUPPORTED
        jmp     fail
.a20_status:                            ; A20 is always on
        mov     al, 1
.a20_on:
        mov     ah, 0
        jmp     succeed
.size:  mov     ax, [cs:memory_15_88]
        jmp     succeed
.sizes: mov     ax, [cs:memory_e801_1]
        mov     bx, [cs:memory_e801_2]
        mov     cx, ax
        mov     dx, bx
        jmp     succeed
.map:   cmp     edx, SMAP
        jne     .refuse
        cmp     ecx, E820_BYTES
        jb      .refuse
        movzx   eax, word [cs:map_entries]
        cmp     ebx, eax
        jae     .refuse
        push    si
        push    di
        push    ds
        push    cs
        pop     ds
        imul    si, bx, E820_BYTES
        add     si, map
        mov     cx, E820_BYTES / 2
        cld
        rep     movsw
        pop     ds
        pop     di
        pop     si
        inc     ebx
        cmp     ebx, eax
        jb      .more
        xor     ebx, ebx
.more:  mov     eax, SMAP
        mov     ecx, E820_BYTES
        jmp     succeed
.refuse:
        mov     ah, NOT_SUPPORTED
fail:   push    bp
        mov     bp, sp
        or      word [bp + FLAGS], CF_BIT
        pop     bp
        iret
succeed:
        push    bp
        mov     bp, sp
        and     word [bp + FLAGS], ~CF_BIT
        pop     bp
        iret

        align   4, db 0
map:                                    ; the memory map, written here by the loader
