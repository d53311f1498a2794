/** Every composition of the design, and what guests do under those that can be built. */
package proteus.shell.compositions;
