/* The transport and the rings. */
#include "virtio.h"

#define FIRST 0xfed20000u
#define STRIDE 0x200u
#define LARGEST_WAIT 10000000

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SELECT = 0x014, DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024, QUEUE_SELECT = 0x030, QUEUE_SIZE_MOST = 0x034, QUEUE_SIZE = 0x038, QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060, INTERRUPT_ACKNOWLEDGE = 0x064, STATUS = 0x070, QUEUE_DESCRIPTORS = 0x080, QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0, CONFIGURATION = 0x100
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };
enum { NEXT = 1, WRITE = 2 };
#define VERSION_1_HIGH 1u /* feature bit 32 */

static struct rings {
    /* Alignment: 2.7. */
    struct {
        u64 address;
        u32 bytes;
        u16 flags, next;
    } descriptors[QUEUE_ENTRIES] __attribute__((aligned(16)));
    struct {
        u16 flags, index, ring[QUEUE_ENTRIES];
    } available;
    struct {
        u16 flags, index;
        struct {
            u32 id, bytes;
        } ring[QUEUE_ENTRIES];
    } used __attribute__((aligned(4)));
} rings[DEVICES][2];

static word mmio_directory[512] __attribute__((aligned(4096)));
static word mmio_table[512] __attribute__((aligned(4096)));
extern word boot_pdpt[];

static u32 get(struct virtio *device, u32 at) { return *(volatile u32 *)(word)(device->registers + at); }
static void put(struct virtio *device, u32 at, u32 value) { *(volatile u32 *)(word)(device->registers + at) = value; }

static void put_address(struct virtio *device, u32 at, const void *p)
{
    put(device, at, (u32)(word)p);
    put(device, at + 4, (u32)((word)p >> 32));
}

/* The kit maps the first 64 MiB only. */
static void map_registers(void)
{
    mmio_table[FIRST >> 12 & 511] = FIRST | PTE_P | PTE_W;
    mmio_directory[FIRST >> 21 & 511] = (word)mmio_table | PTE_P | PTE_W;
    boot_pdpt[FIRST >> 30] = (word)mmio_directory | PTE_P | PTE_W;
}

int virtio_find(struct virtio devices[DEVICES])
{
    map_registers();
    int found = 0;
    for (u32 slot = 0; slot < DEVICES; slot++) {
        struct virtio d = {.registers = FIRST + slot * STRIDE, .index = found};
        if (get(&d, MAGIC) != 0x74726976 || get(&d, VERSION) != 2)
            continue;
        d.type = get(&d, DEVICE_ID);
        if (d.type)
            devices[found++] = d;
    }
    return found;
}

static int queue_start(struct virtio *device, int index)
{
    struct rings *r = &rings[device->index][index];
    memset(r, 0, sizeof *r);
    put(device, QUEUE_SELECT, (u32)index);
    if (get(device, QUEUE_READY) || get(device, QUEUE_SIZE_MOST) < QUEUE_ENTRIES)
        return 0;
    put(device, QUEUE_SIZE, QUEUE_ENTRIES);
    put_address(device, QUEUE_DESCRIPTORS, r->descriptors);
    put_address(device, QUEUE_DRIVER, &r->available);
    put_address(device, QUEUE_DEVICE, &r->used);
    put(device, QUEUE_READY, 1);
    device->queues[index] = (struct queue){.made = 1};
    return 1;
}

int virtio_start(struct virtio *device, int queues)
{
    put(device, STATUS, 0);
    put(device, STATUS, ACKNOWLEDGE);
    put(device, STATUS, ACKNOWLEDGE | DRIVER);
    put(device, DEVICE_FEATURES_SELECT, 1);
    if (!(get(device, DEVICE_FEATURES) & VERSION_1_HIGH))
        return 0;
    put(device, DRIVER_FEATURES_SELECT, 0);
    put(device, DRIVER_FEATURES, 0);
    put(device, DRIVER_FEATURES_SELECT, 1);
    put(device, DRIVER_FEATURES, VERSION_1_HIGH);
    put(device, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    if (!(get(device, STATUS) & FEATURES_OK))
        return 0;
    for (int i = 0; i < queues; i++)
        if (!queue_start(device, i))
            return 0;
    put(device, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
    return get(device, STATUS) == (ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
}

u8 virtio_config8(struct virtio *device, int offset) { return *(volatile u8 *)(word)(device->registers + CONFIGURATION + (u32)offset); }
u32 virtio_config32(struct virtio *device, int offset) { return get(device, CONFIGURATION + (u32)offset); }
void virtio_set_config32(struct virtio *device, int offset, u32 value) { put(device, CONFIGURATION + (u32)offset, value); }

long virtio_do(struct virtio *device, int index, const struct buffer *chain, int count)
{
    struct rings *r = &rings[device->index][index];
    struct queue *queue = &device->queues[index];
    for (int i = 0; i < count; i++) {
        r->descriptors[i].address = (word)chain[i].at;
        r->descriptors[i].bytes = chain[i].bytes;
        r->descriptors[i].flags = (u16)((i + 1 < count ? NEXT : 0) | (chain[i].device_writes ? WRITE : 0));
        r->descriptors[i].next = (u16)(i + 1);
    }
    r->available.ring[queue->offered++ % QUEUE_ENTRIES] = 0;
    __atomic_store_n(&r->available.index, queue->offered, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    put(device, QUEUE_NOTIFY, (u32)index);
    for (int tries = 0; __atomic_load_n(&r->used.index, __ATOMIC_ACQUIRE) == queue->seen; tries++) {
        if (tries == LARGEST_WAIT)
            return -1;
        __asm__ volatile("pause");
    }
    u32 bytes = r->used.ring[queue->seen++ % QUEUE_ENTRIES].bytes;
    put(device, INTERRUPT_ACKNOWLEDGE, get(device, INTERRUPT_STATUS));
    return (long)bytes;
}
