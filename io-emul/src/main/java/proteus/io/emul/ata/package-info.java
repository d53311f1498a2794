/**
 * ATA disks and ATAPI CD-ROM drives (T13 1410D, ATA/ATAPI-6) behind the two IDE channels of a PIIX3 (Intel 290550-002, 2.3 and 3.2), with programmed
 * I/O and bus-master DMA. Transfers happen at once, when the guest asks for them.
 */
package proteus.io.emul.ata;
