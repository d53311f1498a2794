/* Vectors of the system kernels, for C and assembly. */
#ifndef VECTORS_H
#define VECTORS_H
#define YIELD_VECTOR 0x81
#define UNMAP_VECTOR 0x82
#define NULL_VECTOR 0x83
#endif
