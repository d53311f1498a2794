/* Numbers shared by the kit's C and assembly. Bits and selectors are named as in the Intel SDM. */
#ifndef KIT_LAYOUT_H
#define KIT_LAYOUT_H

#define UART_BASE 0x3f8
#define PORT_DEBUG_EXIT 0xf4 /* a write of v ends the VM with status (v << 1) | 1 */
#define PORT_BOCHS_SHUTDOWN 0x8900 /* "Shutdown" ends Bochs, iodev/unmapped.cc */
#define PORT_MARKER 0xf8     /* benchmark number at its start, number | MARKER_END at its end; QEMU's debug exit
                                claims 0xf4 to 0xf7 */
#define MARKER_END 0x80

#define BOOT_UNKNOWN 0
#define BOOT_MULTIBOOT 1
#define BOOT_PVH 2

/* The first MAP_MB MiB are identity-mapped with 4 KiB pages. */
#define MAP_MB 64

#define PTE_P 0x001
#define PTE_W 0x002
#define PTE_U 0x004
#define PTE_A 0x020
#define PTE_D 0x040
#define PTE_SOFT 0x200 /* bit 9: ignored by the processor, SDM 3A 4.3 */

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
#define CR4_TSD 0x004
#define CR4_PAE 0x020
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define EFER_SCE 0x001
#define EFER_LME 0x100
#define EFER_LMA 0x400

/* GDT of the kit. The order suits SYSCALL/SYSRET (SDM 2B) in 64-bit guests. */
#define SEL_KCODE 0x08
#define SEL_KDATA 0x10
#define SEL_UCODE32 0x18
#define SEL_UDATA 0x20
#ifdef __x86_64__
#define SEL_KCODE32_BOOT 0x18
#define SEL_UCODE 0x28
#define SEL_TSS 0x30
#else
#define SEL_KCODE32_BOOT 0x08
#define SEL_UCODE 0x18
#define SEL_TSS 0x28
#endif
#define VECTOR_SYSCALL 0x80

#endif
