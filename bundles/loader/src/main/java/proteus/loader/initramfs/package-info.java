/** The initial RAM disk of the test system: a deterministic cpio archive (format "newc", Linux Documentation/driver-api/early-userspace/buffer-format.rst) around a static busybox. */
package proteus.loader.initramfs;
