; The driver of privileged cases: starts in 32-bit protected mode without paging, flat, in a copy in low memory. For each case
; it puts the windows back, applies the case's patches, loads its registers, and enters it by IRET. Every case ends with an exception or
; interrupt: what is behind it, and where it can go, is full of INT3. The handler keeps what the processor did, comes home to
; 32-bit mode without paging, and sends registers and changed memory through port 0xe9.
; Registers before and after a case have one layout, which the class Registers describes.

O_GPRS equ 0x10
O_RIP equ 0x90
O_CS equ 0x98
O_RFLAGS equ 0xa0
O_RSP equ 0xa8
O_SS equ 0xb0
O_DS equ 0xb8
O_ES equ 0xba
O_FS equ 0xbc
O_GS equ 0xbe
O_LDTR equ 0xc0
O_TR equ 0xc2
O_NESTED equ 0xc4
O_CR0 equ 0xc8
O_CR3 equ 0xd0
O_CR4 equ 0xd8
O_EFER equ 0xe0
O_CR2 equ 0xe8
O_DR0 equ 0xf0
O_DR6 equ 0x110
O_DR7 equ 0x118
O_GDTR equ 0x120
O_IDTR equ 0x130
O_MSRS equ 0x140
BYTES equ 0x190
MSR_COUNT equ 10
EFER_MSR equ 0xc0000080
; vectors with an error code
ERRORS equ 0x00227d00

bits 32
start:
    mov ax, DATA
    mov ss, ax
    mov esp, STACK_TOP
    call masked
    ; code pages
    mov edi, CODE_PAGES
    mov ecx, CODE_PAGES_BYTES
    mov al, 0xcc
    cld
    rep stosb
    mov edi, LOW_CODE
    mov ecx, LOW_CODE_BYTES
    rep stosb
    mov edi, LOW_CODE + 0x10000
    mov ecx, LOW_CODE_BYTES
    rep stosb
    mov esi, hello
    mov ecx, hello_end - hello
    mov dx, 0xe9
    rep outsb
next_case:
    mov esi, [cases_left]
    test esi, esi
    jz finished
    dec dword [cases_left]
    call pristine
    call patch
    call shadow
    mov edi, OUTCOME
    mov ecx, BYTES / 4
    xor eax, eax
    rep stosd
    mov [nested], eax
    ; model-specific registers but FS and GS bases, which selectors overwrite
    mov esi, CASE + O_MSRS
    mov ebx, msrs
    mov edi, MSR_COUNT - 2
write_msr:
    mov ecx, [ebx]
    mov eax, [esi]
    mov edx, [esi+4]
    wrmsr
    add esi, 8
    add ebx, 4
    dec edi
    jnz write_msr
    mov eax, [CASE+O_DR0]
    mov dr0, eax
    mov eax, [CASE+O_DR0+8]
    mov dr1, eax
    mov eax, [CASE+O_DR0+16]
    mov dr2, eax
    mov eax, [CASE+O_DR0+24]
    mov dr3, eax
    mov eax, [CASE+O_DR6]
    mov dr6, eax
    mov eax, [CASE+O_CR2]
    mov cr2, eax
    lgdt [CASE+O_GDTR]
    lidt [CASE+O_IDTR]
    mov eax, [CASE+4]
    cmp eax, 1
    je to_long
    ja to_real
    ; protected mode, with or without paging
    mov ax, [CASE+O_TR]
    ltr ax
    mov ax, [CASE+O_LDTR]
    lldt ax
    mov ecx, EFER_MSR
    mov eax, [CASE+O_EFER]
    xor edx, edx
    wrmsr
    mov eax, [CASE+O_CR4]
    mov cr4, eax
    mov eax, [CASE+O_CR3]
    mov cr3, eax
    mov eax, [CASE+O_CR0]
    mov cr0, eax
    jmp short paged
