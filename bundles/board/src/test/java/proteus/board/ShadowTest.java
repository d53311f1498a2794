package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** i440FX (Intel 290549-001), 3.2.18: the PAM registers, and what a board leaves to the firmware in its ROM. */
class ShadowTest {
    private final List<String> given = new ArrayList<>();
    private final FakeMachine machine =
            new FakeMachine((gpa, bytes, readRam, writeRam) -> given.add("%x %x %s%s".formatted(gpa, bytes, readRam ? "r" : "-", writeRam ? "w" : "-")));

    private void pam(int register, int value) {
        given.clear();
        machine.outDouble(0xcf8, 0x8000_0000 | register & ~3);
        machine.out(0xcfc + (register & 3), value);
    }

    @Test
    void theBiosAreaIsInTheUpperHalfOfTheFirstRegister() {
        pam(0x59, 0x30);
        assertEquals(List.of("f0000 10000 rw"), given);
        pam(0x59, 0x10);
        assertEquals(List.of("f0000 10000 r-"), given);
    }

    @Test
    void eachOtherRegisterHasTwoPiecesOf16KiB() {
        pam(0x5a, 0x31);
        assertEquals(List.of("c0000 4000 r-", "c4000 4000 rw"), given);
        pam(0x5f, 0x02);
        assertEquals(List.of("e8000 4000 -w", "ec000 4000 --"), given);
    }

    @Test
    void firmwareFindsTheMemoryMapAndNoTables() {
        byte[] before = machine.memory.ram.clone();
        var data = machine.board.installTables(true);
        assertEquals(0, data.rsdp());
        assertEquals(1, data.map().size());
        assertTrue(java.util.Arrays.equals(before, machine.memory.ram), "nothing is written to memory");
        machine.outWord(0x510, 0x19);
        StringBuilder directory = new StringBuilder();
        for (int i = 0; i < 4 + 64 * 4; i++) {
            directory.append((char) machine.in(0x511));
        }
        assertTrue(directory.toString().contains("etc/e820"), directory.toString());
    }

    @Test
    void itemsOfTheArchitectureAreNotThoseOfTheSignature() {
        machine.outWord(0x510, 0x8000);
        assertEquals(0, machine.in(0x511));
        machine.outWord(0x510, 0x0000);
        assertEquals('Q', machine.in(0x511));
    }

    @Test
    void theHostBridgeIsTheOneFirmwareKnows() {
        machine.outDouble(0xcf8, 0x8000_002c);
        assertEquals(0x1100_1af4, machine.inDouble(0xcfc));
    }

    @Test
    void firmwareDoesNotSetUpSystemManagementMode() {
        machine.outDouble(0xcf8, 0x8000_0b58);
        assertEquals(0x0200_0000, machine.inDouble(0xcfc) & 0x0200_0000);
    }
}
