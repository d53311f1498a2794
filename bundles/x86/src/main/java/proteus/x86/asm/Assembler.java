package proteus.x86.asm;

import java.util.ArrayList;
import java.util.List;

/**
 * An assembler for x86 in Intel syntax, close to NASM, of flat code without sections.
 *
 * <p><b>Lines</b>: {@code [label:] [instruction or directive] [; comment]}; {@code #} also starts a comment. A label before
 * {@code db}, {@code equ} and the like needs no colon. A name that starts with a dot belongs to the last label without:
 * {@code .loop} after {@code copy} is {@code copy.loop}. Names of instructions and registers are known in any case, symbols in theirs.
 *
 * <p><b>Directives</b>: {@code bits 16|32|64}; {@code org address} (before any code); {@code db dw dd dq dt} with numbers, strings,
 * expressions, and in the last three floating-point numbers; {@code resb resw resd resq count} (zeros); {@code align boundary[, byte]}
 * (NOPs); {@code times count statement}; {@code name equ expression}; {@code default rel|abs}.
 *
 * <p><b>Expressions</b>: {@code + - * / % << >> & ^ | ~ ( )} on 64-bit integers with the precedence of C, division unsigned; {@code $} is the address of
 * the statement, {@code $$} the origin; numbers {@code 10 0x1F 1Fh 0b11 11b 17o}, with {@code _} between digits; characters {@code 'a'}; strings in
 * backquotes know {@code \n \r \t \0 \e}.
 *
 * <p><b>Operands</b>: registers, {@code st1} or {@code st(1)}; immediates; {@code [base+index*scale+displacement]} with
 * {@code byte word dword fword qword tword oword yword zword} before it, {@code ptr} after that or not; segment overrides
 * {@code [fs:rax]} or {@code fs:[rax]}; {@code [rel label]}, {@code [rip+8]}; a size within the brackets is that of the displacement, or without
 * registers that of the address; {@code strict} before an immediate forbids a shorter one; {@code 0x8:label} and {@code jmp far [mem]}, where a size
 * is that of the offset ({@code jmp dword far [mem]} is 16:32), or with {@code ptr} of all; EVEX decorations {@code {k1}{z} {1to8} {sae} {rn-sae}}.
 * What disassemblers of this house, of objdump and of GDB print in Intel syntax is mostly understood too.
 *
 * <p><b>Prefixes</b>: {@code lock rep repe repz repne repnz}, {@code o16 o32 o64 a16 a32} (also {@code data16 addr32 rex.w}), segment registers, {@code {vex}},
 * {@code {evex}}.
 *
 * <p><b>Choice of encoding</b>: always the shortest, among equals the first in the opcode table; branches are short where they
 * reach ({@code short} and {@code near} insist). A size must be given where the operands leave it open.
 */
public final class Assembler {
    private Assembler() {
    }

    /**
     * Assembles a source.
     *
     * @param bits code size at the start: 16, 32 or 64
     * @param origin address of the first byte, unless the source has {@code org}
     * @throws AssemblyException for the first line that cannot be assembled
     */
    public static Assembly assemble(String source, int bits, long origin) {
        if (bits != 16 && bits != 32 && bits != 64) {
            throw new IllegalArgumentException("code is 16, 32 or 64 bits, not " + bits);
        }
        LineParser parser = new LineParser();
        List<SourceLine> lines = new ArrayList<>();
        String[] texts = source.split("\\R", -1);
        for (int i = 0; i < texts.length; i++) {
            try {
                lines.add(new SourceLine(i + 1, texts[i], parser.line(texts[i])));
            } catch (Problem e) {
                throw new AssemblyException(i + 1, texts[i], e.getMessage());
            }
        }
        return new Passes(lines, bits, origin).run();
    }

    /** A line of the source and what it asks for. */
    record SourceLine(int number, String text, List<Statement> statements) {
    }
}
