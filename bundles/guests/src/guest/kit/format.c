/* A small printf, to the console or into a text. */
#include "kit.h"

typedef struct {
    char *to;
    size_t left;
} sink;

static void emit(sink *s, char c)
{
    if (s->to == NULL) {
        put_char(c);
    } else if (s->left > 1) {
        *s->to++ = c;
        s->left--;
    }
}

/* %[-][0][width][.precision][l|ll|z]{d,u,x,s,c,%}: what the guests use. */
static void format_v(sink *s, const char *f, va_list args)
{
    for (; *f; f++) {
        if (*f != '%') {
            emit(s, *f);
            continue;
        }
        int left = 0, zero = 0, width = 0, precision = -1, longs = 0;
        for (f++; *f == '-' || *f == '0'; f++)
            *f == '-' ? (left = 1) : (zero = 1);
        if (*f == '*') {
            width = va_arg(args, int);
            f++;
        }
        for (; *f >= '0' && *f <= '9'; f++)
            width = width * 10 + (*f - '0');
        if (*f == '.')
            for (f++, precision = 0; *f >= '0' && *f <= '9'; f++)
                precision = precision * 10 + (*f - '0');
        for (; *f == 'l' || *f == 'z'; f++)
            longs += *f == 'z' ? (sizeof(size_t) == 8 ? 2 : 0) : 1;

        char digits[24];
        const char *text = digits;
        int length = 0, negative = 0;
        if (*f == 's') {
            text = va_arg(args, const char *);
            while (text[length] && (precision < 0 || length < precision))
                length++;
            zero = 0;
        } else if (*f == 'c') {
            digits[length++] = (char)va_arg(args, int);
        } else if (*f == '%') {
            digits[length++] = '%';
        } else {
            u64 v = longs >= 2 || (longs == 1 && sizeof(long) == 8) ? va_arg(args, u64) : va_arg(args, u32);
            if (*f == 'd') {
                long long n = longs >= 2 || (longs == 1 && sizeof(long) == 8) ? (long long)v : (int)(u32)v;
                negative = n < 0;
                v = negative ? 0 - (u64)n : (u64)n;
            }
            char *end = digits + sizeof digits;
            char *p = end;
            do {
                u32 digit;
                if (*f == 'x') {
                    digit = (u32)v & 15;
                    v >>= 4;
                } else {
                    v = divide(v, 10, &digit);
                }
                *--p = "0123456789abcdef"[digit];
            } while (v);
            text = p;
            length = (int)(end - p);
        }
        int pad = width - length - negative;
        if (!left && !zero)
            while (pad-- > 0)
                emit(s, ' ');
        if (negative)
            emit(s, '-');
        if (!left && zero)
            while (pad-- > 0)
                emit(s, '0');
        for (int i = 0; i < length; i++)
            emit(s, text[i]);
        if (left)
            while (pad-- > 0)
                emit(s, ' ');
    }
}

void print(const char *format, ...)
{
    sink s = {NULL, 0};
    va_list args;
    va_start(args, format);
    format_v(&s, format, args);
    va_end(args);
}

void format_text(char *to, size_t size, const char *format, ...)
{
    sink s = {to, size};
    va_list args;
    va_start(args, format);
    format_v(&s, format, args);
    va_end(args);
    *s.to = 0;
}