paged:
    mov eax, [CASE+O_DR7]
    mov dr7, eax
    test byte [CASE+O_RFLAGS+2], 2
    jnz to_v8086
    test byte [CASE+O_CS], 3
    jnz to_outer
    mov ss, [CASE+O_SS]
    mov esp, [CASE+O_RSP]
    push dword [CASE+O_RFLAGS]
    push dword [CASE+O_CS]
    push dword [CASE+O_RIP]
    jmp short load32
to_v8086:
    movzx eax, word [CASE+O_GS]
    push eax
    movzx eax, word [CASE+O_FS]
    push eax
    movzx eax, word [CASE+O_DS]
    push eax
    movzx eax, word [CASE+O_ES]
    push eax
    push dword [CASE+O_SS]
    push dword [CASE+O_RSP]
    push dword [CASE+O_RFLAGS]
    push dword [CASE+O_CS]
    push dword [CASE+O_RIP]
    jmp short general32
to_outer:
    push dword [CASE+O_SS]
    push dword [CASE+O_RSP]
    push dword [CASE+O_RFLAGS]
    push dword [CASE+O_CS]
    push dword [CASE+O_RIP]
load32:
    mov es, [cs:CASE+O_ES]
    mov fs, [cs:CASE+O_FS]
    mov gs, [cs:CASE+O_GS]
    mov ds, [cs:CASE+O_DS]
general32:
    mov eax, [cs:CASE+O_GPRS]
    mov ecx, [cs:CASE+O_GPRS+8]
    mov edx, [cs:CASE+O_GPRS+16]
    mov ebx, [cs:CASE+O_GPRS+24]
    mov ebp, [cs:CASE+O_GPRS+40]
    mov esi, [cs:CASE+O_GPRS+48]
    mov edi, [cs:CASE+O_GPRS+56]
    iretd

to_long:
    mov eax, [CASE+O_CR4]
    and eax, 0xfffdffff ; PCIDE only when IA-32e mode is active
    mov cr4, eax
    mov eax, [CASE+O_CR3]
    mov cr3, eax
    mov ecx, EFER_MSR
    mov eax, [CASE+O_EFER]
    xor edx, edx
    wrmsr
    mov eax, [CASE+O_CR0]
    mov cr0, eax
    jmp CODE64:in_long
bits 64
in_long:
    mov rax, [CASE+O_CR4]
    mov cr4, rax
    mov ax, [CASE+O_TR]
    ltr ax
    mov ax, [CASE+O_LDTR]
    lldt ax
    mov rax, [CASE+O_CR2]
    mov cr2, rax
    mov rax, [CASE+O_DR0]
    mov dr0, rax
    mov rax, [CASE+O_DR0+8]
    mov dr1, rax
    mov rax, [CASE+O_DR0+16]
    mov dr2, rax
    mov rax, [CASE+O_DR0+24]
    mov dr3, rax
    mov ds, [CASE+O_DS]
    mov es, [CASE+O_ES]
    mov fs, [CASE+O_FS]
    mov gs, [CASE+O_GS]
    mov ecx, 0xc0000100
    mov eax, [CASE+O_MSRS+64]
    mov edx, [CASE+O_MSRS+68]
    wrmsr
    mov ecx, 0xc0000101
    mov eax, [CASE+O_MSRS+72]
    mov edx, [CASE+O_MSRS+76]
    wrmsr
    lidt [CASE+O_IDTR]
    mov rax, [CASE+O_DR7]
    mov dr7, rax
    push qword [CASE+O_SS]
    push qword [CASE+O_RSP]
    push qword [CASE+O_RFLAGS]
    push qword [CASE+O_CS]
    push qword [CASE+O_RIP]
    mov rax, [CASE+O_GPRS]
    mov rcx, [CASE+O_GPRS+8]
    mov rdx, [CASE+O_GPRS+16]
    mov rbx, [CASE+O_GPRS+24]
    mov rbp, [CASE+O_GPRS+40]
    mov rsi, [CASE+O_GPRS+48]
    mov rdi, [CASE+O_GPRS+56]
    mov r8, [CASE+O_GPRS+64]
    mov r9, [CASE+O_GPRS+72]
    mov r10, [CASE+O_GPRS+80]
    mov r11, [CASE+O_GPRS+88]
    mov r12, [CASE+O_GPRS+96]
    mov r13, [CASE+O_GPRS+104]
    mov r14, [CASE+O_GPRS+112]
    mov r15, [CASE+O_GPRS+120]
    iretq

