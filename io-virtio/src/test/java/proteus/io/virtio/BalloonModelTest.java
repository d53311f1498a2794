package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.io.virtio.device.BalloonModel;

class BalloonModelTest {
    private static final long NUMBERS = 0x10000;
    private static final int INFLATE = 0;
    private static final int DEFLATE = 1;

    private final Driver driver = new Driver(BalloonModel::new);
    private final BalloonModel balloon = (BalloonModel) driver.core.model();

    private void send(int queue, int... pages) {
        for (int i = 0; i < pages.length; i++) {
            driver.ram.write32(NUMBERS + 4L * i, pages[i]);
        }
        driver.descriptor(driver.table(queue), 0, NUMBERS, 4L * pages.length, 0, 0);
        driver.offer(queue, 0);
        driver.kick(queue);
    }

    @Test
    void theDriverIsToldWhatIsAsked() {
        balloon.ask(1 << 20);
        assertFalse(balloon.driven());
        driver.start(0);
        assertTrue(balloon.driven());
        assertEquals(0, balloon.readConfiguration(0));
        assertEquals(1, balloon.readConfiguration(1), "256 pages");
        int generation = driver.core.generation();
        balloon.ask(2 << 20);
        balloon.ask(2 << 20);
        assertEquals(1, driver.configurationChanges);
        assertEquals(generation + 1, driver.core.generation());
        assertEquals(2, balloon.readConfiguration(1));
    }

    @Test
    void pagesGoAndComeBack() {
        driver.start(0);
        send(INFLATE, 3, 4, 5, 4);
        assertEquals(0, driver.take(INFLATE, 0));
        assertEquals(3 << 12, balloon.held(), "each page once");
        assertEquals(3, driver.counters.get(CountedEvent.PAGES_BALLOONED));
        assertEquals(List.of(INFLATE), driver.interrupts);
        send(DEFLATE, 4, 9);
        assertEquals(2 << 12, balloon.held());
        balloon.reset();
        assertEquals(0, balloon.held());
    }

    @Test
    void whoTakesOverKnowsWhatIsHeldAndGoesOnAsking() throws IOException {
        driver.start(0);
        balloon.ask(1 << 20);
        send(INFLATE, 3, 4, 63);
        ByteArrayOutputStream state = new ByteArrayOutputStream();
        driver.core.save(new DataOutputStream(state));

        Driver other = new Driver(BalloonModel::new);
        other.core.load(new DataInputStream(new ByteArrayInputStream(state.toByteArray())));
        BalloonModel successor = (BalloonModel) other.core.model();
        assertEquals(3 << 12, successor.held());
        assertEquals(1 << 20, successor.asked());
        assertEquals(1, successor.readConfiguration(1), "256 pages");
        assertTrue(successor.driven());
        successor.ask(2 << 20);
        assertEquals(1, other.configurationChanges, "the driver is told as before");
    }

    @Test
    void pagesThatAreNoMemoryAreIgnored() {
        driver.start(0);
        send(INFLATE, 0x7fff_ffff, -1, 0x40, 0x1000_0000);
        assertEquals(0, driver.take(INFLATE, 0));
        assertEquals(0, balloon.held());
        send(DEFLATE, -1, 0x7fff_ffff);
        assertFalse(driver.needsReset());
    }

    @Test
    void aRequestOfAnotherFormStopsTheDevice() {
        driver.start(0);
        driver.descriptor(driver.table(INFLATE), 0, NUMBERS, 6, 0, 0);
        driver.offer(INFLATE, 0);
        driver.kick(INFLATE);
        assertTrue(driver.needsReset());
    }
}
