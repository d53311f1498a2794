package proteus.conform.host;

import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/**
 * The harness's machine code. All it keeps is in the control page, at absolute addresses: no register is its own while a case runs. Where
 * segment registers are part of a case they are loaded in front of it, and put back behind it with the base of FS, which is the host's.
 */
final class Harness {
    /** The jump behind every instruction goes here. */
    final long done;
    /** {@code void run(cases, count)}. */
    final long run;
    /** {@code void handler(signal, siginfo, ucontext)}. */
    final long handler;
    final byte[] code;

    /** Offset in the control page of the handlers that signals had before, by number. */
    static final int OLD_HANDLERS = 256;

    private static final String[] SELECTORS = {"es", "cs", "ss", "ds", "fs", "gs"};

    private static final String SOURCE = """
        hostrsp  equ CONTROL
        case     equ CONTROL+8
        left     equ CONTROL+16
        target   equ CONTROL+24
        through  equ CONTROL+96
        keptrbx  equ CONTROL+32
        fault    equ CONTROL+40
        error    equ CONTROL+48
        address  equ CONTROL+56
        where    equ CONTROL+64
        fsbase   equ CONTROL+72
        where_cs equ CONTROL+80
        where_ss equ CONTROL+88
        flags    equ CONTROL+104
        old      equ CONTROL+OLD_HANDLERS

        run:
            push rbx
            push rbp
            push r12
            push r13
            push r14
            push r15
            mov [hostrsp], rsp
            mov [case], rdi
            mov [left], rsi
            CLEARGS
        .next:
            mov rbx, [case]
            mov rdi, [rbx+at_piece_0]
            mov rcx, [rbx+at_length_0]
            lea rsi, [rbx+at_memory]
            rep movsb
            mov rdi, [rbx+at_piece_1]
            mov rcx, [rbx+at_length_1]
            rep movsb
            mov eax, 7
            xor edx, edx
            RESTORE
            xor eax, eax
            mov [fault], rax
            mov rax, [rbx+at_rip]
            mov [through], rax
            cmp word [rbx+at_segmented], 0
            je .loaded
            movzx ecx, word [rbx+at_cs]
            mov [where_cs], ecx
            cmp ecx, CODE_64
            je .segments
            ; compatibility mode: by a far jump
            mov [target], eax
            mov [target+4], ecx
            mov eax, enter
            mov [through], rax
        .segments:
            rdfsbase rax
            mov [fsbase], rax
            mov es, [rbx+at_es]
            mov ss, [rbx+at_ss]
            mov ds, [rbx+at_ds]
            mov fs, [rbx+at_fs]
            mov gs, [rbx+at_gs]
        .loaded:
            push qword [rbx+at_rflags]
            popfq
            mov rax, [rbx+at_gprs]
            mov rcx, [rbx+at_gprs+8]
            mov rdx, [rbx+at_gprs+16]
            mov rsp, [rbx+at_gprs+32]
            mov rbp, [rbx+at_gprs+40]
            mov rsi, [rbx+at_gprs+48]
            mov rdi, [rbx+at_gprs+56]
            mov r8, [rbx+at_gprs+64]
            mov r9, [rbx+at_gprs+72]
            mov r10, [rbx+at_gprs+80]
            mov r11, [rbx+at_gprs+88]
            mov r12, [rbx+at_gprs+96]
            mov r13, [rbx+at_gprs+104]
            mov r14, [rbx+at_gprs+112]
            mov r15, [rbx+at_gprs+120]
            mov rbx, [rbx+at_gprs+24]
            jmp qword [through]
        enter:
            jmp far dword [target]

        done:
            mov [keptrbx], rbx
            mov rbx, [case]
            lea rbx, [rbx+SIDE]
            mov [rbx+at_gprs], rax
            mov [rbx+at_gprs+8], rcx
            mov [rbx+at_gprs+16], rdx
            mov [rbx+at_gprs+32], rsp
            mov [rbx+at_gprs+40], rbp
            mov [rbx+at_gprs+48], rsi
            mov [rbx+at_gprs+56], rdi
            mov [rbx+at_gprs+64], r8
            mov [rbx+at_gprs+72], r9
            mov [rbx+at_gprs+80], r10
            mov [rbx+at_gprs+88], r11
            mov [rbx+at_gprs+96], r12
            mov [rbx+at_gprs+104], r13
            mov [rbx+at_gprs+112], r14
            mov [rbx+at_gprs+120], r15
            mov rsp, [hostrsp]
            pushfq
            pop qword [rbx+at_rflags]
            push 2
            popfq
            mov rax, [keptrbx]
            mov [rbx+at_gprs+24], rax
            cmp qword [fault], 0
            je .asked
            mov rax, [flags]
            mov [rbx+at_rflags], rax
        .asked:
            cmp word [rbx+at_segmented-SIDE], 0
            je .saved
            mov [rbx+at_es], es
            mov [rbx+at_ss], ss
            mov [rbx+at_ds], ds
            mov [rbx+at_fs], fs
            mov [rbx+at_gs], gs
            mov ax, [where_cs]
            mov [rbx+at_cs], ax
            cmp qword [fault], 0
            je .restore
            mov ax, [where_ss]
            mov [rbx+at_ss], ax
        .restore:
            mov eax, DATA_FLAT
            mov ss, eax
            xor eax, eax
            mov es, eax
            mov ds, eax
            mov fs, eax
            mov gs, eax
            wrgsbase rax
            mov rax, [fsbase]
            wrfsbase rax
        .saved:
            mov eax, 7
            xor edx, edx
            SAVE
            mov rax, [fault]
            mov [rbx+at_fault], rax
            mov rax, [error]
            mov [rbx+at_error], rax
            mov rax, [address]
            mov [rbx+at_address], rax
            mov rax, [where]
            mov [rbx+at_rip], rax
            lea rdi, [rbx+at_memory]
            mov rsi, [rbx+at_piece_0-SIDE]
            mov rcx, [rbx+at_length_0-SIDE]
            rep movsb
            mov rsi, [rbx+at_piece_1-SIDE]
            mov rcx, [rbx+at_length_1-SIDE]
            rep movsb
            add qword [case], CASE
            dec qword [left]
            jnz run.next
            fninit
            push 0x1f80
            ldmxcsr [rsp]
            pop rax
            VZEROUPPER
            pop r15
            pop r14
            pop r13
            pop r12
            pop rbp
            pop rbx
            ret

        handler:
            mov rax, [rdx+0xa8] ; RIP in ucontext.gregs
            movzx ecx, word [rdx+0xb8] ; CS
            cmp ecx, CODE_64
            jne .ours
            mov r8, rax
            sub r8, BASE
            cmp r8, BYTES
            jae .chain
        .ours:
            mov [where_cs], ecx
            mov cx, [rdx+0xbe] ; SS
            mov [where_ss], cx
            mov word [rdx+0xb8], CODE_64
            mov [where], rax
            mov rax, [rdx+0xb0] ; EFLAGS
            mov [flags], rax
            and eax, 0xfffffeff ; a case may have set TF, for which the harness has no use
            mov [rdx+0xb0], rax
            mov rax, [rdx+0xc0] ; ERR
            mov [error], rax
            mov rax, [rdx+0xd8] ; CR2
            mov [address], rax
            mov rax, [rdx+0xc8] ; TRAPNO
            inc rax
            mov [fault], rax
            mov eax, done
            mov [rdx+0xa8], rax
            ret
        .chain:
            movsxd rdi, edi
            jmp qword [rdi*8+old]
        """;

