package proteus.io.emul.vga;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import proteus.api.io.TextScreen;
import proteus.tck.fake.FakePc;

class VgaTest {
    private static final long TEXT = 0xb_8000;
    private static final long GRAPHICS = 0xa_0000;

    private final FakePc pc = new FakePc();
    private final Vga vga = new Vga(pc);

    private void type(int row, int column, String text) {
        for (int i = 0; i < text.length(); i++) {
            pc.mmio.write(TEXT + 2 * (80L * row + column + i), 2, 0x0700 | text.charAt(i));
        }
    }

    private void crtc(int index, int value) {
        pc.out(0x3d4, 2, value << 8 | index);
    }

    private void sequencer(int index, int value) {
        pc.out(0x3c4, 2, value << 8 | index);
    }

    private void graphics(int index, int value) {
        pc.out(0x3ce, 2, value << 8 | index);
    }

    /** Mode 12h: four planes at 0xa0000, no odd and even. */
    private void planar() {
        sequencer(4, 0x06);
        sequencer(2, 0x0f);
        graphics(5, 0x00);
        graphics(6, 0x05);
    }

    @Test
    void powersOnWithABlankTextScreen() {
        TextScreen.Snapshot screen = vga.snapshot();
        assertEquals(80, screen.columns());
        assertEquals(25, screen.rows());
        assertEquals("", screen.text());
        assertEquals(0, screen.cursorColumn());
        assertEquals(0, screen.cursorRow());
        assertEquals(' ', pc.mmio.read(TEXT, 1));
        assertEquals(0x07, pc.mmio.read(TEXT + 1, 1));
    }

    @Test
    void whatIsWrittenToTextMemoryIsOnTheScreen() {
        type(2, 10, "hello");
        assertEquals("\n\n          hello\n", vga.snapshot().text());
    }

    @Test
    void frameCharactersOfCodePage437AreUnicode() {
        pc.mmio.write(TEXT, 1, 0xda);
        pc.mmio.write(TEXT + 2, 1, 0xc4);
        pc.mmio.write(TEXT + 4, 1, 0xbf);
        assertEquals("┌─┐\n", vga.snapshot().text());
    }

    @Test
    void theStartAddressScrolls() {
        type(1, 0, "second");
        crtc(0x0c, 0);
        crtc(0x0d, 80);
        assertEquals("second\n", vga.snapshot().text());
    }

    @Test
    void theCursorIsWhereItsRegistersSayUnlessItIsOff() {
        int at = 3 * 80 + 7;
        crtc(0x0e, at >> 8);
        crtc(0x0f, at & 0xff);
        assertEquals(7, vga.snapshot().cursorColumn());
        assertEquals(3, vga.snapshot().cursorRow());
        crtc(0x0a, 0x20);
        assertEquals(-1, vga.snapshot().cursorColumn());
    }

    @Test
    void graphicsModesHaveNoText() {
        planar();
        assertTrue(vga.snapshot().graphics());
    }

    @Test
    void crtcRegistersBelowEightAreProtectedButLineCompare() {
        crtc(0x01, 39);
        assertEquals(80, vga.snapshot().columns());
        crtc(0x07, 0x0f);
        pc.out(0x3d4, 0x07);
        assertEquals(0x0f, pc.in(0x3d5), "bit 4 is not protected");
        crtc(0x11, 0x0e);
        crtc(0x01, 39);
        assertEquals(40, vga.snapshot().columns());
    }

    @Test
    void writeModeZeroWritesThePlanesOfTheMapMaskThroughTheBitMask() {
        planar();
        sequencer(2, 0x05);
        pc.mmio.write(GRAPHICS, 1, 0xff);
        sequencer(2, 0x0f);
        pc.mmio.read(GRAPHICS, 1);
        graphics(8, 0x0f);
        pc.mmio.write(GRAPHICS, 1, 0x00);
        for (int plane = 0; plane < 4; plane++) {
            graphics(4, plane);
            assertEquals((plane & 1) == 0 ? 0xf0 : 0x00, pc.mmio.read(GRAPHICS, 1), "plane " + plane);
        }
    }

    @Test
    void writeModeOneCopiesTheLatches() {
        planar();
        graphics(5, 2);
        pc.mmio.write(GRAPHICS, 1, 0x9);
        pc.mmio.read(GRAPHICS, 1);
        graphics(5, 1);
        pc.mmio.write(GRAPHICS + 5, 1, 0);
        graphics(4, 3);
        assertEquals(0xff, pc.mmio.read(GRAPHICS + 5, 1));
        graphics(4, 2);
        assertEquals(0, pc.mmio.read(GRAPHICS + 5, 1));
    }

    @Test
    void writeModeThreeUsesTheDataAsMask() {
        planar();
        graphics(0, 0x4);
        graphics(5, 3);
        pc.mmio.write(GRAPHICS, 1, 0x3c);
        graphics(4, 2);
        assertEquals(0x3c, pc.mmio.read(GRAPHICS, 1));
    }

