/* Console on the first 16550A, polled; the ways to end a run. */
#include "kit.h"

enum { THR = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };

void console_init(void)
{
    out8(UART_BASE + IER, 0);
    out8(UART_BASE + LCR, 0x80); /* divisor latch */
    out8(UART_BASE + THR, 1);    /* 115200 */
    out8(UART_BASE + IER, 0);
    out8(UART_BASE + LCR, 0x03); /* 8n1 */
    out8(UART_BASE + FCR, 0x07); /* FIFOs on and empty */
    out8(UART_BASE + MCR, 0x03);
}

static void put_raw(char c)
{
    /* Bounded: a machine without a UART must not keep the guest for ever. */
    for (int i = 0; i < 100000 && !(in8(UART_BASE + LSR) & 0x20); i++) {
    }
    out8(UART_BASE + THR, (u8)c);
}

void put_char(char c)
{
    if (c == '\n')
        put_raw('\r');
    put_raw(c);
}

void leave(int value)
{
    out8(PORT_DEBUG_EXIT, (u8)value);
    /* No such port: Bochs ends on a word at its own; then the keyboard controller's reset line and a triple fault, so that every
       run ends. */
    for (const char *p = "Shutdown"; *p; p++)
        out8(PORT_BOCHS_SHUTDOWN, (u8)*p);
    out8(0x64, 0xfe);
    struct {
        u16 limit;
        word base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; int3" ::"m"(none));
    for (;;)
        __asm__ volatile("cli; hlt");
}
