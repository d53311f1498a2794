/* Selectors and vectors of the rings guest, for C and assembly. The first five are the kit's. */
#ifndef RINGS_H
#define RINGS_H
#include "layout.h"
#define CODE1 0x30
#define DATA1 0x38
#define CONFORMING0 0x40
#define EXECUTE_ONLY3 0x48
#define READ_ONLY3 0x50
#define LDT 0x58
#define GATE_TO_0 0x60        /* call gate, DPL 3, target ring 0 */
#define GATE_TO_1 0x68        /* call gate, DPL 3, two parameters, target ring 1 */
#define GATE_INNER 0x70       /* call gate, DPL 0, target ring 0 */
#define NOT_PRESENT3 0x78
#define SMALL3 0x80           /* limit 15 bytes */
#define TSS_OTHER 0x88
#define STRAY_INT_GATE 0x90   /* an interrupt gate has no business in the GDT */
#define EXPAND_DOWN3 0x98
#define TASK_GATE 0xa0
#define OUT_OF_GDT 0x200

#define INT_DPL0 0x40
#define INT_DPL1 0x41
#define INT_ABSENT 0x42
#define INT_TO_0 0x43         /* walk: DPL 3 interrupt gate to ring 0 */
#define INT_TO_1 0x44         /* walk: DPL 3 interrupt gate to ring 1 */
#define INT_DONE 0x45

#define FLAG_IF 0x200
#define FLAG_NT 0x4000
#define FLAG_VM 0x20000
#define IOPL(n) ((n) << 12)

#define V86_BASE 0x7000
#endif
