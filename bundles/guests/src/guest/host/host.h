/* Linux as the loops see it: system calls by number, no library. */
#ifndef HOST_H
#define HOST_H
#include "bench.h"

/* The kernel's answer: below zero it is -errno. */
long host_call(long number, long a, long b, long c, long d); /* start.S */
void host_signal_return(void);                                /* start.S: what a handler returns to */

#ifdef __x86_64__
enum {
    CALL_READ = 0, CALL_WRITE = 1, CALL_CLOSE = 3, CALL_BRK = 12, CALL_SIGACTION = 13, CALL_PIPE = 22, CALL_GETPID = 39,
    CALL_FORK = 57, CALL_EXECVE = 59, CALL_EXIT = 60, CALL_WAIT4 = 61, CALL_KILL = 62, CALL_GETPPID = 110, CALL_IOPERM = 173
};
#else
enum {
    CALL_READ = 3, CALL_WRITE = 4, CALL_CLOSE = 6, CALL_BRK = 45, CALL_SIGACTION = 174, CALL_PIPE = 42, CALL_GETPID = 20,
    CALL_FORK = 2, CALL_EXECVE = 11, CALL_EXIT = 1, CALL_WAIT4 = 114, CALL_KILL = 37, CALL_GETPPID = 64, CALL_IOPERM = 101
};
#endif

extern char *host_program; /* the name this program was started by */
#define EXEC_WORD "exit"   /* a first word that says: exec worked, end with the second word's first digit */

kernel k_getppid, k_fork, k_exec, k_faults, k_pipe, k_signal;
#endif
