/*
 * The two storms that page tables bring upon shadow paging: pages filled on demand, and pages copied on write. Each page is
 * touched once, so that every touch is a fault whose handler writes one PTE. Options: pages=N (256). Around each storm its number
 * goes to PORT_MARKER, with MARKER_END at its end.
 */
#include "kit.h"

/* The guest's own image and stack lie below. The page before it is of the same page table. */
#define FIRST 0x1001000u

void touch_pages(u64 pages, word first);
void fault_fill(void);
void fault_copy(void);

static u32 pages;

static void set_all(word bits)
{
    for (u32 i = 0; i < pages; i++) {
        word page = FIRST + i * 4096;
        *pte_of(page) = bits ? page | bits : 0;
    }
    write_cr3(read_cr3());
}

static u32 touched(void)
{
    u32 n = 0;
    for (u32 i = 0; i < pages; i++)
        n += *(volatile u8 *)(word)(FIRST + i * 4096);
    return n;
}

static void storm(int number, const char *name, void (*handler)(void))
{
    gate_set(14, handler, 0);
    out8(PORT_MARKER, (u8)number);
    touch_pages(pages, FIRST);
    out8(PORT_MARKER, (u8)(number | MARKER_END));
    print("  %-10s %u touches of %u pages\n", name, touched(), pages);
}

int guest_main(void)
{
    pages = option_number("pages", 256);
    if (pages == 0 || pages > 511)
        pages = 511;
    print("storm: each touch of a page is a fault\n");
    set_all(PTE_P | PTE_W | PTE_U | PTE_A | PTE_D);
    for (u32 i = 0; i < pages; i++)
        *(volatile u8 *)(word)(FIRST + i * 4096) = 0;

    /* The table must be known as a table before it is counted what a write to it costs: the page before is touched. */
    set_all(0);
    *(volatile u8 *)(FIRST - 4096) = 0;
    storm(1, "on demand", fault_fill);

    set_all(PTE_P | PTE_U | PTE_A);
    touched();
    storm(2, "on write", fault_copy);
    print("storm: done\n");
    return 0;
}
