/**
 * Paravirtualization: a guest whose kernel runs in ring 3, or 1 with 32 bits, and asks the hypervisor by hypercalls for what only ring 0 can do, and direct paging,
 * the memory technique that goes with it (Barham et al., SOSP 2003; Xen's public headers for x86).
 *
 * <p>{@link proteus.cpu.para.ParavirtualCpu} runs the vCPU; {@link proteus.cpu.para.FrameTable} and {@link proteus.cpu.para.PageTables} keep the guest from what is not its own;
 * {@link proteus.cpu.para.GuestMode} goes between its kernel and its programs; {@link proteus.cpu.para.Hypercalls} answers.
 */
package proteus.cpu.para;
