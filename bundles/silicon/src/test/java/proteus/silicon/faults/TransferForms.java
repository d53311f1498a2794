package proteus.silicon.faults;

import java.util.ArrayList;
import java.util.List;
import proteus.silicon.cpu.Flags;
import proteus.x86.format.Cr4;
import proteus.x86.format.Tss32;

/** Descriptors, far transfers, gates, tasks, and the tables of the system. */
final class TransferForms {
    private static final int EXTERNAL = 1 << 31, EXCEPTION = 1 << 31 | 3 << 8, ERROR_CODE = 1 << 11;
    private static final int AC = 17;
    private static final long TARGET = Region.CODE.linear() + Bench.HANDLER;

    private TransferForms() {}

    static List<Form> all() {
        List<Form> forms = new ArrayList<>();
        tables(forms);
        segments(forms);
        farTransfers(forms);
        farReturns(forms);
        events(forms);
        tasks(forms);
        return forms;
    }

    private static void tables(List<Form> forms) {
        for (Mode mode : List.of(Mode.REAL, Mode.PROTECTED16, Mode.PROTECTED32, Mode.LONG)) {
            for (String text : List.of("sgdt [@b]", "sidt [@b]", "lgdt [@b]", "lidt [@b]", "smsw [@b]")) {
                forms.add(Form.of(text, mode, 0).with(b -> b.write64(Region.DATA, 0, 0)).with(b -> b.write64(Region.DATA, 8, 0)));
            }
            forms.add(Form.of("lmsw [@b]", mode, 0).with(b -> b.write16(Region.DATA, 0, mode == Mode.REAL ? 0 : 1)));
        }
        for (Mode mode : List.of(Mode.PROTECTED16, Mode.PROTECTED32, Mode.LONG)) {
            int ldt = mode.ia32e() ? Descriptors.LDT64 : Descriptors.LDT;
            forms.add(Form.of("sldt [@b]", mode, 0));
            forms.add(Form.of("str [@b]", mode, 3));
            forms.add(Form.of("lldt [@b]", mode, 0).with(b -> b.write16(Region.DATA, 0, ldt)));
            forms.add(Form.of("ltr [@b]", mode, 0).with(b -> b.write16(Region.DATA, 0, Descriptors.FREE_TSS)));
            for (String text : List.of("lar eax, [@b]", "lsl eax, [@b]", "verr [@b]", "verw [@b]")) {
                forms.add(Form.of(text, mode, 3).with(b -> b.write16(Region.DATA, 0, Descriptors.DATA_USER)));
                forms.add(Form.of(text, mode, 3).with(b -> b.write16(Region.DATA, 0, Descriptors.DATA_LOCAL)));
            }
        }
        forms.add(Form.of("arpl [@b], ax", Mode.PROTECTED32, 3).with(b -> b.write16(Region.DATA, 0, 0x100)).with(b -> b.gpr(Registers.RAX, 3)));
        forms.add(Form.of("invpcid rax, [rbx]", Mode.LONG, 0).with(b -> b.gpr(Registers.RAX, 2))
            .with(b -> b.write(Region.DATA, 0, 64, 0, 0)));
    }

    private static void segments(List<Form> forms) {
        for (Mode mode : List.of(Mode.REAL, Mode.V86, Mode.PROTECTED16, Mode.PROTECTED32, Mode.LONG)) {
            int cpl = mode == Mode.REAL ? 0 : 3;
            for (int selector : mode.descriptors() ? new int[] {Descriptors.DATA_USER, Descriptors.DATA_LOCAL} : new int[] {0x1000}) {
                for (String text : List.of("mov ds, ax", "mov fs, [@b]", "lfs eax, [@b]", "lgs ax, [@b]")) {
                    forms.add(Form.of(text, mode, cpl).with(b -> {
                        b.gpr(Registers.RAX, selector);
                        b.write16(Region.DATA, text.contains("lfs") ? 4 : text.contains("lgs") ? 2 : 0, selector);
                    }));
                }
            }
            int stack = mode.descriptors() ? Descriptors.DATA : 0x1000;
            int ring = mode == Mode.V86 ? 3 : 0;
            for (String text : List.of("mov ss, ax", "mov ss, [@b]", "lss eax, [@b]")) {
                forms.add(Form.of(text, mode, ring).with(b -> {
                    b.gpr(Registers.RAX, stack);
                    b.write16(Region.DATA, text.contains("lss") ? 4 : 0, stack);
                }));
            }
        }
    }

