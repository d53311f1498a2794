; Directives, expressions and jumps of a boot sector, as NASM and we understand them.
bits 16
org 0x7c00

STACK_TOP equ 0x7c00
LINES equ 25
CELLS: equ LINES * 80

start:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, STACK_TOP
    jmp 0:.flush
.flush:
    sti
    cld
    mov [drive], dl
    mov si, message
    call print
    mov cx, CELLS
    mov di, 0
.clear:
    mov word [es:di], 0x0720
    add di, 2
    loop .clear
    in al, 0x92
    or al, 2
    and al, ~1
    out 0x92, al
    mov dx, 0x3f8
    in al, dx
    out dx, al
    o32 lgdt [gdt.pointer]
    lidt [idt]
    mov eax, cr0
    or eax, 1
    mov cr0, eax
    jmp dword 8:0x100000
    jmp near .flush
    jz far_away
    jnz .clear
    jcxz .clear
    push word 5
    push dword 0x12345678
    pushad
    popfd
    les bx, [bp + 4]
    lds si, [bx + di - 6]
    mov eax, [ebx + ecx * 4 + 16]
    lea bx, [bp + si]
    rep movsb
    repne scasw
    a32 rep stosd
    cs lodsb
    call far [vector]
    jmp far [cs:vector + 4]
    int 0x10
    int3
    iret
    retf 4
    ret
    enter 16, 1
    leave
    bound ax, [limits]
    imul ax, bx, 10
    shl ax, 1
    shr word [bx], 4
    sar byte [si], cl
    xchg ax, bx
    lock inc word [counter]
    mov ax, (1 << 4) | 3 ^ 0x0f & 0x3c
    mov bx, $ - $$
    mov cx, (end - start + 511) / 512
    mov dx, -1
    test al, 'A'
    cmp ax, 'AB'
    aam
    aad 7
    fninit
    fild word [counter]
    fistp dword [counter]

print:
.next:
    lodsb
    test al, al
    jz .done
    mov ah, 0x0e
    mov bx, 7
    int 10h
    jmp .next
.done:
    ret

    times 140 nop
far_away:
    hlt
    jmp $

align 8
gdt:
    dq 0
    dw 0xffff, 0, 0x9a00, 0x00cf
    dw 0ffffh, 0, 9200h, 0cfh
.end:
.pointer:
    dw gdt.end - gdt - 1
    dd gdt
idt: dw 0
    dd 0
limits dw 1, 10
vector dw 0x1234, 0xf000, 0, 0
counter: dd 0b1010_0101, 0o17, 17q, 1010b
drive db 0
message db "Hello, 'world'", 13, 10, `tab\tnew\n`, 0
floats dd 1.5, -0.25
doubles dq 3.125
bytes db 'x', "abc", -1, 255, 1 + 2 * 3, 7 / 2, 7 % 4, ~0 & 0xff, end - bytes & 0xff
words dw "ab", "abc"
    align 4, db 0xcc
end:
    times 1024 - ($ - $$) db 0
    dw 0xaa55
