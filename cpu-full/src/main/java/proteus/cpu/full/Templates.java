package proteus.cpu.full;

import proteus.x86.asm.Assembler;

/**
 * What the translator puts in place of one guest instruction, written as assembly and assembled once. A sequence leaves all
 * registers and flags as the instruction would, and adds to COUNT by how many instructions it is longer than one. It saves RCX (and
 * RDX) to the monitor's data, which 64-bit code reaches by absolute addresses and 32-bit code through GS, as VMware's did.
 */
final class Templates {
    /** Stands for an operand that is patched in. */
    private static final int HOLE = 0x5a5a5a5a;

    /** A piece of code with at most one 32-bit hole. */
    record Piece(byte[] bytes, int hole) {}

    private static final String ACCOUNT = """
            mov c, [COUNT]
            lea c, [c+EXTRA]
            mov [COUNT], c
            """;
    private static final String GO = """
            movzx ecx, word [TARGET]
            LOOKUP
            jmp c
            """;

    private final boolean wide;
    final Piece save;
    final Piece takeTarget;
    final Piece push;
    final Piece popReturn;
    final Piece release;
    /** The longer ends of indirect branches: by how many instructions of the whole are in front of them. */
    final Piece goReturn, goReturnRelease, goJump, goCall;

    final Piece callTail;
    final Piece pushf, popf;
    final Piece cli, sti;
    /** What an indirect branch arrives at: goes on only if it is the right target. */
    final Piece arrival;

    Templates(boolean wide) {
        this.wide = wide;
        save = piece("mov [RCX], c");
        takeTarget = piece("mov [TARGET], c");
        push = piece("push strict dword HOLE");
        popReturn = piece("pop c");
        release = piece("lea sp_, [sp_+HOLE]");
        goReturn = go(12);
        goReturnRelease = go(13);
        goJump = go(12);
        goCall = go(13);
        callTail = piece(ACCOUNT.replace("EXTRA", "6") + "mov c, [RCX]");
        pushf = piece("pushfN\nmov [RCX], c\nmov [RDX], d\nmov c, [sp_]\nmov edx, [IF]\nlea c, [c+d-0x200]\nmov edx, [IOPL]\nlea c, [c+d]\nmov [sp_], c\n"
                + ACCOUNT.replace("EXTRA", "13") + "mov d, [RDX]\nmov c, [RCX]");
        popf = piece("test dword [sp_], 0x4100\njz .plain\nint3\n.plain:\nmov [RCX], c\nmov c, [sp_]\nand ecx, 0x200\nmov [IF], ecx\nmov c, [sp_]\n"
                + "and ecx, 0x3000\nmov [IOPL], ecx\n" + ACCOUNT.replace("EXTRA", "13") + "mov c, [RCX]\npopfN");
        cli = piece("mov dword [IF], 0");
        // Whether interrupts are held off for one instruction depends on the flag as it was.
        sti = piece("mov [RCX], c\nmov ecx, [IF]\nmov [BEFORE], ecx\nmov dword [IF], 0x200\n" + ACCOUNT.replace("EXTRA", "7") + "mov c, [RCX]");
        arrival = piece("mov c, [TARGET]\nlea c, [c+HOLE]\njXcxz .right\nint3\n.right:\nmov c, [RCX]");
    }

    /** Instructions of an indirect branch executed at its arrival up to the trap there, and after it if there was none. */
    static final int ARRIVAL_TO_TRAP = 3, ARRIVAL = 4;

    /** By how many instructions a sequence is longer than one at most. */
    static final int LONGEST_SURPLUS = 13;

    private Piece go(int extra) {
        return piece(ACCOUNT.replace("EXTRA", Integer.toString(extra)) + GO);
    }

    private Piece piece(String text) {
        String source = text.replace("LOOKUP", wide ? "movsxd rcx, dword [rcx*4+LOOKUP_]" : "mov ecx, [gs:ecx*4+LOOKUP_]");
        for (String name : new String[] {"RCX", "RDX", "TARGET", "COUNT", "IOPL", "IF", "BEFORE"}) {
            source = source.replace("[" + name + "]", wide ? "[" + name + "_]" : "[gs:" + name + "_]");
        }
        source = source.replace("sp_", wide ? "rsp" : "esp")
                .replace("pushfN", wide ? "pushfq" : "pushfd")
                .replace("popfN", wide ? "popfq" : "popfd")
                .replace("jXcxz", wide ? "jrcxz" : "jecxz")
                .replaceAll("\\bc\\b", wide ? "rcx" : "ecx")
                .replaceAll("\\bd\\b", wide ? "rdx" : "edx");
        StringBuilder constants = new StringBuilder();
        constant(constants, "RCX_", Monitor.RCX);
        constant(constants, "RDX_", Monitor.RDX);
        constant(constants, "TARGET_", Monitor.TARGET);
        constant(constants, "COUNT_", Monitor.COUNT);
        constant(constants, "IOPL_", Monitor.IOPL);
        constant(constants, "IF_", Monitor.IF);
        constant(constants, "BEFORE_", Monitor.BEFORE);
        constant(constants, "LOOKUP_", Monitor.LOOKUP);
        constants.append("HOLE equ ").append(HOLE).append('\n');
        byte[] bytes = Assembler.assemble(constants + "begin:\n" + source + "\n", wide ? 64 : 32, 0).bytes();
        return new Piece(bytes, hole(bytes));
    }

    private void constant(StringBuilder constants, String name, int offset) {
        constants.append(name).append(" equ ").append(Monitor.address(offset, wide)).append('\n');
    }

    private static int hole(byte[] bytes) {
        for (int i = 0; i + 4 <= bytes.length; i++) {
            if (bytes[i] == (byte) HOLE && bytes[i + 1] == (byte) HOLE && bytes[i + 2] == (byte) HOLE && bytes[i + 3] == (byte) HOLE) {
                return i;
            }
        }
        return -1;
    }
}
