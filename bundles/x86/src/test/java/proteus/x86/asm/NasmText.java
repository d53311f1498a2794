package proteus.x86.asm;

import java.util.Arrays;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.decode.TableSamples;
import proteus.x86.disasm.Disassembler;

/** Writes an instruction as NASM wants it, from what the disassembler says. */
final class NasmText {
    private static final Pattern BARE = Pattern.compile("\\b([c-gs]s):(0x[0-9a-f]+)");
    private static final Pattern BROADCAST = Pattern.compile("[DQ]WORD BCST (\\[[^]]*])");
    private static final Pattern OUTSIDE = Pattern.compile("\\b([c-gs]s):\\[");
    private static final Pattern STRING = Pattern.compile("^((?:rep|repz|repnz) )?((?:movs|cmps|scas|lods|stos|ins|outs)[bwdq]) (?!.*xmm).*");
    private static final Pattern BRANCH = Pattern.compile("(^|.* )(0x[0-9a-f]+)$");
    private static final Pattern SIZE = Pattern.compile("\\b(BYTE|WORD|DWORD|FWORD|QWORD|TBYTE|XMMWORD|YMMWORD|ZMMWORD) PTR ");
    /** NASM wants no size with these, or one of its own. */
    private static final Set<Mnemonic> UNSIZED = Set.of(Mnemonic.LGDT, Mnemonic.SGDT, Mnemonic.LIDT, Mnemonic.SIDT, Mnemonic.LES, Mnemonic.LDS, Mnemonic.LSS,
        Mnemonic.LFS, Mnemonic.LGS, Mnemonic.BOUND, Mnemonic.PREFETCH, Mnemonic.PREFETCHW, Mnemonic.INVLPG, Mnemonic.CLFLUSH, Mnemonic.CLFLUSHOPT, Mnemonic.CLWB,
        Mnemonic.CLDEMOTE, Mnemonic.CMPSD, Mnemonic.VCMPSS, Mnemonic.PUNPCKLBW, Mnemonic.PUNPCKLWD, Mnemonic.PUNPCKLDQ, Mnemonic.PSHUFD, Mnemonic.PSHUFW,
        Mnemonic.PSHUFHW, Mnemonic.PSHUFLW, Mnemonic.PMULUDQ, Mnemonic.PSUBQ, Mnemonic.PBLENDVB, Mnemonic.PALIGNR, Mnemonic.VMXON, Mnemonic.VMCLEAR,
        Mnemonic.VMPTRLD, Mnemonic.VMPTRST, Mnemonic.WRSS, Mnemonic.WRUSS);

    private NasmText() {
    }

    static String of(byte[] bytes, int mode) {
        Instruction in = new Instruction();
        byte[] padded = Arrays.copyOf(bytes, Nasm.SLOT);
        Decoder.decode(at -> padded[at] & 0xFF, mode, in);
        String text = new Disassembler().text(in, TableSamples.ADDRESS);
        int comment = text.indexOf(" #");
        text = comment < 0 ? text : text.substring(0, comment);
        Matcher string = STRING.matcher(text);
        if (string.matches()) {
            String address = in.addressSize == mode ? "" : "a" + in.addressSize + " ";
            return address + (string.group(1) == null ? "" : string.group(1)) + string.group(2);
        }
        text = addresses(text, in);
        boolean far = in.mnemonic == Mnemonic.CALL_FAR || in.mnemonic == Mnemonic.JMP_FAR;
        if (far && in.kind[0] == Instruction.MEMORY) {
            text = SIZE.matcher(text).replaceFirst(in.operandSize == 16 ? "word " : in.operandSize == 32 ? "dword " : "qword ");
        } else if (far) {
            text = text.replaceFirst("^data\\d+ ", "").replace("far", in.operandSize == 16 ? "word" : "dword");
        } else if (UNSIZED.contains(in.mnemonic)) {
            text = SIZE.matcher(text).replaceFirst("");
        }
        return text.replace("XMMWORD", "oword").replace("YMMWORD", "yword").replace("ZMMWORD", "zword").replace("TBYTE", "tword").replace(" PTR", "")
            .replaceAll("\\bst\\b", "st0").replaceAll("st0\\((\\d)\\)", "st$1").replace("addr16", "a16").replace("addr32", "a32").replace("data16", "o16")
            .replace("data32", "o32").replace("rex.W", "o64").replace("repz", "rep");
    }

    private static String addresses(String disassembled, Instruction in) {
        String text = disassembled;
        if (in.operandCount > 0 && in.kind[0] == Instruction.RELATIVE) {
            Matcher branch = BRANCH.matcher(text);
            if (branch.matches()) {
                text = branch.group(1) + "$+" + (Long.decode(branch.group(2)) - TableSamples.ADDRESS);
            }
        }
        int elements = 0;
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.MEMORY && in.broadcast) {
                elements = in.vectorLength / in.size[i];
            }
        }
        text = BROADCAST.matcher(text).replaceAll("$1{1to" + elements + "}");
        if (in.base == Instruction.RIP) {
            text = text.replaceFirst("\\[rip\\+(0x[0-9a-f]+)]", "[rel \\$+" + (in.length + in.displacement) + "]");
        }
        text = BARE.matcher(text).replaceAll(m -> m.group(1).equals("ds") ? "[" + m.group(2) + "]" : "[" + m.group(1) + ":" + m.group(2) + "]");
        return OUTSIDE.matcher(text).replaceAll("[$1:");
    }
}
