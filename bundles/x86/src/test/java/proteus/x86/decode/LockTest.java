package proteus.x86.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** LOCK is #UD but before the instructions of its own page in the manual, with a memory destination (SDM vol. 2, LOCK). */
class LockTest {
    private static final Set<Mnemonic> LOCKABLE = EnumSet.of(Mnemonic.ADD, Mnemonic.ADC, Mnemonic.AND, Mnemonic.BTC, Mnemonic.BTR, Mnemonic.BTS,
        Mnemonic.CMPXCHG, Mnemonic.CMPXCHG8B, Mnemonic.CMPXCHG16B, Mnemonic.DEC, Mnemonic.INC, Mnemonic.NEG, Mnemonic.NOT, Mnemonic.OR, Mnemonic.SBB,
        Mnemonic.SUB, Mnemonic.XOR, Mnemonic.XADD, Mnemonic.XCHG);
    private static final int[][] MAPS = {{}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
    private static final int[] PREFIXES = {0, 0x66, 0xf2, 0xf3, 0x48};

    private final EnumSet<Mnemonic> locked = EnumSet.noneOf(Mnemonic.class);

    @Test
    void onlyReadModifyWritesOfMemoryMayBeLocked() {
        for (int mode : new int[] {16, 32, 64}) {
            for (int[] map : MAPS) {
                for (int prefix : PREFIXES) {
                    for (int opcode = 0; opcode < 256; opcode++) {
                        for (int modRm = 0; modRm < 256; modRm++) {
                            check(mode, map, prefix, opcode, modRm);
                        }
                    }
                }
            }
        }
        assertEquals(LOCKABLE, locked);
    }

    private void check(int mode, int[] map, int prefix, int opcode, int modRm) {
        byte[] code = new byte[16];
        int n = 0;
        code[n++] = (byte) 0xf0;
        if (prefix != 0) {
            code[n++] = (byte) prefix;
        }
        for (int escape : map) {
            code[n++] = (byte) escape;
        }
        code[n++] = (byte) opcode;
        code[n] = (byte) modRm;
        Instruction plain = new Instruction();
        Instruction withLock = new Instruction();
        Decoder.decode(i -> i + 1 < code.length ? code[i + 1] & 0xff : 0, mode, plain);
        Decoder.decode(i -> i < code.length ? code[i] & 0xff : 0, mode, withLock);
        boolean legal = LOCKABLE.contains(plain.mnemonic) && plain.kind[0] == Instruction.MEMORY;
        // a prefix, VEX or EVEX in the place of the opcode makes an instruction of what follows
        if (plain.lock || plain.vectorLength != 0) {
            return;
        }
        assertEquals(legal ? plain.mnemonic : Mnemonic.INVALID, withLock.mnemonic,
            () -> "mode %d, prefix %x, map %d, opcode %02x %02x: %s".formatted(mode, prefix, map.length, opcode, modRm, plain.mnemonic));
        if (legal) {
            locked.add(plain.mnemonic);
        }
    }
}