    /** @param fsgsbase whether the base of GS can be cleared, which the model's native engine leaves behind; cases take it to be 0 */
    Harness(boolean avx, boolean fsgsbase) {
        StringBuilder source = new StringBuilder();
        define(source, "CONTROL", Window.CONTROL);
        define(source, "BASE", Window.BASE);
        define(source, "BYTES", Window.BYTES);
        define(source, "OLD_HANDLERS", OLD_HANDLERS);
        define(source, "SIDE", Cases.SIDE);
        define(source, "CASE", Cases.CASE);
        define(source, "at_gprs", Cases.GPRS);
        define(source, "at_rflags", Cases.RFLAGS);
        define(source, "at_rip", Cases.RIP);
        define(source, "at_piece_0", Cases.PIECE_0);
        define(source, "at_piece_1", Cases.PIECE_1);
        define(source, "at_length_0", Cases.LENGTH_0);
        define(source, "at_length_1", Cases.LENGTH_1);
        for (int i = 0; i < SELECTORS.length; i++) {
            define(source, "at_" + SELECTORS[i], Cases.SELECTORS + 2L * i);
        }
        define(source, "at_segmented", Cases.SEGMENTED);
        define(source, "CODE_64", Mode.LONG.code.selector());
        define(source, "DATA_FLAT", Segments.DATA_FLAT.selector());
        define(source, "at_fault", Cases.FAULT);
        define(source, "at_error", Cases.ERROR);
        define(source, "at_address", Cases.ADDRESS);
        define(source, "at_memory", Cases.MEMORY);
        source.append(SOURCE.replace("RESTORE", avx ? "xrstor64 [rbx]" : "fxrstor64 [rbx]").replace("SAVE", avx ? "xsave64 [rbx]" : "fxsave64 [rbx]")
            .replace("VZEROUPPER", avx ? "vzeroupper" : "").replace("CLEARGS", fsgsbase ? "xor eax, eax\nwrgsbase rax" : ""));
        Assembly assembly = Assembler.assemble(source.toString(), 64, Window.STUB);
        code = assembly.bytes();
        run = assembly.symbol("run");
        done = assembly.symbol("done");
        handler = assembly.symbol("handler");
    }

    private static void define(StringBuilder source, String name, long value) {
        source.append(name).append(" equ ").append(value).append('\n');
    }
}
