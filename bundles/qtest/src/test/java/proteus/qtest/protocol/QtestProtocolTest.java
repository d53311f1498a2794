package proteus.qtest.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Answers are compared letter by letter: clients parse them so. */
class QtestProtocolTest {
    private final FakeMachine machine = new FakeMachine();
    private final List<String> sent = new ArrayList<>();
    private final QtestProtocol protocol = new QtestProtocol(machine.present(), sent::add);

    private String ask(String request) {
        sent.clear();
        protocol.request(request);
        return String.join("\n", sent);
    }

    @Test
    void ports() {
        assertEquals("OK", ask("outb 0x70 0xa"));
        assertEquals("OK", ask("outw 0x510 4660"));
        assertEquals("OK", ask("outl 0xcf8 0x80000000"));
        assertEquals("OK 0x000a", ask("inb 0x70"));
        assertEquals("OK 0x1234", ask("inw 0x510"));
        assertEquals("OK 0x80000000", ask("inl 0xcf8"));
        assertEquals(List.of("out1 70 a", "out2 510 1234", "out4 cf8 80000000", "in1 70", "in2 510", "in4 cf8"), machine.accesses);
    }

    @Test
    void memoryByWidth() {
        assertEquals("OK", ask("writeq 0x1000 0x8877665544332211"));
        assertEquals("OK 0x0000000000000011", ask("readb 0x1000"));
        assertEquals("OK 0x0000000000002211", ask("readw 0x1000"));
        assertEquals("OK 0x0000000044332211", ask("readl 0x1000"));
        assertEquals("OK 0x8877665544332211", ask("readq 0x1000"));
        ask("writeb 0x1000 0xaa");
        ask("writew 0x1002 0xbbcc");
        ask("writel 0x1004 010");
        assertEquals("OK 0x00000008bbcc22aa", ask("readq 0x1000"));
    }

    @Test
    void blocks() {
        assertEquals("OK", ask("write 0x10 0x4 0xdeadbeef"));
        assertEquals("OK 0xdeadbeef00", ask("read 0x10 0x5"));
        assertEquals("OK", ask("write 0x10 0x3 0x01"));
        assertEquals("OK 0x010000ef", ask("read 0x10 0x4"));
        assertEquals("OK", ask("memset 0x20 0x3 0x5a"));
        assertEquals("OK WlpaAA==", ask("b64read 0x20 0x4"));
        assertEquals("OK", ask("b64write 0x30 0x3 AQID"));
        assertEquals("OK 0x010203", ask("read 0x30 0x3"));
        assertEquals("ERR invalid argument size", ask("write 0x10 0x4 0x"));
    }

    @Test
    void timeMovesOnlyWhenAsked() {
        assertEquals("OK 100", ask("clock_step"));
        assertEquals("OK 150", ask("clock_step 50"));
        assertEquals("OK 200", ask("clock_step"));
        assertEquals("OK 1000", ask("clock_set 1000"));
        assertEquals("OK 1000", ask("clock_set 10"));
    }

    @Test
    void interruptsAreToldOnceTheyAreIntercepted() {
        assertEquals("OK 100", ask("clock_step"));
        assertEquals("OK", ask("irq_intercept_in ioapic"));
        assertEquals("IRQ raise 4\nIRQ lower 4\nIRQ raise 4\nIRQ lower 4\nOK 300", ask("clock_step 200"));
        assertEquals("IRQ raise 9\nOK", ask("set_irq_in ioapic unnamed-gpio-in 9 1"));
        assertEquals("OK", ask("set_irq_in ioapic unnamed-gpio-in 9 1"));
        assertEquals("IRQ lower 9\nOK", ask("set_irq_in ioapic unnamed-gpio-in 9 0"));
        assertEquals("OK", ask("set_irq_in ioapic unnamed-gpio-in 7 0"), "a line that was never high");
        assertEquals("FAIL Unknown device", ask("irq_intercept_in /machine/nobody"));
    }

    @Test
    void whatCannotBeUnderstoodIsAnswered() {
        assertEquals("OK little", ask("endianness"));
        assertEquals("FAIL Unknown command 'jump'", ask("jump 1 2"));
        assertEquals("FAIL Unknown command ''", ask(""));
        assertEquals("ERR inb lacks an argument", ask("inb"));
        assertEquals("ERR invalid number in 'inb seven'", ask("inb seven"));
        assertTrue(ask("read 0 0x7fffffffffffffff").startsWith("ERR a block has at most"));
        assertTrue(ask("b64write 0 1 !").startsWith("ERR "));
    }

    @Test
    void withoutAMachineOnlyTheByteOrderIsKnown() {
        QtestProtocol none = new QtestProtocol(Optional.empty(), sent::add);
        none.request("endianness");
        none.request("inb 0x70");
        assertEquals(List.of("OK little", "FAIL No machine"), sent);
    }
}
