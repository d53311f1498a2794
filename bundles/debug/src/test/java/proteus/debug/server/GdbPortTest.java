package proteus.debug.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import proteus.api.vm.DebuggerPort;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmException;
import proteus.api.vm.VmState;

class GdbPortTest {
    private final VirtualMachine vm = (VirtualMachine) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {VirtualMachine.class},
            (proxy, method, arguments) -> method.getName().equals("name") ? "test" : method.getName().equals("state") ? VmState.CREATED : null);

    @Test
    void aPortInUseIsSaidInOneSentenceWithAWayOut() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String message = assertThrows(VmException.class, () -> new GdbPort().open(vm, "" + taken.getLocalPort())).getMessage();
            assertTrue(message.contains(taken.getLocalPort() + "") && message.contains("choose another port") && message.lines().count() == 1, message);
        }
    }

    @Test
    void anyFreePortIsNamedAndFreeAgainAfterwards() throws Exception {
        GdbPort ports = new GdbPort();
        String address;
        try (DebuggerPort.Opened open = ports.open(vm, "0")) {
            address = open.address();
            open.awaitFree();
        }
        ports.open(vm, address).close();
        assertEquals(2, address.split(":").length);
    }
}
