/* The place of the computing kernels in a process of a Linux host: the same object files, for comparison with the bare processor. */
#include "bench.h"

long host_call(long number, long a, long b, long c); /* start.S */
#ifdef __x86_64__
enum { CALL_WRITE = 1, CALL_EXIT = 60 };
#else
enum { CALL_WRITE = 4, CALL_EXIT = 1 };
#endif

const struct benchmark place_benchmarks[1];
const u32 place_benchmark_count = 0;
char boot_cmdline[512];
static char line[256];
static size_t used;

static void flush(void)
{
    for (size_t at = 0; at < used;) {
        long written = host_call(CALL_WRITE, 1, (long)(line + at), (long)(used - at));
        if (written <= 0)
            leave(3);
        at += (size_t)written;
    }
    used = 0;
}

void put_char(char c)
{
    line[used++] = c;
    if (c == '\n' || used == sizeof line)
        flush();
}

void leave(int value)
{
    for (;;)
        host_call(CALL_EXIT, value, 0, 0);
}

/* Called by start.S: the words of the command line become the options. */
void host_main(int count, char **words) __attribute__((noreturn));
void host_main(int count, char **words)
{
    size_t length = 0;
    for (int i = 1; i < count; i++)
        for (const char *p = words[i];; p++) {
            if (length + 1 < sizeof boot_cmdline)
                boot_cmdline[length++] = *p ? *p : ' ';
            if (!*p)
                break;
        }
    leave(guest_main());
}

const char *place_lacks(void) { return NULL; /* what runs Linux on x86-64 has it all */ }
void place_prepare(void) {}
void place_mark(u8 value UNUSED) {}
u32 place_compute(kernel *run, u32 n) { return run(n); }
