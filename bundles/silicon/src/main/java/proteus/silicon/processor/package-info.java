/** The silicon service and its processors: what the units are assembled into. */
package proteus.silicon.processor;
