package proteus.conform.cases;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;
import proteus.x86.asm.Assembler;
import proteus.x86.decode.Instruction;

class ReachTest {
    private static final int RAX = 0, RCX = 1, RSP = 4, RSI = 6, RDI = 7, SS = 2, DS = 3;
    private static final long FAR = Window.BASE + 0x2000_0000L;

    private final Cases cases = new Cases(1);

    @AfterEach
    void close() {
        cases.close();
    }

    @Test
    void anOperandMustLieInTheWindowOrFault() {
        Sample load = sample(Family.MOVE, "mov rdx, [rax+rcx*4]");
        assertTrue(confined(load, RAX, Window.DATA, RCX, 16));
        assertTrue(confined(load, RAX, 0x1234_8000_0000_0000L, RCX, 0));
        assertFalse(confined(load, RAX, Window.DATA, RCX, 0x10_0000));
        assertFalse(confined(load, RAX, Window.CONTROL, RCX, 0), "the harness's own page");
        assertFalse(confined(load, RAX, 0xffff_8000_0000_0000L, RCX, 0), "the kernel's half is for processors with 57-bit addresses the user's, too");
    }

    @Test
    void anOperandRelativeToRipThatPointsOutsideHasNoState() {
        Sample wild = sample(Family.ARITHMETIC, "adox rcx, [rip+0x5dcbcbfb]");
        assertEquals(Instruction.RIP, wild.decoded.base);
        assertFalse(Reach.confined(wild, cases, 0));
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> new States(1, false).fill(cases, 0, wild));
        assertTrue(e.getMessage().startsWith("no state keeps ADOX at 0x"), e.getMessage());
    }

    @Test
    void aTruncatedAddressIsJudgedAsTheProcessorTruncatesIt() {
        Sample narrow = sample(Family.MOVE, "mov rdx, [eax]");
        assertTrue(confined(narrow, RAX, 0x1234_8000_0000_0000L | Window.DATA));
        assertFalse(confined(narrow, RAX, 0x1234_8000_0000_0000L | FAR));
        Sample bits = sample(Family.BIT, "bt qword [eax], rcx");
        assertTrue(confined(bits, RAX, Window.DATA, RCX, 640));
        assertFalse(confined(bits, RAX, Window.DATA, RCX, 0x7ff0_0001_0000_0000L), "far away before it is truncated, anywhere after");
    }

    @Test
    void theBitOffsetCountsForTheAddress() {
        Sample bits = sample(Family.BIT, "bts qword [rax], rcx");
        assertTrue(confined(bits, RAX, FAR, RCX, (Window.DATA - FAR) * 8));
        assertFalse(confined(bits, RAX, Window.DATA, RCX, 0x100_0000L));
    }

    @Test
    void bothOperandsOfAStringCount() {
        Sample move = sample(Family.STRING, "rep movsb");
        assertTrue(confined(move, RSI, Window.DATA, RDI, Window.DATA));
        assertFalse(confined(move, RSI, FAR, RDI, Window.DATA));
        assertFalse(confined(move, RSI, Window.DATA, RDI, FAR));
    }

    @Test
    void fsIsTheHostsOwn() {
        assertFalse(confined(sample(Family.MOVE, "mov rdx, [fs:rax]"), RAX, Window.DATA));
    }

    @Test
    void inASegmentAnAddressStartsAtItsBaseAndEndsAtItsLimit() {
        Sample load = sample(Family.MOVE, Mode.PROTECTED, "mov edx, [eax]");
        select(DS, Segments.DATA_FLAT.selector());
        assertTrue(confined(load, RAX, Window.DATA));
        assertFalse(confined(load, RAX, FAR));
        select(DS, Segments.shortOnes().getFirst().selector());
        assertTrue(confined(load, RAX, Window.DATA - Window.BASE));
        assertTrue(confined(load, RAX, FAR), "beyond the limit it faults");
        assertFalse(confined(sample(Family.MOVE, Mode.PROTECTED, "mov edx, [ss:eax]"), RAX, FAR));
    }

    private void select(int register, int selector) {
        cases.setShort(Cases.SELECTORS + 2 * register, selector);
        cases.setShort(Cases.SELECTORS + 2 * SS, Segments.DATA_FLAT.selector());
    }

    @Test
    void aBranchThroughMemoryThatTheCaseDoesNotDescribeIsRefused() {
        Sample ret = sample(Family.CONTROL, "ret");
        assertFalse(confined(ret, RSP, Window.DATA));
        cases.set(Cases.PIECE_0, Window.DATA);
        cases.set(Cases.LENGTH_0, 8);
        cases.set(Cases.MEMORY, Window.slot(3) + Window.SLOT_TAIL);
        assertTrue(confined(ret, RSP, Window.DATA));
        cases.set(Cases.MEMORY, Window.slot(3));
        assertFalse(confined(ret, RSP, Window.DATA), "an instruction may stand there");
        assertTrue(confined(ret, RSP, Window.DATA_END + 512), "nothing can be popped there");
    }

    private boolean confined(Sample sample, long... registers) {
        for (int i = 0; i < registers.length; i += 2) {
            cases.set(Cases.GPRS + 8 * registers[i], registers[i + 1]);
        }
        return Reach.confined(sample, cases, 0);
    }

    private static Sample sample(Family family, String source) {
        return sample(family, Mode.LONG, source);
    }

    private static Sample sample(Family family, Mode mode, String source) {
        byte[] bytes = Assembler.assemble(source, mode.bits, Window.slot(0)).bytes();
        return new Sample(family, mode, Arrays.copyOf(bytes, Instruction.MAX_LENGTH), bytes.length, 0, 0, Window.slot(0));
    }
}
