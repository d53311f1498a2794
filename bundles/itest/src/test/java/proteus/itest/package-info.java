/** Tests of what is delivered: the bundles of the distribution's image, in a real framework. */
package proteus.itest;
