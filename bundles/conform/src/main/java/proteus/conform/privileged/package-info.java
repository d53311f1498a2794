/**
 * Privileged forms against oracles that nobody here wrote: cases in all modes and rings are made into firmware that runs on the model, on Bochs,
 * on QEMU and on {@code /dev/kvm}; what each machine's handler found is compared.
 */
package proteus.conform.privileged;
