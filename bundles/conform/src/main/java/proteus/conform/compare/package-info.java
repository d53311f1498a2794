/** What may differ by the manual, and the comparison of two outcomes. */
package proteus.conform.compare;
