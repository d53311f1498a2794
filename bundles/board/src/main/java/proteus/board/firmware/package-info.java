/**
 * What firmware gives a guest: ACPI tables (ACPI 6.5, chapters 5 and 20 for AML), MultiProcessor tables (Intel 242016-006,
 * version 1.4), the E820 memory map, the BIOS data area, and fw_cfg (QEMU docs/specs/fw_cfg).
 */
package proteus.board.firmware;
