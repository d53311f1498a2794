/** The rules of the house plan (docs/architecture.md) about who may use whom. */
package proteus.archtest;
