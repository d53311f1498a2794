package proteus.api.vm;

import org.osgi.annotation.versioning.ConsumerType;

/** Who wants to know of virtual machines; a service. */
@ConsumerType
public interface VmObserver {
    /** There is a VM: one that was just made, or was there when the observer came. On the thread that brought the news. */
    void appeared(VirtualMachine vm);
}
