/* What the compiler may call, and a division of 64 by 32 bits that needs no run-time library in 32-bit mode. */
#include "kit.h"

void *memcpy(void *to, const void *from, size_t n)
{
    u8 *d = to;
    const u8 *s = from;
    while (n--)
        *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    u8 *d = to;
    const u8 *s = from;
    if (d < s)
        while (n--)
            *d++ = *s++;
    else
        while (n--)
            d[n] = s[n];
    return to;
}

void *memset(void *to, int c, size_t n)
{
    u8 *d = to;
    while (n--)
        *d++ = (u8)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *p = a, *q = b;
    for (; n--; p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

u64 divide(u64 a, u32 b, u32 *remainder)
{
#ifdef __x86_64__
    *remainder = (u32)(a % b);
    return a / b;
#else
    u32 high = (u32)(a >> 32), low = (u32)a, qh, ql, r;
    qh = high / b;
    r = high % b;
    __asm__("divl %4" : "=a"(ql), "=d"(r) : "0"(low), "1"(r), "rm"(b));
    *remainder = r;
    return (u64)qh << 32 | ql;
#endif
}
