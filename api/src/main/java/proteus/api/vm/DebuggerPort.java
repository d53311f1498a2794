package proteus.api.vm;

import org.osgi.annotation.versioning.ConsumerType;

/** Lets debuggers reach VMs over the network; a service. */
@ConsumerType
public interface DebuggerPort {
    /**
     * Listens for a debugger of a VM. A VM that was not started yet waits until the debugger lets it go on.
     *
     * @param where {@code [HOST:]PORT[,ARCHITECTURE]}, the loopback interface without a host, any free port for 0
     * @throws VmException with one sentence: no address, port in use
     */
    Opened open(VirtualMachine vm, String where);

    /** An open port. */
    interface Opened extends AutoCloseable {
        /** Host and port for the debugger. */
        String address();

        /** Waits until no debugger looks at the VM. */
        void awaitFree() throws InterruptedException;

        /** Cuts the debugger off; the VM stays as it is. */
        @Override
        void close();
    }
}
