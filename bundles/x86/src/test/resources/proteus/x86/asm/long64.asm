bits 64
org 0xFFFFFFFF80100000
default rel
start:
    mov rax, 0x123456789abcdef0
    mov rax, -1
    mov eax, 0xffffffff
    mov ecx, 5
    mov r8d, 7
    mov r15, r14
    mov sil, 5
    mov spl, bpl
    mov ah, bh
    mov r9b, [rax]
    mov [counter], rax
    inc qword [counter]
    lea rdi, [message]
    lea rsi, [rel start]
    lea rbx, [abs 0x1000]
    mov rax, [gs:0x10]
    mov rax, [fs:rax + r12 * 8 + 0x10]
    mov eax, [r12]
    mov eax, [r13]
    mov eax, [rsp]
    mov eax, [rbp + r13 * 2]
    mov eax, [eax + 4]
    mov rax, [rbx * 4 + 8]
    movabs_like: mov rax, [abs qword 0x123456789abcdef0]
    mov [abs qword 0x123456789abcdef0], al
    movsxd rax, ecx
    movsxd rdx, dword [rsi]
    movzx eax, r10b
    movzx r11d, word [rdi]
    push rax
    push r9
    pop r10
    push 5
    push 0x12345678
    push qword [rax]
    push fs
    pop gs
    pushfq
    popfq
    call start
    call [vector]
    call rax
    call qword [rbx + 8]
    jmp r11
    jmp [rax * 8 + 0x1000]
    jmp near start
    je start
    jrcxz .next
    jecxz .next
.next:
    syscall
    o64 sysret
    sysret
    iretq
    iret
    retfq
    retf
    ret
    leave
    swapgs
    rdgsbase rax
    wrfsbase r9
    mov cr3, rax
    mov rax, cr8
    mov cr8, r9
    mov dr7, rax
    invlpg [rax]
    invpcid_like: invlpg [r15 + 4096]
    lgdt [pointer]
    sidt [rax]
    ltr ax
    rdmsr
    wrmsr
    cpuid
    cmpxchg16b [rdi]
    lock cmpxchg [r8], r9
    xchg rax, r8
    xchg eax, eax
    xchg [rbx], r10
    test r8, r9
    test byte [rax], 1
    add rax, 0x7f
    add rax, 0x80
    add rax, -129
    sub rsp, 8
    and rsp, -16
    cmp qword [rax], 0
    imul rax, rbx, 100
    shl rax, 63
    bt r10, 3
    bsr rax, r11
    bswap r12
    cdqe
    cqo
    movsq
    rep stosq
    lodsq
    cmovne r8, r9
    sete r10b
    nop
    nop dword [rax + rax]
    endbr64
    movq xmm0, rax
    movq rax, xmm9
    movd xmm1, ecx
    movq xmm2, [rax]
    cvtsi2sd xmm8, r9
    cvttsd2si rax, xmm10
    pextrq rax, xmm3, 1
    pinsrq xmm3, r8, 0
    fxsave64 [rax]
    xsave [rax]
    xsaveopt64 [rdi]
    vaddpd ymm8, ymm9, [r10]
    vfmadd231ps xmm0, xmm1, xmm2
    vpgatherdd ymm0, [rax + ymm1 * 4], ymm2
    vaddps zmm0 {k1}{z}, zmm1, [rax] {1to16}
    vaddps zmm16, zmm17, zmm18, {rn-sae}
    vcmpps k2 {k3}, zmm1, zmm2, {sae}, 4
    vmovdqu64 zmm1 {k1}, [rax + 64]
    vpbroadcastd zmm3, eax
    vpscatterdd [rax + zmm1 * 4] {k1}, zmm2
    kmovq k1, rax
    kandw k1, k2, k3
    andn eax, ebx, ecx
    shlx rax, rbx, rcx
    rorx eax, ebx, 5
    mulx r8, r9, r10
    vmread rax, rcx
    vmptrld [rax]
    invept rax, [rbx]
    hlt
    times 120 nop
    jmp start
message: db "long", 0
align 8
counter: dq 0
vector: dq start, message - start
pointer: dw 0
    dq counter
