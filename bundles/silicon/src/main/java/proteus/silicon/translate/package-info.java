/**
 * Guest code as host code: decoded blocks become x86-64 machine code in executable memory, with the guest's registers in host
 * registers and the modelled TLB probed in line. What is rare leaves the code, is executed by the shared semantics and goes
 * back in. Knows nothing of the engine that decides what is translated and when (package {@code exec}).
 */
package proteus.silicon.translate;
