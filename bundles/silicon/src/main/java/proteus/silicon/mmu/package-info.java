/** Translation and memory access: the TLB, the page walkers in one and two dimensions, host memory (SDM 3A ch. 4, 3C ch. 29). */
package proteus.silicon.mmu;