bits 32
to_real:
    mov eax, [CASE+O_CR4]
    mov cr4, eax
    mov ax, DATA16
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    jmp CODE16:leaving
bits 16
leaving:
    mov eax, [CASE+O_CR0]
    mov cr0, eax
    jmp 0:in_real
in_real:
    mov eax, [cs:CASE+O_DR7]
    mov dr7, eax
    mov ss, [cs:CASE+O_SS]
    mov esp, [cs:CASE+O_RSP]
    push dword [cs:CASE+O_RFLAGS]
    push dword [cs:CASE+O_CS]
    push dword [cs:CASE+O_RIP]
    mov es, [cs:CASE+O_ES]
    mov fs, [cs:CASE+O_FS]
    mov gs, [cs:CASE+O_GS]
    mov ds, [cs:CASE+O_DS]
    mov eax, [cs:CASE+O_GPRS]
    mov ecx, [cs:CASE+O_GPRS+8]
    mov edx, [cs:CASE+O_GPRS+16]
    mov ebx, [cs:CASE+O_GPRS+24]
    mov ebp, [cs:CASE+O_GPRS+40]
    mov esi, [cs:CASE+O_GPRS+48]
    mov edi, [cs:CASE+O_GPRS+56]
    iretd

; ---- handlers: the stub of a vector pushes its number

bits 32
common32:
    push eax
    mov eax, ds
    push eax
    mov eax, DATA
    mov ds, eax
    cmp dword [nested], 0
    jne nested32
    inc dword [nested]
    cld
    pop dword [OUTCOME+O_DS]
    pop dword [OUTCOME+O_GPRS]
    pop dword [OUTCOME]
    mov dword [OUTCOME+4], 32
    mov [OUTCOME+O_GPRS+8], ecx
    mov [OUTCOME+O_GPRS+16], edx
    mov [OUTCOME+O_GPRS+24], ebx
    mov [OUTCOME+O_GPRS+40], ebp
    mov [OUTCOME+O_GPRS+48], esi
    mov [OUTCOME+O_GPRS+56], edi
    mov [OUTCOME+O_ES], es
    mov [OUTCOME+O_FS], fs
    mov [OUTCOME+O_GS], gs
    mov eax, [OUTCOME]
    cmp eax, 32
    jae no_error32
    mov ecx, ERRORS
    bt ecx, eax
    jnc no_error32
    pop dword [OUTCOME+8]
no_error32:
    pop dword [OUTCOME+O_RIP]
    pop dword [OUTCOME+O_CS]
    pop dword [OUTCOME+O_RFLAGS]
    test byte [OUTCOME+O_RFLAGS+2], 2
    jnz from_v8086
    test byte [OUTCOME+O_CS], 3
    jnz from_outer
    mov [OUTCOME+O_RSP], esp
    mov [OUTCOME+O_SS], ss
    jmp short kept32
from_v8086:
    pop dword [OUTCOME+O_RSP]
    pop dword [OUTCOME+O_SS]
    pop eax
    mov [OUTCOME+O_ES], ax
    pop eax
    mov [OUTCOME+O_DS], ax
    pop eax
    mov [OUTCOME+O_FS], ax
    pop eax
    mov [OUTCOME+O_GS], ax
    jmp short kept32
from_outer:
    pop dword [OUTCOME+O_RSP]
    pop dword [OUTCOME+O_SS]