    private static void farTransfers(List<Form> forms) {
        for (String way : List.of("call", "jmp")) {
            for (Mode mode : List.of(Mode.REAL, Mode.V86)) {
                forms.add(Form.of(way + " 0xa000:0x1800", mode, mode == Mode.V86 ? 3 : 0));
                forms.add(Form.of(way + " far [@b]", mode, mode == Mode.V86 ? 3 : 0).with(b -> b.write16(Region.DATA, 0, Bench.HANDLER))
                    .with(b -> b.write16(Region.DATA, 2, 0xa000)));
            }
            forms.add(direct(way, Mode.PROTECTED16, 0, Descriptors.CODE16));
            forms.add(direct(way, Mode.PROTECTED32, 3, Descriptors.CODE32_USER));
            forms.add(direct(way, Mode.PROTECTED32, 3, Descriptors.CONFORMING));
            forms.add(direct(way, Mode.COMPATIBILITY, 3, Descriptors.CODE32_USER));
            forms.add(direct(way, Mode.LONG, 0, Descriptors.CODE64));
            forms.add(direct(way, Mode.LONG, 3, Descriptors.CODE32_USER));
            forms.add(direct(way, Mode.PROTECTED32, 0, Descriptors.GATE32));
            forms.add(direct(way, Mode.PROTECTED16, 0, Descriptors.GATE16));
            forms.add(direct(way, Mode.LONG, 0, Descriptors.GATE64));
            forms.add(direct(way, Mode.PROTECTED32, 3, Descriptors.TASK));
            forms.add(direct(way, Mode.PROTECTED32, 3, Descriptors.TASK_GATE));
        }
        // to ring 0, with the stack of the TSS and parameters
        forms.add(direct("call", Mode.PROTECTED32, 3, Descriptors.GATE32));
        forms.add(direct("call", Mode.PROTECTED16, 3, Descriptors.GATE16));
        forms.add(direct("call", Mode.PROTECTED16, 3, Descriptors.GATE32));
        forms.add(direct("call", Mode.LONG, 3, Descriptors.GATE64));
        forms.add(direct("call", Mode.COMPATIBILITY, 3, Descriptors.GATE64));
    }

    /** Through a far pointer in memory. */
    private static Form direct(String way, Mode mode, int cpl, int selector) {
        String size = mode.bits == 16 ? "word" : "dword";
        return Form.of(way + " " + size + " far [@b]", mode, cpl).with(b -> {
            boolean flat = selector == Descriptors.CODE64;
            b.write(Region.DATA, 0, mode.bits == 16 ? 16 : 32, flat ? TARGET : Bench.HANDLER, selector);
        });
    }

    private static void farReturns(List<Form> forms) {
        for (Mode mode : List.of(Mode.REAL, Mode.V86)) {
            int cpl = mode == Mode.V86 ? 3 : 0;
            for (String text : List.of("retf", "retf 6", "iret", "o32 iret")) {
                forms.add(Form.of(text, mode, cpl).with(b -> b.write(Region.STACK, 0, text.startsWith("o32") ? 32 : 16, Bench.HANDLER, 0xa000, Flags.CF)));
            }
        }
        for (String text : List.of("retf", "retf 8", "iret")) {
            forms.add(frame(text, Mode.PROTECTED32, 0, 32, Descriptors.CODE32, 0, false));
            forms.add(frame(text, Mode.PROTECTED32, 3, 32, Descriptors.CODE32_USER, 0, false));
            forms.add(frame(text, Mode.PROTECTED32, 0, 32, Descriptors.CODE32_USER, Descriptors.STACK32_USER, false));
            forms.add(frame(text, Mode.PROTECTED16, 0, 16, Descriptors.CODE16, 0, false));
            forms.add(frame(text, Mode.PROTECTED16, 0, 16, Descriptors.CODE16_USER, Descriptors.STACK16_USER, false));
            forms.add(frame(text, Mode.COMPATIBILITY, 3, 32, Descriptors.CODE32_USER, 0, false));
        }
        for (String text : List.of("o64 retf", "o64 retf 8", "iretq")) {
            forms.add(frame(text, Mode.LONG, 0, 64, Descriptors.CODE64, Descriptors.DATA, true));
            forms.add(frame(text, Mode.LONG, 0, 64, Descriptors.CODE64_USER, Descriptors.DATA_USER, true));
            forms.add(frame(text, Mode.LONG, 0, 64, Descriptors.CODE32_USER, Descriptors.STACK32_USER, false));
            forms.add(frame(text, Mode.LONG, 3, 64, Descriptors.CODE64_USER, Descriptors.DATA_USER, true));
        }
        // to an 8086 program: EIP, CS, EFLAGS, ESP, SS, ES, DS, FS, GS
        forms.add(Form.of("iret", Mode.PROTECTED32, 0).with(b -> b.write(Region.STACK, 0, 32, Bench.HANDLER, 0xa000, Flags.VM | Flags.FIXED, 0x1000, 0x4000,
            0x2000, 0x1000, 0x1000, 0x1000)));
    }

