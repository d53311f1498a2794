/* Virtio 1.2 over MMIO (4.2) with split virtqueues (2.7), driven by polling. */
#ifndef VIRTIO_H
#define VIRTIO_H

#include "kit.h"

enum { TYPE_BLOCK = 2, TYPE_CONSOLE = 3, TYPE_ENTROPY = 4, TYPE_BALLOON = 5 };
enum { QUEUE_ENTRIES = 8, DEVICES = 4 };

struct buffer {
    const void *at;
    u32 bytes;
    int device_writes;
};

struct virtio {
    u32 type;
    u32 registers; /* physical address, 0 where nothing is */
    struct queue {
        u16 offered, seen;
        int made;
    } queues[2];
    int index;
};

/* Finds what is at the addresses that the board gives; fills at most DEVICES of them and gives their number. */
int virtio_find(struct virtio devices[DEVICES]);
/* Initialises a device with its queues (3.1.1). 0 when it refuses. */
int virtio_start(struct virtio *device, int queues);
u8 virtio_config8(struct virtio *device, int offset);
u32 virtio_config32(struct virtio *device, int offset);
void virtio_set_config32(struct virtio *device, int offset, u32 value);
/* Offers one chain, notifies, waits for it and gives what the device wrote in bytes; -1 when it does not come back. */
long virtio_do(struct virtio *device, int queue, const struct buffer *chain, int count);

#endif
