/** VMX non-root operation: the VMCS, VM-entry checks, what exits and with which information (SDM 3C, chapters 25 to 28). */
package proteus.silicon.vmx;
