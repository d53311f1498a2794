/* Floating point, SSE2 in 64 bit and x87 in 32 bit: planets in a plane ring, a triad; and a copy with vector registers. */
#include "bench.h"

/* SSE2 and x87 round differently on the way, so the checksum keeps the energy to 2^-28 only. */
u32 k_nbody(u32 n)
{
    enum { BODIES = 5 };
    double x[BODIES], y[BODIES], vx[BODIES], vy[BODIES], mass[BODIES];
    for (int i = 0; i < BODIES; i++) {
        x[i] = 1.0 + i * i;
        y[i] = i & 1 ? 0.5 * i : -0.25 * i;
        vx[i] = 0.01 * (2 - i);
        vy[i] = 0.1 / (1 + i);
        mass[i] = i ? 0.001 * i : 1.0;
    }
    const double step = 1.0 / 4096;
    while (n--) {
        for (int i = 0; i < BODIES; i++)
            for (int j = i + 1; j < BODIES; j++) {
                double dx = x[i] - x[j], dy = y[i] - y[j], d2 = dx * dx + dy * dy + 0.01;
                double f = step / (d2 * __builtin_sqrt(d2));
                vx[i] -= dx * mass[j] * f;
                vy[i] -= dy * mass[j] * f;
                vx[j] += dx * mass[i] * f;
                vy[j] += dy * mass[i] * f;
            }
        for (int i = 0; i < BODIES; i++) {
            x[i] += step * vx[i];
            y[i] += step * vy[i];
        }
    }
    double energy = 0;
    for (int i = 0; i < BODIES; i++) {
        energy += 0.5 * mass[i] * (vx[i] * vx[i] + vy[i] * vy[i]);
        for (int j = i + 1; j < BODIES; j++) {
            double dx = x[i] - x[j], dy = y[i] - y[j];
            energy -= mass[i] * mass[j] / __builtin_sqrt(dx * dx + dy * dy + 0.01);
        }
    }
    return (u32)(int)(energy * (1 << 28));
}

/* Small whole numbers: sums and products are exact, so both widths agree to the bit. */
u32 k_triad(u32 n)
{
    enum { COUNT = 4096 };
    double *a = (double *)arena, *b = a + COUNT, *c = b + COUNT;
    for (int i = 0; i < COUNT; i++) {
        b[i] = i % 17;
        c[i] = i % 5 - 2;
    }
    while (n--) {
        const double factor = 3 + (n & 7);
        for (int i = 0; i < COUNT; i++)
            a[i] = b[i] + factor * c[i];
        double *t = b;
        b = c;
        c = t;
    }
    u32 sum = 0;
    for (int i = 0; i < COUNT; i++)
        sum = sum * 31 + (u32)(int)a[i];
    return sum;
}

/* As C libraries copy: 16 bytes a register where SSE2 is sure, else four words a turn. */
#ifdef __x86_64__
typedef int unit __attribute__((vector_size(16), may_alias));
#else
typedef u32 unit __attribute__((may_alias));
#endif

static NOINLINE void copy(void *to, const void *from, size_t bytes)
{
    unit *d = to;
    const unit *s = from;
    for (size_t turns = bytes / (4 * sizeof(unit)); turns--; d += 4, s += 4) {
        unit a = s[0], b = s[1], c = s[2], e = s[3];
        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
    }
}

u32 k_memcpy(u32 n)
{
    enum { WORDS = 1 << 18 };
    u32 *from = arena, *to = arena + ARENA_WORDS / 2, sum = 0;
    fill(from, WORDS, 8);
    for (u32 round = 0; round < n; round++) {
        copy(to, from, WORDS * sizeof(u32));
        sum = sum * 31 + to[round * 4099 % WORDS];
        from[round % WORDS] ^= sum;
    }
    return sum;
}
