package proteus.cpu.full;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Sequences add to the count exactly by what they are longer than the one instruction they stand for. */
class TemplatesTest {
    /** What is executed of a sequence that comes through, and what it adds. */
    private record Length(int instructions, long surplus) {}

    private static Length length(boolean wide, Templates.Piece... pieces) {
        int count = 0;
        long surplus = -1;
        for (Templates.Piece piece : pieces) {
            boolean accounts = false;
            for (int at = 0; at < piece.bytes().length; ) {
                Instruction i = new Instruction();
                int start = at;
                at += Decoder.decode(offset -> piece.bytes()[start + offset] & 0xff, wide ? 64 : 32, i);
                if (i.mnemonic == Mnemonic.INT3) {
                    continue; // jumped over
                }
                count++;
                boolean loadsCount = i.mnemonic == Mnemonic.MOV && i.kind[1] == Instruction.MEMORY && (int) i.displacement == (int) Monitor.address(Monitor.COUNT, wide);
                if (accounts && i.mnemonic == Mnemonic.LEA) {
                    surplus = i.displacement;
                }
                accounts = loadsCount;
            }
        }
        return new Length(count, surplus);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everySequenceAccountsForItsLength(boolean wide) {
        Templates t = new Templates(wide);
        // The jump behind a call is one more, written by the translator; so is the load of an indirect branch's target.
        Length call = length(wide, t.save, t.push, t.callTail);
        assertEquals(call.surplus(), call.instructions());
        Length jump = length(wide, t.save, t.takeTarget, t.goJump, t.arrival);
        assertEquals(jump.surplus(), jump.instructions());
        Length indirectCall = length(wide, t.save, t.takeTarget, t.push, t.goCall, t.arrival);
        assertEquals(indirectCall.surplus(), indirectCall.instructions());
        List<Length> complete = Stream.of(
                        length(wide, t.save, t.popReturn, t.takeTarget, t.goReturn, t.arrival),
                        length(wide, t.save, t.popReturn, t.release, t.takeTarget, t.goReturnRelease, t.arrival),
                        length(wide, t.sti),
                        length(wide, t.pushf),
                        length(wide, t.popf))
                .toList();
        for (Length length : complete) {
            assertEquals(length.surplus(), length.instructions() - 1);
        }
        assertEquals(Templates.LONGEST_SURPLUS, Stream.concat(complete.stream(), Stream.of(call, jump, indirectCall)).mapToLong(Length::surplus).max().orElse(0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void cliIsOneInstruction(boolean wide) {
        assertEquals(new Length(1, -1), length(wide, new Templates(wide).cli));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theArrivalHasItsTrapWhereTheVmmCountsIt(boolean wide) {
        byte[] bytes = new Templates(wide).arrival.bytes();
        int before = 0;
        Instruction i = new Instruction();
        for (int at = 0; at < bytes.length; ) {
            int start = at;
            at += Decoder.decode(offset -> bytes[start + offset] & 0xff, wide ? 64 : 32, i);
            if (i.mnemonic == Mnemonic.INT3) {
                break;
            }
            before++;
        }
        assertEquals(Templates.ARRIVAL_TO_TRAP, before);
        assertEquals(Templates.ARRIVAL, length(wide, new Templates(wide).arrival).instructions());
    }
}
