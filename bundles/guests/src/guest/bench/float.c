/* Floating point: planets in a plane ring, SSE2 in 64 bit, x87 in 32 bit. */
#include "bench.h"

/* SSE2 and x87 round differently on the way, so the checksum keeps the energy to 2^-28 only. */
u32 k_float(u32 n)
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
