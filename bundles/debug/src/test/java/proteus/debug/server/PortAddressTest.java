package proteus.debug.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import proteus.api.vm.VmException;
import proteus.debug.target.Architecture;

class PortAddressTest {
    @Test
    void aPortAloneIsOnTheLoopbackInterface() {
        PortAddress address = PortAddress.parse("1234");
        assertTrue(address.socket().getAddress().isLoopbackAddress());
        assertEquals(1234, address.socket().getPort());
        assertEquals(Optional.empty(), address.architecture());
    }

    @Test
    void hostAndArchitectureMayBeGiven() {
        PortAddress address = PortAddress.parse("0.0.0.0:0,i386");
        assertTrue(address.socket().getAddress().isAnyLocalAddress());
        assertEquals(Optional.of(Architecture.I386), address.architecture());
        assertEquals(1, PortAddress.parse("[::1]:1").socket().getPort());
    }

    @Test
    void whatIsWrongIsSaidInOneSentence() {
        for (String wrong : List.of("", "x", "-1", "65536", "host:", "1234,arm", "no.such.host.invalid:1")) {
            String message = assertThrows(VmException.class, () -> PortAddress.parse(wrong), wrong).getMessage();
            assertEquals(1, message.lines().count(), message);
        }
    }
}
