package proteus.silicon.faults;

import java.util.ArrayList;
import java.util.List;
import proteus.silicon.cpu.Flags;

/** The stack, near transfers, strings, ports, and what else walks through memory. */
final class StackForms {
    private static final String STACK = """
        push ax
        push word 0x1234
        push word [@b]
        push ds
        pop ax
        pop word [@b]
        pop ds
        pop ss
        pushf
        popf
        pusha
        popa
        enter 0x20, 0
        enter 0x20, 1
        enter 0x20, 5
        enter 3, 31
        leave
        call $+0x100
        call @a
        call [@b]
        jmp [@b]
        ret
        ret 8
        push eax
        push dword 5
        push dword [@b]
        pop eax
        pop dword [@b]
        pop dword [esp+4]
        o32 pusha
        o32 popa
        o16 pusha
        o16 popa
        o32 enter 8, 3
        o16 enter 8, 3
        o32 leave
        o32 push fs
        o32 pop fs
        o32 pushf
        o32 popf
        bound eax, [@b]
        bound ax, [@b]
        """;

    private static final String STACK64 = """
        push rax
        push ax
        push 0x12345678
        push qword [rbx]
        push word [rbx]
        push fs
        pop rax
        pop qword [rbx]
        pop qword [rsp+8]
        pop word [rbx]
        pop gs
        pushf
        popf
        o16 pushf
        o16 popf
        enter 0x20, 0
        enter 0x20, 1
        enter 0x20, 5
        enter 3, 31
        o16 enter 8, 3
        leave
        call $+0x100
        call rax
        call [rbx]
        jmp [rbx]
        ret
        ret 8
        """;

    private static final String STRINGS = """
        movsb
        movsw
        movsd
        stosb
        stosd
        lodsw
        lodsd
        cmpsb
        cmpsd
        scasw
        scasd
        rep movsb
        rep movsw
        rep movsd
        std rep movsw
        rep stosb
        rep stosw
        rep stosd
        std rep stosd
        rep lodsd
        repe cmpsw
        repe cmpsb
        repne scasb
        repne scasd
        std repe cmpsd
        insb
        insd
        outsb
        outsw
        rep insb
        rep insd
        rep outsb
        rep outsd
        in al, dx
        out dx, eax
        """;

    private static final String STRINGS64 = """
        movsq
        stosq
        lodsq
        cmpsq
        scasq
        rep movsq
        rep stosq
        std rep movsq
        repe cmpsq
        repne scasq
        a32 rep movsd
        """;

    private StackForms() {}

    static List<Form> all() {
        List<Form> forms = new ArrayList<>();
        for (Mode mode : List.of(Mode.REAL, Mode.V86, Mode.PROTECTED16, Mode.PROTECTED32)) {
            add(forms, STACK, mode);
            add(forms, STRINGS, mode);
        }
        add(forms, STACK64, Mode.LONG);
        add(forms, STRINGS, Mode.LONG);
        add(forms, STRINGS64, Mode.LONG);
        return forms;
    }

    private static void add(List<Form> forms, String texts, Mode mode) {
        texts.lines().forEach(line -> {
            boolean backward = line.startsWith("std ");
            String text = backward ? line.substring(4) : line;
            // loads of SS and ports need a ring that may
            int cpl = mode == Mode.V86 ? 3 : mode == Mode.REAL || text.equals("pop ss") || mode == Mode.PROTECTED16 ? 0 : 3;
            forms.add(Form.of(text, mode, cpl).with(b -> operands(b, text, backward)));
        });
    }

    private static void operands(Bench b, String text, boolean backward) {
        boolean descriptors = b.form.mode().descriptors();
        if (backward) {
            b.cpu.flag(Flags.DF, true);
        }
        if (text.contains("pop ")) {
            int selector = !descriptors ? 0x1000 : text.equals("pop ss") ? Descriptors.DATA : Descriptors.DATA_USER;
            b.write16(Region.STACK, 0, selector);
        } else if (text.contains("popf")) {
            b.write32(Region.STACK, 0, Flags.CF | Flags.ZF | Flags.AC);
        } else if (text.startsWith("call") || text.startsWith("jmp") || text.startsWith("ret")) {
            long target = b.cpu.rip() + 0x200;
            b.gpr(Registers.RAX, target);
            b.write(b.form.text().startsWith("ret") ? Region.STACK : Region.DATA, 0, b.form.mode().bits, target);
        } else if (text.startsWith("bound")) {
            int bits = text.contains("eax") ? 32 : 16;
            b.write(Region.DATA, 0, bits, 0, 0x7fff);
            b.gpr(Registers.RAX, 5);
        } else {
            strings(b, text);
        }
    }

    private static void strings(Bench b, String text) {
        b.gpr(Registers.RCX, text.startsWith("rep") || text.startsWith("a32") ? 5 : b.cpu.gpr(Registers.RCX));
        b.gpr(Registers.RDX, 0x10);
        if (text.contains("cmps")) {
            // equal but in the fourth element
            for (int at = -0x40; at < 0x40; at += 8) {
                b.write64(Region.DATA, at, 0x1122_3344_5566_7788L);
                b.write64(Region.TARGET, at, 0x1122_3344_5566_7788L);
            }
        } else if (text.contains("scas")) {
            b.gpr(Registers.RAX, 0x1111_1111_1111_1111L);
        }
        // element by element the task state segment is asked for permission
        if (b.form.mode() == Mode.PROTECTED32) {
            b.cpu.flag(Flags.IOPL, false);
        }
    }
}
