package proteus.x86.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random bytes through the decoder and through Capstone. Where the two differ the manual has been asked, and the answer stands
 * here as a rule: {@link #peerIsKnownToErr} is the list of what Capstone 4 gets wrong or does not know.
 */
class CapstoneTest {
    private static final int ROUNDS = 200_000;
    private static final long SEED = 7;
    private static final int EVEX = 0x62;
    private static final Set<String> PADLOCK = Set.of("montmul", "xsha1", "xsha256", "xcryptecb", "xcryptcbc", "xcryptctr", "xcryptcfb", "xcryptofb");
    /** 3DNow, control and debug registers that do not exist, loads of CS. */
    private static final Pattern NOT_THERE = Pattern.compile("femms|pf[a-z0-9]+ |pi2f|pavgusb|pmulhrw|pswapd|mov (cr|dr|cs)|mov [a-z0-9]+, (cr|dr)");
    private static final Pattern AMD_FOUR_OPERANDS = Pattern.compile("vfn?m(add|sub)|vpermil2p");

    /** Instructions younger than Capstone 4, or of a maker it does not follow. */
    private static final Set<String> UNKNOWN_TO_PEER = Set.of("CLZERO", "ENCLV", "ENQCMD", "ENQCMDS", "FRSTPM", "FNENI", "FNDISI", "GF2P8AFFINEINVQB",
        "GF2P8AFFINEQB", "GF2P8MULB", "INVLPGB", "MCOMMIT", "MONITORX", "MWAITX", "MOVDIR64B", "MOVDIRI", "PCONFIG", "PREFETCH", "PREFETCHWT1", "RDPKRU",
        "RDPRU", "RMPADJUST", "RMPUPDATE", "RSTORSSP", "SERIALIZE", "TLBSYNC", "TPAUSE", "UMONITOR", "UMWAIT", "PSMASH", "PVALIDATE", "VAESDEC",
        "VAESDECLAST", "VAESENC", "VAESENCLAST", "VGF2P8AFFINEINVQB", "VGF2P8AFFINEQB", "VGF2P8MULB", "VPCLMULQDQ", "VPDPBUSD", "VPDPBUSDS", "VPDPWSSD",
        "VPDPWSSDS", "VPMADD52HUQ", "VPMADD52LUQ", "WRMSRNS", "RDMSRLIST", "WRMSRLIST", "WRPKRU", "WRSS", "WRUSS", "XSUSLDTRK", "XRESLDTRK", "CLUI", "STUI",
        "TESTUI", "UIRET", "SENDUIPI", "SETSSBSY", "SAVEPREVSSP", "INCSSP", "RDSSP", "CLRSSBSY", "PTWRITE", "RDPID", "CLDEMOTE", "WBNOINVD", "TDCALL",
        "SEAMCALL", "SEAMRET", "SEAMOPS", "VMGEXIT", "HRESET", "TILERELEASE", "XSHA1", "XSHA256", "MONTMUL");

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void randomBytesHaveTheLengthTheOtherDecoderFinds(int mode) throws Throwable {
        Optional<Capstone> peer = Capstone.open(mode);
        if (peer.isEmpty()) {
            System.err.println("SKIPPED: random bytes are not compared with Capstone, whose library is not installed");
        }
        assumeTrue(peer.isPresent(), "no Capstone library");
        List<String> unexplained = new ArrayList<>();
        int valid = 0;
        try (Capstone capstone = peer.get()) {
            RandomCode code = new RandomCode(SEED + mode);
            byte[] bytes = new byte[16];
            Instruction in = new Instruction();
            for (int i = 0; i < ROUNDS; i++) {
                code.next(bytes);
                int theirs = capstone.decode(bytes);
                int length = Decoder.decode(at -> bytes[at] & 0xFF, mode, in);
                int ours = in.mnemonic == Mnemonic.INVALID ? 0 : length;
                valid += ours > 0 ? 1 : 0;
                String text = theirs > 0 ? capstone.text() : "";
                if (ours != theirs && !peerIsKnownToErr(bytes, mode, in, ours, theirs, text)) {
                    unexplained.add(HexFormat.of().formatHex(bytes) + " Capstone: " + text + " " + theirs + ", here: " + in.mnemonic + " " + ours);
                }
            }
        }
        assertEquals(List.of(), unexplained);
        assertTrue(valid > ROUNDS / 4, () -> "too few of the random instructions were valid");
    }

    private static boolean peerIsKnownToErr(byte[] bytes, int mode, Instruction in, int ours, int theirs, String text) {
        Prefixes prefixes = new Prefixes(bytes, mode);
        String name = in.mnemonic.name();
        if (ours > 0 && theirs > 0) {
            return switch (in.mnemonic) {
                // They have a ModRM byte (SDM vol. 2, UD)
                case UD0, UD1 -> true;
                // Intel ignores 66 at a near branch in 64-bit mode; the peer follows AMD
                case CALL, JMP, JCC, XBEGIN -> mode == 64 && prefixes.operandSize;
                // Prefixes between 66 and the opcode make the peer forget 66
                case PUSH, RET -> prefixes.operandSize;
                // SSE4a's two immediates
                case EXTRQ, INSERTQ -> true;
                default -> false;
            };
        }
        if (ours > 0) {
            // The peer wants mandatory prefixes next to the opcode and alone
            return UNKNOWN_TO_PEER.contains(name) || prefixes.mandatory() || prefixes.count > 0 && prefixes.escape
                || switch (in.mnemonic) {
                    // All of 0F18 to 0F1F are hints, whatever their reg; UD0 has ModRM; fences ignore rm; REX.R does not extend Sreg
                    case NOP, UD0, LFENCE, MFENCE, SFENCE, MOV -> true;
                    // What the processors do, undocumented
                    case FXCH, FCOM, FCOMP, FSTP, FFREEP, SALC -> true;
                    default -> name.startsWith("K") || EVEX == (bytes[prefixes.count] & 0xFF);
                };
        }
        // The peer lets pass what the manual makes #UD: LOCK, other prefixes where the manual says NP, prefixes before VEX, W = 1 where the
        // manual says W0, gathers without SIB; and it knows AMD's FMA4 and XOP, and PadLock without REP
        return prefixes.lock || prefixes.mandatory() || prefixes.operandSize || prefixes.vector && vectorPeerErrs(bytes, prefixes, text)
            // It takes 67 before REX for 66
            || prefixes.rex && prefixes.addressSize && prefixes.escape || PADLOCK.contains(text.split(" ")[0]) || NOT_THERE.matcher(text).lookingAt();
    }

    private static boolean vectorPeerErrs(byte[] bytes, Prefixes prefixes, String text) {
        int first = bytes[prefixes.count] & 0xFF;
        boolean wide = first == 0xC4 && bytes[prefixes.count + 2] < 0;
        boolean amd = first == 0x8F || first == 0xC4 && (bytes[prefixes.count + 1] & 0x1F) == 3 && AMD_FOUR_OPERANDS.matcher(text).lookingAt();
        return prefixes.rex || first == EVEX || wide || amd || text.contains("gather");
    }

    /** What stands before the opcode. */
    private static final class Prefixes {
        boolean operandSize;
        boolean addressSize;
        boolean lock;
        boolean repeat;
        boolean vector;
        boolean escape;
        boolean rex;
        int count;

        Prefixes(byte[] bytes, int mode) {
            int at = 0;
            for (boolean more = true; more && at < bytes.length; at++) {
                int value = bytes[at] & 0xFF;
                switch (value) {
                    case 0x66 -> operandSize = true;
                    case 0xF0 -> lock = true;
                    case 0xF2, 0xF3 -> repeat = true;
                    case 0x67 -> addressSize = true;
                    case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65 -> { }
                    default -> {
                        more = mode == 64 && (value & 0xF0) == 0x40;
                        rex |= more;
                    }
                }
                if (more) {
                    count++;
                }
            }
            int opcode = bytes[count] & 0xFF;
            vector = opcode == 0xC4 || opcode == 0xC5 || opcode == 0x62 || opcode == 0x8F;
            escape = opcode == 0x0F;
        }

        /** A prefix that may be part of the opcode. */
        boolean mandatory() {
            return repeat;
        }
    }
}