    @Test
    void setResetAndFunctionsCombine() {
        planar();
        pc.mmio.write(GRAPHICS, 1, 0xcc);
        pc.mmio.read(GRAPHICS, 1);
        graphics(3, 0x18);
        pc.mmio.write(GRAPHICS, 1, 0xaa);
        assertEquals(0xcc ^ 0xaa, pc.mmio.read(GRAPHICS, 1));
        graphics(3, 0x01);
        pc.mmio.write(GRAPHICS, 1, 0x01);
        assertEquals(0x80, pc.mmio.read(GRAPHICS, 1), "rotated");
        graphics(1, 0x0f);
        graphics(0, 0x01);
        pc.mmio.write(GRAPHICS, 1, 0);
        assertEquals(0xff, pc.mmio.read(GRAPHICS, 1), "set");
    }

    @Test
    void readModeOneComparesColours() {
        planar();
        graphics(5, 2);
        graphics(8, 0xf0);
        pc.mmio.write(GRAPHICS, 1, 0x6);
        graphics(5, 8);
        graphics(2, 0x6);
        graphics(7, 0xf);
        assertEquals(0xf0, pc.mmio.read(GRAPHICS, 1));
    }

    @Test
    void chainFourSpreadsBytesOverPlanes() {
        planar();
        sequencer(4, 0x0e);
        pc.mmio.write(GRAPHICS, 4, 0x44332211L);
        assertEquals(0x44332211L, pc.mmio.read(GRAPHICS, 4));
        sequencer(4, 0x06);
        graphics(4, 2);
        assertEquals(0x33, pc.mmio.read(GRAPHICS, 1));
    }

    @Test
    void outsideItsWindowMemoryDoesNotAnswer() {
        assertEquals(0xff, pc.mmio.read(GRAPHICS, 1));
        pc.out(0x3c2, 0x65);
        assertEquals(0xff, pc.mmio.read(TEXT, 1), "memory disabled");
    }

    @Test
    void thePaletteCountsThroughItsColours() {
        pc.out(0x3c8, 5);
        for (int value : new int[] {0x11, 0x22, 0x33, 0x3f}) {
            pc.out(0x3c9, value);
        }
        pc.out(0x3c7, 5);
        assertEquals(0x11, pc.in(0x3c9));
        assertEquals(0x22, pc.in(0x3c9));
        assertEquals(0x33, pc.in(0x3c9));
        assertEquals(0x3f, pc.in(0x3c9));
    }

    @Test
    void readingStatusOneResetsTheAttributeFlipFlop() {
        pc.out(0x3c0, 0x31);
        pc.in(0x3da);
        pc.out(0x3c0, 0x30);
        pc.out(0x3c0, 0x0c);
        pc.in(0x3da);
        pc.out(0x3c0, 0x30);
        assertEquals(0x0c, pc.in(0x3c1));
    }

    @Test
    void retraceComesSeventyTimesASecond() {
        int rises = 0;
        boolean before = false;
        for (int i = 0; i < 100_000; i++) {
            pc.pass(10_000);
            boolean now = (pc.in(0x3da) & 8) != 0;
            rises += now && !before ? 1 : 0;
            before = now;
        }
        assertEquals(70, rises, 1);
    }

    @Test
    void inMonochromeTheColourPortsAreSilent() {
        pc.out(0x3c2, 0x66);
        assertEquals(0xff, pc.in(0x3d4));
        pc.out(0x3b4, 0x0f);
        assertEquals(0x0f, pc.in(0x3b4));
    }

    @Test
    void stateTravelsToAnotherVga() {
        type(0, 0, "state");
        crtc(0x0f, 5);
        pc.out(0x3c0, 0x31);
        byte[] state = vga.exportState();
        Vga other = new Vga(new FakePc());
        other.importState(state);
        assertEquals(vga.snapshot(), other.snapshot());
        assertArrayEquals(state, other.exportState());
    }

    @Test
    void truncatedStateIsRefusedWithASentence() {
        var refused = assertThrows(IllegalArgumentException.class, () -> vga.importState(new byte[] {1, 2, 3}));
        assertEquals("The state of the VGA ends too early.", refused.getMessage());
    }

    @Test
    void noGuestInputMakesAnException() {
        Random random = new Random(11);
        for (int i = 0; i < 300_000; i++) {
            int port = 0x3b0 + random.nextInt(0x30);
            int size = 1 << random.nextInt(3);
            switch (random.nextInt(6)) {
                case 0 -> pc.in(port, size);
                case 1 -> pc.mmio.write(GRAPHICS + random.nextInt(0x1fff8), size, random.nextLong());
                case 2 -> pc.mmio.read(GRAPHICS + random.nextInt(0x1fff8), size);
                case 3 -> pc.pass(random.nextInt(1_000_000));
                default -> pc.out(port, size, random.nextInt());
            }
            if (i % 1000 == 0) {
                vga.snapshot();
            }
        }
    }
}
