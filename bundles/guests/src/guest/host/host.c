/*
 * The place of the loops in a process of Linux. The computing ones are the guests' own object files: on the host they show what the
 * bare processor makes of the same instructions. The others ask things of the kernel, on the host's or in a guest with Linux.
 * Options besides the guests': pause=1 says each loop's name and waits for a line before it and behind it, mark=1 writes the guests'
 * markers to PORT_MARKER (for a guest whose port that is).
 */
#include "host.h"

const struct benchmark place_benchmarks[] = {
    {"getppid", k_getppid, 100000},
    {"fork", k_fork, 50},
    {"exec", k_exec, 50},
    {"faults", k_faults, 20},
    {"pipe", k_pipe, 500},
    {"signal", k_signal, 10000},
};
const u32 place_benchmark_count = sizeof place_benchmarks / sizeof *place_benchmarks;

char boot_cmdline[512];
char *host_program;
static char line[256];
static size_t used;
static int marks, pauses;

static void flush(void)
{
    for (size_t at = 0; at < used;) {
        long written = host_call(CALL_WRITE, 1, (long)(line + at), (long)(used - at), 0);
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
        host_call(CALL_EXIT, value, 0, 0, 0);
}

/* Called by start.S: the words of the command line become the options. */
void host_main(int count, char **words) __attribute__((noreturn));
void host_main(int count, char **words)
{
    if (count == 3 && strcmp(words[1], EXEC_WORD) == 0)
        leave(words[2][0] - '0');
    host_program = words[0];
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

void place_prepare(void)
{
    pauses = (int)option_number("pause", 0);
    marks = option_number("mark", 0) && host_call(CALL_IOPERM, PORT_MARKER, 1, 1, 0) == 0;
}

/* Who measures from outside looks at what we have used so far while we wait, and presses Enter. */
void place_mark(u8 value)
{
    char c = 0;
    if (marks)
        out8(PORT_MARKER, value);
    if (!pauses)
        return;
    print("mark %u\n", value);
    while (c != '\n' && host_call(CALL_READ, 0, (long)&c, 1, 0) == 1) {
    }
}

u32 place_compute(kernel *run, u32 n) { return run(n); }
