bits 32
org 0x100000
KERNEL_BASE equ 0xC0000000
entry:
    mov esp, stack.top
    mov eax, page_directory
    mov cr3, eax
    mov eax, cr4
    or eax, 1 << 4 | 1 << 5
    mov cr4, eax
    mov ecx, 0xC0000080
    rdmsr
    or eax, 0x901
    wrmsr
    mov eax, cr0
    or eax, 0x80000001
    mov cr0, eax
    jmp 0x10:.reload
.reload:
    mov ax, 0x18
    mov ds, ax
    mov es, eax
    mov fs, ax
    mov ax, ds
    mov eax, gs
    mov [ebx], fs
    lldt ax
    ltr [tss.selector]
    str eax
    invlpg [eax]
    push cs
    pop ds
    push fs
    push byte -2
    push 0x1000
    push word [ebx]
    push dword [ebx]
    pop dword [ebx + 8]
    pushf
    popfw
    movzx eax, byte [esi]
    movsx edx, word [edi + ebp * 2 - 3]
    cmovae ecx, [esp + 4]
    setg [ebx]
    bt dword [eax], 5
    bts [eax], ecx
    bsf eax, ebx
    shld eax, ebx, 4
    shrd [eax], ebx, cl
    cmpxchg [edx], ecx
    lock cmpxchg8b [esi]
    xadd eax, ebx
    bswap edx
    imul eax, 10
    imul eax, ebx, 1000
    imul ecx, [eax], -5
    mul dword [eax]
    idiv cl
    add eax, 1
    add eax, 0x12345678
    add ebx, 127
    add ebx, 128
    sub byte [eax + 4], 5
    and dword [KERNEL_BASE + 4], ~3
    mov dword [eax * 4 + KERNEL_BASE], 0
    mov eax, [KERNEL_BASE]
    mov [KERNEL_BASE], al
    mov eax, [fs:0x30]
    mov [gs:eax + 4], ebx
    mov eax, [eax * 2]
    mov eax, [eax * 3 + 8]
    mov eax, [ecx * 8 + 8]
    mov eax, [eax + esp]
    mov eax, [ebp]
    mov eax, [bx + si + 4]
    mov ax, [ebp + eax * 4 + 0x1000]
    call entry
    call dword [eax]
    call [table + eax * 4]
    jmp [table + eax * 4]
    jmp far [vector]
    call 0x10:entry
    jecxz .reload2
    loopne .reload2
.reload2:
    in eax, dx
    out dx, ax
    insd
    rep outsb
    movsd
    cmpsd
    lodsw
    xlatb
    int 0x80
    sysenter
    sysexit
    iretd
    o16 iret
    hlt
    cpuid
    rdtsc
    pause
    ud2
    fld dword [eax]
    fld qword [eax]
    fld tword [eax]
    fld st1
    fadd st0, st3
    fadd st3, st0
    fadd to st3
    faddp
    faddp st2
    fsub
    fmul dword [eax]
    fxch
    fxch st4
    fcomi st0, st1
    fucomip st0, st2
    fstp st0
    fnstsw ax
    fstsw ax
    fstcw [eax]
    finit
    fldcw [eax]
    fnsave [eax]
    frstor [eax]
    fxsave [eax]
    wait
    emms
    movd mm0, eax
    movq mm1, [eax]
    paddb mm0, mm1
    pshufw mm0, mm1, 3
    movaps xmm0, xmm1
    movups [eax], xmm7
    movss xmm0, [eax]
    movsd xmm1, [eax]
    movsd [eax], xmm1
    cmpltps xmm0, xmm1
    cmpsd xmm0, xmm1, 3
    cvtsi2sd xmm0, ecx
    cvttss2si eax, xmm3
    pxor xmm0, xmm0
    pshufd xmm1, xmm2, 0b11011000
    psrldq xmm0, 4
    pinsrw xmm0, eax, 3
    pextrw eax, xmm1, 2
    movdqu xmm5, [esi]
    movntdq [edi], xmm5
    pmovmskb eax, xmm0
    ldmxcsr [eax]
    sfence
    clflush [eax]
    prefetchnta [eax]
    aesenc xmm1, xmm2
    pcmpistri xmm0, xmm1, 12
    crc32 eax, byte [ebx]
    popcnt eax, ebx
    rdrand eax
    vaddps ymm0, ymm1, [eax]
    vmovdqu ymm2, [eax + 32]
    vpxor xmm0, xmm0, xmm0
    vzeroupper
    vmcall
    vmlaunch
    vmread eax, ecx
    vmptrld [eax]
    invept eax, [ebx]
    strict_test:
    push strict dword 5
    add eax, strict dword 5
    mov eax, [byte ebx + 0]
    mov eax, [dword ebx + 4]
    times 3 db 0x90
    jmp short strict_test
    jmp near strict_test
    jo near strict_test
align 16
table: times 4 dd entry, table
vector: dd entry
    dw 8
tss:
.selector: dw 0x28
resb 5
resd 2
align 32
page_directory:
    dd KERNEL_BASE >> 22, $ - page_directory, $$
stack:
    times 64 db 0
.top:
