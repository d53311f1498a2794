/*
 * Walks through the rings and shows what the architecture answers in each: the seed of Proteus. Everything printed
 * follows from the Intel SDM alone (a Pentium or later, CR4.UMIP and CR4.VME off); addresses are compared, not
 * printed, so the text must be the same under every composition.
 */
#include "kit.h"
#include "rings.h"

typedef void probe(void);
#define P(name) extern probe p_##name;
P(cli) P(sti) P(hlt) P(in) P(out) P(lgdt) P(lidt) P(lldt) P(ltr) P(lmsw) P(clts) P(invlpg) P(invd) P(wbinvd)
P(read_cr0) P(write_cr0) P(read_cr3) P(write_cr3) P(read_cr4) P(read_dr7) P(write_dr7) P(rdmsr) P(wrmsr) P(rdtsc)
P(nop) P(sgdt) P(sidt) P(sldt) P(str) P(smsw) P(push_cs) P(mov_cs) P(push_ss) P(pushf) P(popf) P(iret_same)
P(cli_pushf) P(selector) P(int_dpl0) P(int_dpl1) P(int_absent) P(int3) P(call_gate0) P(call_gate1)
P(call_gate_inner) P(jmp_gate0) P(jmp_code0) P(jmp_code1) P(jmp_code3) P(jmp_conforming) P(jmp_data) P(jmp_null)
P(jmp_beyond) P(retf_inner) P(iret_inner) P(ds_data0) P(ds_data1) P(ds_data1_rpl3) P(ds_data3) P(ds_conforming)
P(ds_execute_only) P(ds_tss) P(ds_absent) P(ds_beyond) P(ds_null) P(ds_null_read) P(small_in) P(small_out)
P(small_across) P(down_in) P(down_out) P(ro_write) P(cs_write) P(ss_null) P(ss_data0) P(ss_data1) P(ss_data3)
P(ss_absent) P(ss_code) P(page_supervisor) P(page_read_only) P(page_absent)

int run_at(int ring, probe *what, word flags);
void resume_fault(void) __attribute__((noreturn));
void resume_v86(void) __attribute__((noreturn));
void run_finished(void);
int run_v86(word ip, word flags);
probe int_cs, gate_cs, gate_cs_2, walk, walk_int0, walk_int1, walk_gate0, walk_gate1, walk_skip;
extern u32 probe_eax, probe_edx, probe_selector, probe_lar, probe_lsl, probe_zf, kept_cr0, kept_cr3;
struct table_register {
    u16 limit;
    u32 base;
} __attribute__((packed));
extern struct table_register stored, own_gdtr, own_idtr;
extern u8 stack1[], stack1_top[], stack3[], stack3_top[], tss0[], tss0_top[], tss1[], tss1_top[];
extern u8 supervisor_page[], read_only_page[], absent_page[];
extern u32 walk_count, walk_parameters[2], walk_frame[2];
extern struct stop {
    u32 text, cs, ss, ds, flags, esp;
} walk_log[];
extern const u8 v86_code[], v86_code_end[];
extern const struct {
    u32 start, end;
} v86_table[];

/* 32-bit TSS (SDM 3A 7.2.1) with an I/O permission bitmap for ports 0 to 0xff and the closing byte. */
static struct {
    u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, general[8], segments[6], ldt;
    u16 debug_trap, io_map;
    u8 bitmap[33];
} __attribute__((packed, aligned(128))) tss;
static u64 ldt[2];

static struct {
    u32 vector, error, cs, ip, flags, cr2, ax;
} fault;
static enum { PROBING, WALKING, IN_V86 } phase;

static void on_trap(struct trap_frame *f)
{
    if (phase == WALKING && f->vector == 13) {
        walk_skip();
        f->ip++; /* CLI is one byte */
        return;
    }
    fault.vector = f->vector;
    fault.error = f->error;
    fault.cs = f->cs;
    fault.ip = f->ip;
    fault.flags = f->flags;
    fault.cr2 = read_cr2();
    fault.ax = f->ax;
    if (f->flags & FLAG_VM)
        resume_v86();
    resume_fault();
}

static const char *fault_text(void)
{
    static const char *const names[32] = {[0] = "#DE", [1] = "#DB", [3] = "#BP", [6] = "#UD", [8] = "#DF", [10] = "#TS",
                                          [11] = "#NP", [12] = "#SS", [13] = "#GP", [14] = "#PF", [17] = "#AC"};
    static char text[16];
    u32 v = fault.vector & 31;
    if (v == 8 || (v >= 10 && v <= 14) || v == 17)
        format_text(text, sizeof text, "%s(%04x)", names[v] ? names[v] : "#?", fault.error);
    else
        format_text(text, sizeof text, "%s", names[v] ? names[v] : "#?");
    return text;
}

/* How an answer is shown. */
enum kind { RUNS, HEX16, FLAGS, GDTR, IDTR, PAGE, NOT_AT_0 };

static void cell(char *text, size_t size, int ring, probe *what, enum kind kind, word flags)
{
    if (kind == NOT_AT_0 && ring == 0) {
        format_text(text, size, "not tried");
        return;
    }
    memset(&stored, 0, sizeof stored);
    if (run_at(ring, what, flags | 2)) {
        format_text(text, size, "%s%s", fault_text(),
                    kind != PAGE                             ? ""
                    : (fault.cr2 & 0xfff) == 0               ? " CR2 ok"
                                                             : " CR2 wrong");
        return;
    }
    struct table_register *own = kind == GDTR ? &own_gdtr : &own_idtr;
    switch (kind) {
    case HEX16:
        format_text(text, size, "%04x", probe_eax & 0xffff);
        break;
    case FLAGS:
        format_text(text, size, "IF=%d IOPL=%d", (int)(probe_eax >> 9 & 1), (int)(probe_eax >> 12 & 3));
        break;
    case GDTR:
    case IDTR:
        format_text(text, size, "%s, limit %04x", stored.base == own->base ? "own" : "ANOTHER", stored.limit);
        break;
    default:
        format_text(text, size, "ok");
    }
}

static void row(const char *name, probe *what, enum kind kind, word flags)
{
    char text[24];
    print("  %-38s", name);
    for (int ring = 0; ring <= 3; ring += ring ? 2 : 1) {
        cell(text, sizeof text, ring, what, kind, flags);
        print(ring == 3 ? "%s\n" : "%-20s", text);
    }
}

static void title(const char *text)
{
    print("\n%-40s%-20s%-20s%s\n", text, "ring 0", "ring 1", "ring 3");
}

static u64 segment(u32 base, u32 limit, u32 attributes)
{
    return (limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)(attributes & 0xff) << 40 |
           (u64)(limit >> 16 & 15) << 48 | (u64)(attributes >> 8 & 15) << 52 | (u64)(base >> 24) << 56;
}

static u64 call_gate(u16 selector, probe *target, u32 parameters, u32 dpl)
{
    u32 a = (u32)target;
    return (a & 0xffff) | (u64)selector << 16 | (u64)parameters << 32 | (u64)(0x8c | dpl << 5) << 40 |
           (u64)(a >> 16) << 48;
}

static void tables_init(void)
{
    gdt[CODE1 / 8] = segment(0, 0xfffff, 0xcbb);
    gdt[DATA1 / 8] = segment(0, 0xfffff, 0xcb3);
    gdt[CONFORMING0 / 8] = segment(0, 0xfffff, 0xc9f);
    gdt[EXECUTE_ONLY3 / 8] = segment(0, 0xfffff, 0xcf9);
    gdt[READ_ONLY3 / 8] = segment(0, 0xfffff, 0xcf1);
    gdt[LDT / 8] = segment((u32)ldt, sizeof ldt - 1, 0x082);
    gdt[GATE_INNER / 8] = call_gate(SEL_KCODE, gate_cs, 0, 0);
    gdt[NOT_PRESENT3 / 8] = segment(0, 0xfffff, 0xc73);
    gdt[SMALL3 / 8] = segment((u32)supervisor_page - 4096, 15, 0x4f3);
    gdt[TSS_OTHER / 8] = segment((u32)&tss, 103, 0x089);
    gdt[STRAY_INT_GATE / 8] = call_gate(SEL_KCODE, gate_cs, 0, 3) | (u64)2 << 40;
    gdt[EXPAND_DOWN3 / 8] = segment(0, 0, 0xcf7); /* page-granular limit 0: offsets 0x1000 and up */
    gdt[TASK_GATE / 8] = (u64)TSS_OTHER << 16 | (u64)0xe5 << 40;

    tss.ss0 = SEL_KDATA;
    tss.esp0 = (u32)tss0_top;
    tss.ss1 = DATA1 | 1;
    tss.esp1 = (u32)tss1_top;
    tss.io_map = (u16)sizeof tss; /* beyond the limit: no port is allowed */
    memset(tss.bitmap, 0xff, sizeof tss.bitmap);
    gdt[SEL_TSS / 8] = segment((u32)&tss, sizeof tss - 1, 0x089);
    __asm__ volatile("ltr %w0; lldt %w1" ::"r"(SEL_TSS), "r"(LDT));
    __asm__ volatile("sgdt %0; sidt %1" : "=m"(own_gdtr), "=m"(own_idtr));
    kept_cr0 = read_cr0();
    kept_cr3 = read_cr3();

    for (int v = 0; v < 32; v++)
        trap_handlers[v] = on_trap;
    gate_put(INT_DPL0, SEL_KCODE, int_cs, GATE_INTERRUPT);
    gate_put(INT_DPL1, SEL_KCODE, int_cs, GATE_INTERRUPT | 1 << 13);
    gate_put(INT_ABSENT, SEL_KCODE, int_cs, (GATE_INTERRUPT | 3 << 13) & ~0x8000);
    gate_put(INT_TO_0, SEL_KCODE, walk_int0, GATE_INTERRUPT | 3 << 13);
    gate_put(INT_TO_1, CODE1, walk_int1, GATE_INTERRUPT | 3 << 13);
    gate_put(INT_DONE, SEL_KCODE, run_finished, GATE_INTERRUPT | 3 << 13);

    *pte_of((word)supervisor_page) &= ~(word)PTE_U;
    *pte_of((word)read_only_page) &= ~(word)PTE_W;
    *pte_of((word)absent_page) &= ~(word)PTE_P;
    write_cr3(read_cr3());
}

static const char *stack_name(u32 esp)
{
    return esp > (u32)tss0 && esp <= (u32)tss0_top       ? "TSS ESP0"
           : esp > (u32)tss1 && esp <= (u32)tss1_top     ? "TSS ESP1"
           : esp > (u32)stack1 && esp <= (u32)stack1_top ? "ring 1"
           : esp > (u32)stack3 && esp <= (u32)stack3_top ? "ring 3"
                                                         : "boot";
}

static void walk_shown(void)
{
    static const char *const by[] = {
        "start",
        "IRET outwards",
        "IRET outwards (DS of ring 1 becomes null)",
        "CALL through a call gate, two parameters",
        "RETF back",
        "RETF outwards (DS of ring 1 becomes null)",
        "INT through an interrupt gate into ring 1",
        "IRET back; IF stays 0, CPL 1 > IOPL 0",
        "INT through an interrupt gate into ring 0",
        "IRET back",
        "CALL through a call gate",
        "RETF back",
        "CLI faults, the handler steps over it",
        "IRET back behind the CLI",
    };
    gdt[GATE_TO_0 / 8] = call_gate(SEL_KCODE, walk_gate0, 0, 3);
    gdt[GATE_TO_1 / 8] = call_gate(CODE1, walk_gate1, 2, 3);
    phase = WALKING;
    int faulted = run_at(0, walk, 2);
    phase = PROBING;
    print("\nthe walk\n  step ring  by%42sCS    SS    DS    IF  stack\n", "");
    u32 before = 0;
    for (u32 i = 0; i < walk_count; i++) {
        struct stop *s = &walk_log[i];
        print("  %4u %u->%u  %-42s  %04x  %04x  %04x  %u   %s\n", i, before, s->cs & 3, by[s->text], s->cs & 0xffff,
              s->ss & 0xffff, s->ds & 0xffff, s->flags >> 9 & 1, stack_name(s->esp));
        before = s->cs & 3;
    }
    print("  parameters copied by the gate: %08x %08x; caller on the ring 1 stack: CS %04x SS %04x\n",
          walk_parameters[0], walk_parameters[1], walk_frame[0] & 0xffff, walk_frame[1] & 0xffff);
    if (faulted)
        print("  the walk ended early: %s\n", fault_text());
}

static void selectors_shown(void)
{
    static const struct {
        const char *name;
        u16 selector;
    } table[] = {
        {"null", 0},
        {"code DPL 0", SEL_KCODE},
        {"code DPL 0, RPL 3", SEL_KCODE | 3},
        {"data DPL 0", SEL_KDATA},
        {"code DPL 1", CODE1 | 1},
        {"data DPL 1", DATA1 | 1},
        {"data DPL 1, RPL 3", DATA1 | 3},
        {"code DPL 3", SEL_UCODE | 3},
        {"data DPL 3", SEL_UDATA | 3},
        {"conforming code DPL 0", CONFORMING0 | 3},
        {"execute-only code DPL 3", EXECUTE_ONLY3 | 3},
        {"read-only data DPL 3", READ_ONLY3 | 3},
        {"expand-down data DPL 3", EXPAND_DOWN3 | 3},
        {"data DPL 3, limit 15", SMALL3 | 3},
        {"data DPL 3, not present", NOT_PRESENT3 | 3},
        {"busy TSS", SEL_TSS},
        {"available TSS", TSS_OTHER},
        {"LDT", LDT},
        {"call gate DPL 3", GATE_TO_0 | 3},
        {"task gate DPL 3", TASK_GATE | 3},
        {"interrupt gate in the GDT", STRAY_INT_GATE | 3},
        {"beyond the GDT", OUT_OF_GDT},
    };
    title("LAR LSL VERR VERW (- is ZF=0)");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        print("  %-26s    (%04x) ", table[i].name, table[i].selector);
        probe_selector = table[i].selector;
        for (int ring = 0; ring <= 3; ring += ring ? 2 : 1) {
            char text[24] = "";
            char lar[10] = "-", lsl[10] = "-";
            if (run_at(ring, p_selector, 2)) {
                format_text(text, sizeof text, "%s", fault_text());
            } else {
                /* Bits 16 to 19 of what LAR loads are undefined: SDM 2A LAR. */
                if (probe_zf & 1)
                    format_text(lar, sizeof lar, "%06x", probe_lar & 0xf0ff00);
                else if (probe_lar != 0xdeadbeef)
                    format_text(lar, sizeof lar, "written!");
                if (probe_zf & 2)
                    format_text(lsl, sizeof lsl, "%x", probe_lsl);
                else if (probe_lsl != 0xdeadbeef)
                    format_text(lsl, sizeof lsl, "written!");
                format_text(text, sizeof text, "%-6s %-8s %c%c", lar, lsl, probe_zf & 4 ? 'r' : '-',
                            probe_zf & 8 ? 'w' : '-');
            }
            print(ring == 3 ? "%s\n" : "%-20s", text);
        }
    }
}

static void v86_shown(void)
{
    static const struct {
        const char *name;
        int shows;
    } rows[] = {{"MOV AX,CS", 1}, {"MOV AX,ES", 1}, {"MOV AX,[word]", 1}, {"CLI", 0}, {"STI", 0}, {"PUSHF", 0},
                {"POPF", 0}, {"INT to a DPL 3 gate", 0}, {"IRET", 0}, {"HLT", 0}, {"IN AL,80h (bitmap forbids)", 0},
                {"SMSW AX", 1}, {"LMSW AX", 0}, {"MOV EAX,CR0", 0}, {"SLDT AX", 0}, {"LAR AX,AX", 0}, {"VERR AX", 0},
                {"ARPL AX,AX", 0}};
    memcpy((void *)V86_BASE, v86_code, (size_t)(v86_code_end - v86_code));
    /* With IOPL < 3 INT itself faults; with IOPL 3 it goes through the IDT. Both end the probe. */
    gate_put(INT_DONE, SEL_KCODE, run_finished, GATE_INTERRUPT | 3 << 13);
    print("\nvirtual-8086 mode, CPL 3                IOPL 0              IOPL 3\n");
    for (int i = 0; v86_table[i].start != (u32)-1; i++) {
        print("  %-38s", rows[i].name);
        for (u32 iopl = 0; iopl <= 3; iopl += 3) {
            /* An absent gate turns the closing INT of IOPL 3 into a fault with a frame we can read. */
            gate_put(INT_DONE, SEL_KCODE, run_finished, (GATE_INTERRUPT | 3 << 13) & ~0x8000);
            /* What POPF and IRET pop: flags 0, or the way to the end of the probe. */
            u16 *stack = (u16 *)(V86_BASE + 0xff0);
            stack[0] = strcmp(rows[i].name, "IRET") == 0 ? (u16)v86_table[i].end : 0;
            stack[1] = V86_BASE / 16;
            stack[2] = 0;
            phase = IN_V86;
            run_v86(v86_table[i].start, FLAG_VM | FLAG_IF | IOPL(iopl) | 2);
            phase = PROBING;
            char text[24];
            if (fault.ip == v86_table[i].end) {
                if (rows[i].shows)
                    format_text(text, sizeof text, "%04x", fault.ax & 0xffff);
                else
                    format_text(text, sizeof text, "ok, IF=%u", fault.flags >> 9 & 1);
            } else {
                format_text(text, sizeof text, "%s", fault_text());
            }
            print(iopl ? "%s\n" : "%-20s", text);
        }
    }
    gate_put(INT_DONE, SEL_KCODE, run_finished, GATE_INTERRUPT | 3 << 13);
}

int guest_main(void)
{
    tables_init();
    print("rings: what the architecture answers in ring 0, 1 and 3\n");
    walk_shown();
    gdt[GATE_TO_0 / 8] = call_gate(SEL_KCODE, gate_cs, 0, 3);
    gdt[GATE_TO_1 / 8] = call_gate(CODE1, gate_cs_2, 2, 3);

    title("privileged, IOPL 0");
    row("CLI", p_cli, RUNS, 0);
    row("STI", p_sti, RUNS, 0);
    row("HLT", p_hlt, NOT_AT_0, 0);
    row("IN AL,80h", p_in, RUNS, 0);
    row("OUT 80h,AL", p_out, RUNS, 0);
    row("LGDT", p_lgdt, RUNS, 0);
    row("LIDT", p_lidt, RUNS, 0);
    row("LLDT", p_lldt, RUNS, 0);
    row("LTR of the busy TSS", p_ltr, RUNS, 0);
    row("LMSW", p_lmsw, RUNS, 0);
    row("CLTS", p_clts, RUNS, 0);
    row("INVLPG", p_invlpg, RUNS, 0);
    row("INVD", p_invd, NOT_AT_0, 0);
    row("WBINVD", p_wbinvd, RUNS, 0);
    row("MOV EAX,CR0", p_read_cr0, RUNS, 0);
    row("MOV CR0,EAX", p_write_cr0, RUNS, 0);
    row("MOV EAX,CR3", p_read_cr3, RUNS, 0);
    row("MOV CR3,EAX", p_write_cr3, RUNS, 0);
    row("MOV EAX,CR4", p_read_cr4, RUNS, 0);
    row("MOV EAX,DR7", p_read_dr7, RUNS, 0);
    row("MOV DR7,EAX", p_write_dr7, RUNS, 0);
    row("RDMSR 10h", p_rdmsr, RUNS, 0);
    row("WRMSR 174h", p_wrmsr, RUNS, 0);
    row("RDTSC, CR4.TSD=0", p_rdtsc, RUNS, 0);
    write_cr4(read_cr4() | CR4_TSD);
    row("RDTSC, CR4.TSD=1", p_rdtsc, RUNS, 0);
    write_cr4(read_cr4() & ~(word)CR4_TSD);

    title("sensitive and silent, IF=1 IOPL 0");
    row("SGDT", p_sgdt, GDTR, FLAG_IF);
    row("SIDT", p_sidt, IDTR, FLAG_IF);
    row("SLDT", p_sldt, HEX16, FLAG_IF);
    row("STR", p_str, HEX16, FLAG_IF);
    row("SMSW", p_smsw, HEX16, FLAG_IF);
    row("PUSH CS", p_push_cs, HEX16, FLAG_IF);
    row("MOV EAX,CS", p_mov_cs, HEX16, FLAG_IF);
    row("PUSH SS", p_push_ss, HEX16, FLAG_IF);
    row("PUSHF", p_pushf, FLAGS, FLAG_IF);
    row("POPF IF=0 IOPL=3", p_popf, FLAGS, FLAG_IF);
    row("IRET IF=0 IOPL=3, same ring", p_iret_same, FLAGS, FLAG_IF);

    title("I/O privilege, IF=1");
    row("CLI, IOPL 1", p_cli_pushf, FLAGS, FLAG_IF | IOPL(1));
    row("CLI, IOPL 3", p_cli_pushf, FLAGS, FLAG_IF | IOPL(3));
    row("POPF IF=0 IOPL=3, IOPL 1", p_popf, FLAGS, FLAG_IF | IOPL(1));
    row("POPF IF=0 IOPL=3, IOPL 3", p_popf, FLAGS, FLAG_IF | IOPL(3));
    row("IRET IF=0 IOPL=3, IOPL 1", p_iret_same, FLAGS, FLAG_IF | IOPL(1));
    row("IN AL,80h, IOPL 1", p_in, RUNS, IOPL(1));
    row("IN AL,80h, IOPL 3", p_in, RUNS, IOPL(3));
    tss.io_map = 104;
    row("IN AL,80h, bitmap forbids", p_in, RUNS, 0);
    tss.bitmap[0x80 / 8] = 0xfe;
    row("IN AL,80h, bitmap allows", p_in, RUNS, 0);
    tss.bitmap[0x80 / 8] = 0xff;

    selectors_shown();

    title("transfers of control (CS at the target)");
    row("INT, gate DPL 0", p_int_dpl0, HEX16, 0);
    row("INT, gate DPL 1", p_int_dpl1, HEX16, 0);
    row("INT, gate DPL 3 not present", p_int_absent, HEX16, 0);
    row("INT3, gate DPL 0", p_int3, HEX16, 0);
    row("CALL gate DPL 3 to ring 0", p_call_gate0, HEX16, 0);
    row("CALL gate DPL 3 to ring 1", p_call_gate1, HEX16, 0);
    row("CALL gate DPL 0 to ring 0", p_call_gate_inner, HEX16, 0);
    row("JMP gate DPL 3 to ring 0", p_jmp_gate0, HEX16, 0);
    row("JMP code DPL 0", p_jmp_code0, HEX16, 0);
    row("JMP code DPL 1", p_jmp_code1, HEX16, 0);
    row("JMP code DPL 3", p_jmp_code3, HEX16, 0);
    row("JMP conforming code DPL 0", p_jmp_conforming, HEX16, 0);
    row("JMP data segment", p_jmp_data, HEX16, 0);
    row("JMP null selector", p_jmp_null, HEX16, 0);
    row("JMP beyond the GDT", p_jmp_beyond, HEX16, 0);
    row("RETF to ring 0", p_retf_inner, HEX16, 0);
    row("IRET to ring 0", p_iret_inner, HEX16, 0);

    title("segment loads and limits");
    row("MOV FS, data DPL 0", p_ds_data0, RUNS, 0);
    row("MOV FS, data DPL 1", p_ds_data1, RUNS, 0);
    row("MOV FS, data DPL 1 RPL 3", p_ds_data1_rpl3, RUNS, 0);
    row("MOV FS, data DPL 3", p_ds_data3, RUNS, 0);
    row("MOV FS, conforming code", p_ds_conforming, RUNS, 0);
    row("MOV FS, execute-only code", p_ds_execute_only, RUNS, 0);
    row("MOV FS, TSS", p_ds_tss, RUNS, 0);
    row("MOV FS, not present", p_ds_absent, RUNS, 0);
    row("MOV FS, beyond the GDT", p_ds_beyond, RUNS, 0);
    row("MOV FS, null", p_ds_null, RUNS, 0);
    row("read through null FS", p_ds_null_read, RUNS, 0);
    row("read byte 15 of 15", p_small_in, RUNS, 0);
    row("read byte 16 of 15", p_small_out, RUNS, 0);
    row("read 4 bytes at 13 of 15", p_small_across, RUNS, 0);
    row("expand-down, inside", p_down_in, RUNS, 0);
    row("expand-down, below", p_down_out, RUNS, 0);
    row("write read-only data", p_ro_write, RUNS, 0);
    row("write through CS", p_cs_write, RUNS, 0);
    row("MOV SS, null", p_ss_null, RUNS, 0);
    row("MOV SS, data DPL 0", p_ss_data0, RUNS, 0);
    row("MOV SS, data DPL 1", p_ss_data1, RUNS, 0);
    row("MOV SS, data DPL 3", p_ss_data3, RUNS, 0);
    row("MOV SS, data DPL 3 not present", p_ss_absent, RUNS, 0);
    row("MOV SS, code DPL 3", p_ss_code, RUNS, 0);

    title("pages, CR0.WP=1");
    row("read supervisor page", p_page_supervisor, PAGE, 0);
    row("write read-only user page", p_page_read_only, PAGE, 0);
    write_cr0(read_cr0() & ~(word)CR0_WP);
    row("write read-only user page, WP=0", p_page_read_only, PAGE, 0);
    write_cr0(read_cr0() | CR0_WP);
    row("read absent page", p_page_absent, PAGE, 0);

    v86_shown();
    print("\nrings: done\n");
    return 0;
}
