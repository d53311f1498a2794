/* A domain: asking the hypervisor, its tables, its calls of us. */
#ifndef PV_DOMAIN_H
#define PV_DOMAIN_H

#include "xen.h"

#define PTE_NX (1ull << 63)

extern struct start_info *start_info;
extern struct shared_info *shared_info;

/* start.S */
long hypercall(word number, word a, word b, word c, word d, word e);
word in_user(word entry, word stack_top);
void user_done(void);
extern char user_page[], user_hlt[], user_peek[], user_peeked[];

/* domain.c */
u64 machine_address(const void *p);                /* of what lies in our image */
u64 *table_entry(int level, word address);         /* in the root in force, read-only */
int update(struct mmu_update *list, unsigned count); /* 0 or a negative error, as all of these */
int map(word address, u64 entry);
void map_arguments(struct multicall *call, word address, u64 entry);
int extended(u32 command, word first);
void table_page(void *page);                       /* read-only from now on, as a page table must be */
word m2p(u64 entry);                               /* pseudo-physical frame behind an entry */
u64 system_time(void);
u32 bind_event(int operation, u32 virq);
extern unsigned long hypercalls;                   /* asked so far */
extern volatile u32 events;                        /* calls for the bound channels */

#define ask(number, a, b, c, d) (hypercalls++, hypercall(number, (word)(a), (word)(b), (word)(c), (word)(d), 0))

#endif