    private static Form frame(String text, Mode mode, int cpl, int bits, int code, int stack, boolean flat) {
        boolean interrupt = text.startsWith("iret");
        return Form.of(text, mode, cpl).with(b -> {
            long ip = flat ? TARGET : Bench.HANDLER;
            long sp = flat ? Region.STACK.linear() + 0x800 : 0x800;
            int at = 2 * bits / 8;
            b.write(Region.STACK, 0, bits, ip, code);
            if (interrupt) {
                b.write(Region.STACK, at, bits, Flags.FIXED | Flags.ZF | Flags.DF);
                at += bits / 8;
            } else if (text.endsWith("8")) {
                at += 8;
            }
            b.write(Region.STACK, at, bits, sp, stack);
        });
    }

    private static void events(List<Form> forms) {
        for (int vector : new int[] {0x10, Descriptors.TRAP}) {
            forms.add(Form.of("int " + vector, Mode.REAL, 0));
            forms.add(Form.of("interrupt", Mode.REAL, 0).event(EXTERNAL | vector, 0));
        }
        int[] gates = {Descriptors.TRAP, Descriptors.SIXTEEN, Descriptors.CONFORMS, Descriptors.LOCAL, Descriptors.TO_TASK, Descriptors.ON_IST};
        for (int gate : gates) {
            for (int cpl : new int[] {0, 3}) {
                forms.add(Form.of("int " + gate, Mode.PROTECTED32, cpl));
                forms.add(Form.of("interrupt " + gate, Mode.PROTECTED32, cpl).event(EXTERNAL | gate, 0));
            }
        }
        for (int gate : new int[] {Descriptors.TRAP, Descriptors.LOCAL, Descriptors.ON_IST}) {
            for (int cpl : new int[] {0, 3}) {
                for (Mode mode : List.of(Mode.COMPATIBILITY, Mode.LONG)) {
                    forms.add(Form.of("int " + gate, mode, cpl));
                    forms.add(Form.of("interrupt " + gate, mode, cpl).event(EXTERNAL | gate, 0));
                }
            }
        }
        for (int cpl : new int[] {0, 3}) {
            forms.add(Form.of("int3", Mode.PROTECTED32, cpl));
            forms.add(Form.of("int1", Mode.LONG, cpl));
            forms.add(Form.of("into", Mode.PROTECTED32, cpl).with(b -> b.cpu.arithmeticFlags(Flags.OF)));
            for (Mode mode : List.of(Mode.PROTECTED32, Mode.COMPATIBILITY, Mode.LONG)) {
                forms.add(Form.of("ud2", mode, cpl).with(b -> b.passing = 1));
                forms.add(Form.of("#AC", mode, cpl).event(EXCEPTION | ERROR_CODE | AC, 0x1234));
            }
        }
        for (int gate : new int[] {Descriptors.TRAP, Descriptors.SIXTEEN, Descriptors.TO_TASK, Descriptors.LOCAL}) {
            forms.add(Form.of("int " + gate, Mode.V86, 3));
            forms.add(Form.of("interrupt " + gate, Mode.V86, 3).event(EXTERNAL | gate, 0));
        }
        // redirected to the 8086 program's own vector, with virtual interrupts and without
        for (boolean virtual : new boolean[] {false, true}) {
            forms.add(Form.of("int 0x10", Mode.V86, 3).with(b -> {
                b.cpu.cr4 |= Cr4.VME;
                b.cpu.flag(Flags.IOPL, !virtual);
                // the object of VECTORS lies in its middle: the table begins at 0
                b.memory.write32(Region.VECTORS.physical() + 4 * 0x10, 0xa000 << 16 | Bench.HANDLER);
            }));
        }
    }

    private static void tasks(List<Form> forms) {
        forms.add(Form.of("iret", Mode.PROTECTED32, 0).with(b -> {
            b.cpu.flag(Flags.NT, true);
            b.write16(Region.TSS, Tss32.LINK, Descriptors.TASK);
            Descriptors.gdt(b, Descriptors.TASK, b.read64(Region.GDT, Descriptors.TASK) | 1L << 41);
        }));
        forms.add(direct("jmp", Mode.PROTECTED32, 3, Descriptors.TASK16).with(Descriptors::task16));
        forms.add(direct("call", Mode.PROTECTED32, 3, Descriptors.TASK16).with(Descriptors::task16));
        forms.add(direct("call", Mode.PROTECTED16, 3, Descriptors.TASK).with(b -> b.write32(Region.TASK, Tss32.EFLAGS, Flags.VM | Flags.FIXED)));
        // the new task's stack takes the error code
        forms.add(Form.of("exception through a task gate", Mode.PROTECTED32, 3).event(EXCEPTION | ERROR_CODE | Descriptors.TO_TASK, 0x1234));
    }
}
