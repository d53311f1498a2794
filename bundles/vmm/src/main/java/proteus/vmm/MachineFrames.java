package proteus.vmm;

/** A VM's frames, and who finds more for it. */
record MachineFrames(GuestFrames own, HostMemories host) {}
