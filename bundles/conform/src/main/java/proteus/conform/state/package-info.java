/** What a case consists of, where it lies in memory, and at which addresses it runs: the same on the host and on the model. */
package proteus.conform.state;