kept32:
    mov ax, DATA
    mov es, ax
    mov ss, ax
    mov esp, STACK_TOP
    sldt [OUTCOME+O_LDTR]
    str [OUTCOME+O_TR]
    sgdt [OUTCOME+O_GDTR]
    sidt [OUTCOME+O_IDTR]
    mov eax, cr0
    mov [OUTCOME+O_CR0], eax
    mov eax, cr2
    mov [OUTCOME+O_CR2], eax
    mov eax, cr3
    mov [OUTCOME+O_CR3], eax
    mov eax, cr4
    mov [OUTCOME+O_CR4], eax
    mov eax, dr7
    mov [OUTCOME+O_DR7], eax
    mov eax, 0x400
    mov dr7, eax
    mov eax, dr0
    mov [OUTCOME+O_DR0], eax
    mov eax, dr1
    mov [OUTCOME+O_DR0+8], eax
    mov eax, dr2
    mov [OUTCOME+O_DR0+16], eax
    mov eax, dr3
    mov [OUTCOME+O_DR0+24], eax
    mov eax, dr6
    mov [OUTCOME+O_DR6], eax
    jmp home
nested32:
    pop eax
    pop eax
    pop eax
    inc eax
    or [OUTCOME+O_NESTED], eax
    mov ax, DATA
    mov es, ax
    mov ss, ax
    mov esp, STACK_TOP
    mov eax, 0x400
    mov dr7, eax
    jmp home

bits 64
common64:
    cmp dword [nested], 0
    jne nested64
    inc dword [nested]
    cld
    mov [OUTCOME+O_GPRS], rax
    pop rax
    mov [OUTCOME], eax
    mov dword [OUTCOME+4], 64
    mov [OUTCOME+O_GPRS+8], rcx
    mov [OUTCOME+O_GPRS+16], rdx
    mov [OUTCOME+O_GPRS+24], rbx
    mov [OUTCOME+O_GPRS+40], rbp
    mov [OUTCOME+O_GPRS+48], rsi
    mov [OUTCOME+O_GPRS+56], rdi
    mov [OUTCOME+O_GPRS+64], r8
    mov [OUTCOME+O_GPRS+72], r9
    mov [OUTCOME+O_GPRS+80], r10
    mov [OUTCOME+O_GPRS+88], r11
    mov [OUTCOME+O_GPRS+96], r12
    mov [OUTCOME+O_GPRS+104], r13
    mov [OUTCOME+O_GPRS+112], r14
    mov [OUTCOME+O_GPRS+120], r15
    mov [OUTCOME+O_DS], ds
    mov [OUTCOME+O_ES], es
    mov [OUTCOME+O_FS], fs
    mov [OUTCOME+O_GS], gs
    cmp eax, 32
    jae no_error64
    mov ecx, ERRORS
    bt ecx, eax
    jnc no_error64
    pop qword [OUTCOME+8]
no_error64:
    pop qword [OUTCOME+O_RIP]
    pop qword [OUTCOME+O_CS]
    pop qword [OUTCOME+O_RFLAGS]
    pop qword [OUTCOME+O_RSP]
    pop qword [OUTCOME+O_SS]
    sldt [OUTCOME+O_LDTR]
    str [OUTCOME+O_TR]
    sgdt [OUTCOME+O_GDTR]
    sidt [OUTCOME+O_IDTR]
    mov rax, cr0
    mov [OUTCOME+O_CR0], rax
    mov rax, cr2
    mov [OUTCOME+O_CR2], rax
    mov rax, cr3
    mov [OUTCOME+O_CR3], rax
    mov rax, cr4
    mov [OUTCOME+O_CR4], rax
    mov rax, dr7
    mov [OUTCOME+O_DR7], rax
    mov eax, 0x400
    mov dr7, rax
    mov rax, dr0
    mov [OUTCOME+O_DR0], rax
    mov rax, dr1
    mov [OUTCOME+O_DR0+8], rax
    mov rax, dr2
    mov [OUTCOME+O_DR0+16], rax
    mov rax, dr3
    mov [OUTCOME+O_DR0+24], rax
    mov rax, dr6
    mov [OUTCOME+O_DR6], rax
    xor eax, eax
    mov dr0, rax
    mov dr1, rax
    mov dr2, rax
    mov dr3, rax
    mov cr2, rax
