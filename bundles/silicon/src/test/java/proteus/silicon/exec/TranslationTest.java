package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.x86.asm.Assembler;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.disasm.Disassembler;
import proteus.x86.format.Cr4;
import proteus.x86.format.Xcr0;

/** Random straight-line code gives the same registers, flags and memory translated as interpreted. */
class TranslationTest {
    private static final int CODE = 0x2000, DATA = 0x100000, MEMORY = 1 << 22, STACK = 0x180000;
    private static final int SEQUENCES = 4000;
    /** Instructions that leave flags undefined, so that what reads flags must not follow at once. */
    private static final Set<Mnemonic> UNDEFINED = Set.of(Mnemonic.SHL, Mnemonic.SHR, Mnemonic.SAR, Mnemonic.ROL, Mnemonic.ROR, Mnemonic.RCL, Mnemonic.RCR,
        Mnemonic.SHLD, Mnemonic.SHRD, Mnemonic.MUL, Mnemonic.IMUL, Mnemonic.DIV, Mnemonic.IDIV, Mnemonic.BSF, Mnemonic.BSR, Mnemonic.BT, Mnemonic.BTS,
        Mnemonic.BTR, Mnemonic.BTC, Mnemonic.POPCNT, Mnemonic.LZCNT, Mnemonic.TZCNT, Mnemonic.ANDN, Mnemonic.BZHI, Mnemonic.BEXTR, Mnemonic.BLSR,
        Mnemonic.BLSI, Mnemonic.BLSMSK, Mnemonic.AND, Mnemonic.OR, Mnemonic.XOR, Mnemonic.TEST);
    private static final Set<Mnemonic> PLAIN = Set.of(Mnemonic.MOV, Mnemonic.MOVZX, Mnemonic.MOVSX, Mnemonic.MOVSXD, Mnemonic.LEA, Mnemonic.XCHG,
        Mnemonic.ADD, Mnemonic.ADC, Mnemonic.SBB, Mnemonic.SUB, Mnemonic.CMP, Mnemonic.INC, Mnemonic.DEC, Mnemonic.NOT, Mnemonic.NEG, Mnemonic.CBW,
        Mnemonic.CWD, Mnemonic.SETCC, Mnemonic.CMOVCC, Mnemonic.BSWAP, Mnemonic.CMPXCHG, Mnemonic.XADD, Mnemonic.CLC, Mnemonic.STC, Mnemonic.CMC,
        Mnemonic.PUSH, Mnemonic.POP, Mnemonic.LEAVE, Mnemonic.NOP, Mnemonic.VZEROUPPER);

    private TestCpu interpreted, translated;

