/* What programs ask of an operating system. Checksums are of what the answers must be. */
#include "host.h"

static long must(long answer)
{
    if (answer < 0) {
        print("a system call failed: error %d\n", (int)-answer);
        leave(3);
    }
    return answer;
}

static u32 exit_status_of(long child)
{
    int status = 0;
    must(host_call(CALL_WAIT4, child, (long)&status, 0, 0));
    return (u32)status >> 8 & 255;
}

u32 k_getppid(u32 n)
{
    u32 sum = 0;
    long parent = host_call(CALL_GETPPID, 0, 0, 0, 0);
    while (n--)
        sum = sum * 31 + (host_call(CALL_GETPPID, 0, 0, 0, 0) == parent);
    return sum;
}

u32 k_fork(u32 n)
{
    u32 sum = 0;
    for (u32 i = 0; i < n; i++) {
        long child = must(host_call(CALL_FORK, 0, 0, 0, 0));
        if (child == 0)
            leave((int)(i & 63));
        sum = sum * 31 + exit_status_of(child);
    }
    return sum;
}

u32 k_exec(u32 n)
{
    enum { NO_EXEC = 63 };
    u32 sum = 0;
    for (u32 i = 0; i < n; i++) {
        char digit[2] = {(char)('0' + i % 10), 0};
        char *words[] = {host_program, EXEC_WORD, digit, NULL}, *environment[] = {NULL};
        long child = must(host_call(CALL_FORK, 0, 0, 0, 0));
        if (child == 0) {
            host_call(CALL_EXECVE, (long)host_program, (long)words, (long)environment, 0);
            leave(NO_EXEC);
        }
        u32 status = exit_status_of(child);
        if (status == NO_EXEC) {
            print("%s cannot be executed: start it by its path\n", host_program);
            leave(3);
        }
        sum = sum * 31 + status;
    }
    return sum;
}

/* The heap grows by 256 pages, each is touched, and it shrinks again. */
u32 k_faults(u32 n)
{
    enum { PAGES = 256, PAGE = 4096 };
    u32 sum = 0;
    word heap = (word)must(host_call(CALL_BRK, 0, 0, 0, 0));
    while (n--) {
        if ((word)host_call(CALL_BRK, (long)(heap + PAGES * PAGE), 0, 0, 0) != heap + PAGES * PAGE)
            must(-12);
        for (u32 i = 0; i < PAGES; i++) {
            u32 *at = (u32 *)(heap + i * PAGE);
            sum = sum * 31 + *at + i; /* zero, as new pages are */
            *at = sum;
        }
        host_call(CALL_BRK, (long)heap, 0, 0, 0);
    }
    return sum;
}

/* A byte goes to a child through one pipe and comes back through another. */
u32 k_pipe(u32 n)
{
    int there[2], back[2];
    must(host_call(CALL_PIPE, (long)there, 0, 0, 0));
    must(host_call(CALL_PIPE, (long)back, 0, 0, 0));
    long child = must(host_call(CALL_FORK, 0, 0, 0, 0));
    u8 byte = 1;
    if (child == 0) {
        host_call(CALL_CLOSE, there[1], 0, 0, 0);
        while (host_call(CALL_READ, there[0], (long)&byte, 1, 0) == 1) {
            byte = (u8)(byte * 5 + 3);
            host_call(CALL_WRITE, back[1], (long)&byte, 1, 0);
        }
        leave(0);
    }
    host_call(CALL_CLOSE, there[0], 0, 0, 0);
    host_call(CALL_CLOSE, back[1], 0, 0, 0);
    u32 sum = 0;
    while (n--) {
        must(host_call(CALL_WRITE, there[1], (long)&byte, 1, 0));
        must(host_call(CALL_READ, back[0], (long)&byte, 1, 0));
        sum = sum * 31 + byte;
    }
    host_call(CALL_CLOSE, there[1], 0, 0, 0);
    host_call(CALL_CLOSE, back[0], 0, 0, 0);
    return sum + exit_status_of(child);
}

static volatile u32 signals;

static void on_signal(int number) { signals += (u32)number; }

u32 k_signal(u32 n)
{
    /* SA_SIGINFO: the frame is the one that rt_sigreturn undoes, also in 32 bit. */
    enum { SIGUSR1 = 10, SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SET_BYTES = 8 };
    /* struct sigaction as the kernel takes it from rt_sigaction. */
    struct {
        void (*handler)(int);
        unsigned long flags;
        void (*restorer)(void);
        u32 mask[2];
    } action = {on_signal, SA_SIGINFO | SA_RESTORER, host_signal_return, {0, 0}};
    must(host_call(CALL_SIGACTION, SIGUSR1, (long)&action, 0, SET_BYTES));
    long self = host_call(CALL_GETPID, 0, 0, 0, 0);
    signals = 0;
    while (n--)
        must(host_call(CALL_KILL, self, SIGUSR1, 0, 0));
    return signals;
}