leave64:
    lgdt [home_gdtr64]
    mov ecx, 0xc0000101 ; GS and FS bases, before selectors change them
    rdmsr
    mov [OUTCOME+O_MSRS+72], eax
    mov [OUTCOME+O_MSRS+76], edx
    mov ecx, 0xc0000100
    rdmsr
    mov [OUTCOME+O_MSRS+64], eax
    mov [OUTCOME+O_MSRS+68], edx
    mov ax, DATA
    mov ss, ax
    mov ds, ax
    mov es, ax
    mov rsp, STACK_TOP
    push CODE32
    push out_of_long
    retfq
nested64:
    pop rax
    inc eax
    or [OUTCOME+O_NESTED], eax
    mov eax, 0x400
    mov dr7, rax
    jmp leave64
bits 32
out_of_long:
    mov eax, 0x20 ; PAE alone
    mov cr4, eax
    jmp home

bits 16
common16:
    cmp dword [cs:nested], 0
    jne nested16
    inc dword [cs:nested]
    cld
    mov [cs:OUTCOME+O_GPRS], eax
    pop word [cs:OUTCOME]
    mov dword [cs:OUTCOME+4], 16
    mov [cs:OUTCOME+O_GPRS+8], ecx
    mov [cs:OUTCOME+O_GPRS+16], edx
    mov [cs:OUTCOME+O_GPRS+24], ebx
    mov [cs:OUTCOME+O_GPRS+40], ebp
    mov [cs:OUTCOME+O_GPRS+48], esi
    mov [cs:OUTCOME+O_GPRS+56], edi
    mov [cs:OUTCOME+O_DS], ds
    mov [cs:OUTCOME+O_ES], es
    mov [cs:OUTCOME+O_FS], fs
    mov [cs:OUTCOME+O_GS], gs
    pop word [cs:OUTCOME+O_RIP]
    pop word [cs:OUTCOME+O_CS]
    pop word [cs:OUTCOME+O_RFLAGS]
    mov [cs:OUTCOME+O_RSP], esp
    mov [cs:OUTCOME+O_SS], ss
    o32 sgdt [cs:OUTCOME+O_GDTR]
    o32 sidt [cs:OUTCOME+O_IDTR]
    mov eax, cr0
    mov [cs:OUTCOME+O_CR0], eax
    mov eax, cr2
    mov [cs:OUTCOME+O_CR2], eax
    mov eax, cr3
    mov [cs:OUTCOME+O_CR3], eax
    mov eax, cr4
    mov [cs:OUTCOME+O_CR4], eax
    mov eax, dr7
    mov [cs:OUTCOME+O_DR7], eax
    mov eax, dr6
    mov [cs:OUTCOME+O_DR6], eax
    jmp leave16
nested16:
    pop ax
    inc ax
    or [cs:OUTCOME+O_NESTED], ax
leave16:
    mov eax, 0x400
    mov dr7, eax
    o32 lgdt [cs:home_gdtr]
    mov eax, 0x31
    mov cr0, eax
    jmp dword CODE32:from_real
bits 32
from_real:
    mov ax, DATA
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov esp, STACK_TOP
    jmp home

; ---- home: 32-bit, flat

home:
    mov eax, 0x31 ; PE, ET, NE
    mov cr0, eax
    jmp short unpaged