    @AfterEach
    void close() {
        interpreted.close();
        if (translated != null) {
            translated.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {32, 64})
    void randomCodeDoesTheSameTranslated(int mode) {
        interpreted = new TestCpu(mode, MEMORY);
        translated = TestCpu.with(true, mode, MEMORY);
        for (int seed = 0; seed < SEQUENCES; seed++) {
            sequence(mode, seed);
        }
    }

    /** Neither register has a place in a host register, so that both need a temporary. */
    @Test
    void leaOf16BitsLeavesTheRestOfTheRegister() {
        interpreted = new TestCpu(64, MEMORY);
        translated = TestCpu.with(true, 64, MEMORY);
        for (TestCpu t : List.of(interpreted, translated)) {
            t.write(CODE, Assembler.assemble("lea r11w, [r15-0x2e]\nhlt", 64, CODE).bytes());
            t.cpu.gpr(11, 0x1111_2222_3333_4444L);
            t.cpu.gpr(15, -1);
            assertEquals(Interpreter.IDLE, t.run(CODE, 10));
            assertEquals(0x1111_2222_3333_ffd1L, t.cpu.gpr(11));
        }
        assertEquals(1, translated.interpreter.translation().instructions(), "HLT leaves the code");
    }

    private void sequence(int mode, int seed) {
        Random random = new Random(seed);
        List<String> listing = new ArrayList<>();
        byte[] code = code(random, mode, listing);
        int flags = random.nextInt() & Flags.ARITHMETIC;
        long[] registers = random.longs(16).toArray();
        for (int i = 0; i < 16; i++) {
            int kind = random.nextInt(4);
            registers[i] = i == 4 ? STACK : kind == 0 ? DATA + random.nextInt(1 << 16) : kind == 1 ? random.nextInt(-4, 4096 + 4) : registers[i];
            if (mode == 32) {
                registers[i] &= 0xffffffffL;
            }
        }
        long[] vectors = random.longs(32).toArray();
        for (int i = 0; i < 32; i++) {
            vectors[i] = switch (random.nextInt(4)) {
                case 0 -> Double.doubleToRawLongBits(random.nextInt(2000) / 8.0 - 100);
                case 1 -> Float.floatToRawIntBits(random.nextInt(2000) / 8f - 100) * 0x1_0000_0001L;
                default -> vectors[i];
            };
        }
        int mxcsr = 0x1f80 | (random.nextInt(4) == 0 ? random.nextInt(1 << 16) & 0xe040 : 0);
        long control = 0x33f | random.nextInt(4) << 10 | (random.nextInt(4) == 0 ? 0 : 0x40) | (random.nextInt(8) == 0 ? random.nextInt(64) ^ 0x3f : 0) | 0x40;
        long status = random.nextInt(1 << 16) & 0x7f00;
        long tags = random.nextInt() & 0x5555 & (random.nextInt(2) == 0 ? 0xff : 0x5555);
        long[] numbers = random.longs(16).toArray();
        for (int i = 0; i < 8; i++) {
            numbers[2 * i] |= random.nextInt(8) == 0 ? 0 : 1L << 63;
            numbers[2 * i + 1] = random.nextInt(8) == 0 ? numbers[2 * i + 1] & 0xffff : 0x3fff + random.nextInt(-40, 40) | random.nextInt(2) << 15;
        }
        byte[] data = new byte[1 << 12];
        random.nextBytes(data);
        for (TestCpu t : List.of(interpreted, translated)) {
            t.write(CODE, code);
            for (int at = DATA; at < DATA + (1 << 16) + 4096; at += data.length) {
                t.write(at, data);
            }
            t.write(STACK - 2048, data);
            for (int i = 0; i < (mode == 64 ? 16 : 8); i++) {
                t.cpu.gpr(i, registers[i]);
            }
            for (int i = 0; i < 32; i++) {
                t.cpu.put(CpuLayout.xmm(i / 2) + 8 * (i & 1), vectors[i]);
                t.cpu.put(CpuLayout.xmm(i / 2) + 16 + 8 * (i & 1), vectors[31 - i]);
            }
            t.cpu.put(CpuLayout.MXCSR, mxcsr | control << 32 | status << 48);
            t.cpu.put(CpuLayout.FTW, tags * 3);
            t.cpu.put(CpuLayout.FIP, 0);
            for (int i = 0; i < 16; i++) {
                t.cpu.put(CpuLayout.X87 + 8 * i, numbers[i]);
            }
            t.cpu.cr4 = Cr4.OSFXSR | Cr4.OSXSAVE;
            t.cpu.xcr0 = Xcr0.X87 | Xcr0.SSE | Xcr0.AVX;
            t.cpu.arithmeticFlags(flags);
        }
        String what = "sequence " + seed + " " + listing + " flags " + Integer.toHexString(flags);
        int ended = interpreted.run(CODE, 100);
        assertEquals(ended, translated.run(CODE, 100), what);
        assertEquals(interpreted.fault, translated.fault, what);
        assertEquals(interpreted.faultRip, translated.faultRip, what);
        assertEquals(interpreted.cpu.retired, translated.cpu.retired, what);
        for (int i = 0; i < 16; i++) {
            assertEquals(Long.toHexString(interpreted.cpu.gpr(i)), Long.toHexString(translated.cpu.gpr(i)), "register " + i + " of " + what);
        }
        for (int at = CpuLayout.MXCSR; at < CpuLayout.xmm(15) + 32; at += 8) {
            assertEquals(Long.toHexString(interpreted.cpu.get(at)), Long.toHexString(translated.cpu.get(at)), "struct at " + at + " of " + what);
        }
        assertEquals(Integer.toHexString(interpreted.cpu.arithmeticFlags()), Integer.toHexString(translated.cpu.arithmeticFlags()), "flags of " + what);
        for (int at = 0; at < MEMORY; at += 8) {
            if (interpreted.read64(at) != translated.read64(at)) {
                assertEquals(Long.toHexString(interpreted.read64(at)), Long.toHexString(translated.read64(at)), "memory at " + Integer.toHexString(at) + " of " + what);
            }
        }
    }

    /** A few instructions, a comparison behind each that leaves flags undefined, HLT. */
    private static byte[] code(Random random, int mode, List<String> listing) {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        Instruction in = new Instruction();
        Disassembler disassembler = new Disassembler();
        int length = 1 + random.nextInt(12);
        byte[] bytes = new byte[16];
        while (listing.size() < length) {
            random.nextBytes(bytes);
            if (random.nextInt(4) == 0) {
                bytes[0] = (byte) new int[] {0x66, 0xf2, 0xf3}[random.nextInt(3)];
                bytes[1] = 0x0f;
            } else if (random.nextInt(3) == 0) {
                bytes[0] = 0x0f;
            } else if (random.nextInt(3) == 0) {
                bytes[0] = (byte) (0xc4 | random.nextInt(2));
                if ((bytes[0] & 1) == 0) {
                    bytes[1] = (byte) (bytes[1] & 0xe0 | 1 + random.nextInt(3));
                }
                if (mode == 32) {
                    bytes[1] |= (byte) 0xc0; // else they are LES and LDS
                }
            } else if (random.nextInt(4) == 0) {
                bytes[0] = (byte) (0xd8 | random.nextInt(8));
                bytes[1] |= random.nextInt(4) == 0 ? 0 : (byte) 0xc0;
            } else if (mode == 64 && random.nextInt(2) == 0) {
                bytes[0] = (byte) (0x40 | random.nextInt(16));
                if (random.nextInt(4) == 0) {
                    bytes[1] = 0x0f;
                }
            }
            int n = Decoder.decode(i -> bytes[i] & 0xff, mode, in);
            boolean undefined = UNDEFINED.contains(in.mnemonic);
            if (n == 0 || !undefined && !PLAIN.contains(in.mnemonic) && !vector(in) && !x87(in) && !bits(in) || segment(in)) {
                continue;
            }
            code.write(bytes, 0, n);
            listing.add(disassembler.text(in, CODE));
            if (undefined) {
                code.writeBytes(new byte[] {0x39, (byte) (0xc0 | random.nextInt(64))});
                listing.add("cmp");
            }
        }
        code.write(0xf4);
        return code.toByteArray();
    }

    private static boolean bits(Instruction in) {
        return switch (in.mnemonic) {
            case SHLX, SARX, SHRX, RORX, PDEP, PEXT -> true;
            default -> false;
        };
    }

    private static boolean x87(Instruction in) {
        return in.mnemonic.name().startsWith("F") && in.mnemonic != Mnemonic.FXSAVE && in.mnemonic != Mnemonic.FXRSTOR;
    }

    private static boolean vector(Instruction in) {
        boolean xmm = false;
        for (int i = 0; i < in.operandCount; i++) {
            xmm |= in.kind[i] == Instruction.XMM || in.kind[i] == Instruction.YMM;
        }
        return xmm && !in.evex && in.mnemonic != Mnemonic.MASKMOVDQU && in.mnemonic != Mnemonic.VMASKMOVDQU;
    }

    private static boolean segment(Instruction in) {
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.SEGMENT) {
                return true;
            }
        }
        return false;
    }
}
