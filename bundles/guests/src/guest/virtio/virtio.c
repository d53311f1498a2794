/* Drives each virtio device there is over MMIO: writes to the console, to a disk and back, takes entropy, serves the balloon. [balloon=1] */
#include "virtio.h"

#define SECTOR 512u
#define BALLOON_PAGES 4096u /* the last 16 MiB of the kit's map */
#define BALLOON_FIRST ((word)(MAP_MB << 20) / 4096 - BALLOON_PAGES)
#define CHUNK 256u

static struct virtio devices[DEVICES];

static void must(int good, const char *what)
{
    if (!good) {
        print("%s failed\n", what);
        leave(3);
    }
}

static void console(struct virtio *device)
{
    static const char line[] = "console: a line through its transmit queue\r\n";
    struct buffer chain = {line, sizeof line - 1, 0};
    must(virtio_start(device, 2), "the console");
    must(virtio_do(device, 1, &chain, 1) == 0, "a line");
}

static void entropy(struct virtio *device)
{
    static u8 bytes[64];
    struct buffer chain = {bytes, sizeof bytes, 1};
    must(virtio_start(device, 1), "the source of entropy");
    long got = virtio_do(device, 0, &chain, 1);
    must(got > 0 && got <= (long)sizeof bytes, "taking entropy");
    u32 ones = 0;
    for (long i = 0; i < got; i++)
        for (u8 b = bytes[i]; b; b &= (u8)(b - 1))
            ones++;
    /* 8 standard deviations of 512 fair bits. */
    must(ones > 256 - 91 && ones < 256 + 91, "fairness");
    print("entropy: %ld bytes, neither zeros nor ones\n", got);
}

static int transfer(struct virtio *device, u32 type, u64 sector, u8 *data, u32 bytes)
{
    static struct {
        u32 type, reserved;
        u64 sector;
    } header;
    static u8 status;
    header.type = type;
    header.sector = sector;
    status = 0xff;
    struct buffer chain[] = {{&header, sizeof header, 0}, {data, bytes, type == 0}, {&status, 1, 1}};
    return virtio_do(device, 0, chain, 3) == (type == 0 ? (long)bytes : 0) + 1 && status == 0;
}

static void block(struct virtio *device)
{
    static u8 saved[8 * SECTOR], written[8 * SECTOR], read[8 * SECTOR];
    must(virtio_start(device, 1), "the disk");
    u64 sectors = virtio_config32(device, 0) | (u64)virtio_config32(device, 4) << 32;
    must(sectors >= 8, "a disk of 4 KiB");
    u64 at = sectors - 8;
    must(transfer(device, 0, at, saved, sizeof saved), "reading");
    for (u32 i = 0; i < sizeof written; i++)
        written[i] = (u8)(i * 7 + (i >> 8));
    must(transfer(device, 1, at, written, sizeof written), "writing");
    must(transfer(device, 0, at, read, sizeof read) && memcmp(written, read, sizeof read) == 0, "reading what was written");
    must(transfer(device, 1, at, saved, sizeof saved), "writing back");
    must(!transfer(device, 0, sectors, read, sizeof read), "the refusal of a sector behind the end");
    print("block: %lu KiB, 4 KiB at its end written, read and put back\n", (unsigned long)(sectors / 2));
}

/* Pages from the end of the map on, by their numbers. */
static void move(struct virtio *device, int queue, u32 from, u32 to)
{
    static u32 numbers[CHUNK];
    while (from < to) {
        u32 n = 0;
        for (; n < CHUNK && from < to; n++, from++)
            numbers[n] = (u32)BALLOON_FIRST + from;
        struct buffer chain = {numbers, n * 4, 0};
        must(virtio_do(device, queue, &chain, 1) == 0, "moving pages");
    }
}

/* Does what the host asks until it has all back. */
static void balloon(struct virtio *device)
{
    must(virtio_start(device, 2), "the balloon");
    if (!option_number("balloon", 0)) {
        print("balloon: %u pages asked for\n", virtio_config32(device, 0));
        return;
    }
    /* The host has given frames to what was written. */
    for (word page = BALLOON_FIRST; page < BALLOON_FIRST + BALLOON_PAGES; page++)
        *(volatile u32 *)(page * 4096) = (u32)page;
    print("balloon: waiting for the host\n");
    for (u32 held = 0, most = 0;;) {
        u32 asked = virtio_config32(device, 0);
        if (asked > BALLOON_PAGES)
            asked = BALLOON_PAGES;
        if (asked > held)
            move(device, 0, held, asked);
        if (asked < held)
            move(device, 1, asked, held);
        if (asked != held) {
            held = asked;
            virtio_set_config32(device, 4, held);
            print("balloon: holds %u pages\n", held);
            most = held > most ? held : most;
        }
        if (most && !held)
            break;
        for (int i = 0; i < 1000; i++)
            __asm__ volatile("pause");
    }
    /* A page that was given away is there again, with nothing in it. */
    for (word page = BALLOON_FIRST; page < BALLOON_FIRST + 16; page++) {
        volatile u32 *p = (volatile u32 *)(page * 4096);
        must(*p == 0, "an empty page");
        *p = (u32)page;
        must(*p == (u32)page, "a page");
    }
    print("balloon: the pages are back\n");
}

int guest_main(void)
{
    int count = virtio_find(devices);
    print("virtio: %d devices over MMIO\n", count);
    for (int i = 0; i < count; i++)
        switch (devices[i].type) {
        case TYPE_CONSOLE: console(&devices[i]); break;
        case TYPE_ENTROPY: entropy(&devices[i]); break;
        case TYPE_BLOCK: block(&devices[i]); break;
        case TYPE_BALLOON: balloon(&devices[i]); break;
        default: print("a device of type %u, left alone\n", devices[i].type);
        }
    print("virtio: done\n");
    return 0;
}