unpaged:
    mov ecx, EFER_MSR
    rdmsr
    mov [OUTCOME+O_EFER], eax
    mov [OUTCOME+O_EFER+4], edx
    xor eax, eax
    xor edx, edx
    wrmsr
    mov cr4, eax
    mov cr3, eax
    mov cr2, eax
    mov dr0, eax
    mov dr1, eax
    mov dr2, eax
    mov dr3, eax
    lldt ax
    lgdt [home_gdtr]
    lidt [home_idtr]
    push 2
    popfd
    ; model-specific registers; FS and GS bases were taken in 64-bit mode, elsewhere they are nobody's business
    mov edi, OUTCOME + O_MSRS
    mov ebx, msrs
    mov esi, MSR_COUNT - 2
read_msr:
    mov ecx, [ebx]
    rdmsr
    mov [edi], eax
    mov [edi+4], edx
    add edi, 8
    add ebx, 4
    dec esi
    jnz read_msr
    xor eax, eax
    mov fs, ax
    mov gs, ax
    ; the outcome: magic, registers, changed memory as address and value, all ones
    mov esi, mark
    mov ecx, 4
    mov dx, 0xe9
    rep outsb
    mov esi, OUTCOME
    mov ecx, BYTES
    rep outsb
    mov ebx, windows
    mov ebp, SHADOW
    mov dword [count], WINDOW_COUNT
compare_window:
    mov edi, [ebx]
    mov ecx, [ebx+4]
    shr ecx, 2
    add ebx, 8
    mov esi, ebp
compare_more:
    jecxz window_done
    repe cmpsd
    je window_done
    lea eax, [edi-4]
    mov [changed], eax
    mov eax, [eax]
    mov [changed+4], eax
    push esi
    push ecx
    mov esi, changed
    mov ecx, 8
    mov dx, 0xe9
    rep outsb
    pop ecx
    pop esi
    jmp short compare_more
window_done:
    mov ebp, esi
    dec dword [count]
    jnz compare_window
    mov esi, end_mark
    mov ecx, 4
    mov dx, 0xe9
    rep outsb
    jmp next_case

finished:
    mov esi, goodbye
    mov ecx, 4
    mov dx, 0xe9
    rep outsb
halted:
    hlt
    jmp short halted

; ---- home's work

; no interrupt of the interrupt controllers
masked:
    mov al, 0xff
    out 0x21, al
    out 0xa1, al
    ret

pristine:
    mov esi, PRISTINE
    mov ebx, windows
    mov edx, WINDOW_COUNT
put_back:
    mov edi, [ebx]
    mov ecx, [ebx+4]
    shr ecx, 2
    rep movsd
    add ebx, 8
    dec edx
    jnz put_back
    ret

shadow:
    mov edi, SHADOW
    mov ebx, windows
    mov edx, WINDOW_COUNT
keep:
    mov esi, [ebx]
    mov ecx, [ebx+4]
    shr ecx, 2
    rep movsd
    add ebx, 8
    dec edx
    jnz keep
    ret

; copies the registers of the next case, and carries out its patches: address, bytes, data
patch:
    mov esi, [case_at]
    mov eax, [esi]
    add [case_at], eax
    mov edi, CASE
    mov ecx, BYTES / 4
    rep movsd
    mov edx, [CASE+8]
patch_more:
    test edx, edx
    jz patched
    mov edi, [esi]
    mov ecx, [esi+4]
    add esi, 8
    mov eax, ecx
    rep movsb
    neg eax
    and eax, 3
    add esi, eax
    dec edx
    jmp short patch_more
patched:
    ret

hello: db "PRIV"
hello_end:
mark: db "CASE"
end_mark: dd 0xffffffff
goodbye: db "DONE"
align 8
home_gdtr:
    dw GDT_SIZE
    dd GDT_BASE
    dw 0
home_gdtr64:
    dw GDT_SIZE
    dq GDT_BASE
home_idtr:
    dw IDT_SIZE
    dd IDT_BASE
align 4
msrs: dd 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0x174, 0x175, 0x176, 0xc0000102
nested: dd 0
count: dd 0
changed: dd 0, 0
; set by whoever makes the image
case_at: dd 0
cases_left: dd 0
