/**
 * Guests made of Debian packages: a stock kernel image plus the test system around the busybox of the same architecture. Packages come
 * through the system's own package manager with private state, so that nothing of the system changes, and rest in a cache outside the
 * source tree.
 */
package proteus.loader.debian;
