package proteus.silicon.processor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.x86.asm.Assembler;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss32;

/**
 * Experiment E1: what happens to a kernel that is put into ring 1 or 3 as it is, without any translation (J. Robin, C. Irvine, USENIX
 * Security 2000; G. Popek, R. Goldberg, CACM 1974). The kernel believes in its own GDT, IDT, LDT, TSS, CR0 and interrupt flag, the
 * processor has those of the VMM. Each instruction runs in ring 0 on the kernel's own registers, and deprivileged on the VMM's: what
 * comes of it is the same, differs in silence, or traps.
 */
class SensitivityCensusTest {
    private static final int CODE = 8, DATA = 0x10, HIDDEN = 0x18, GUEST_LDT = 0x40, VMM_LDT = 0x48, GUEST_TSS = 0x50, VMM_TSS = 0x58;
    private static final long ORIGIN = 0x1000, STACK = 0x8000, GUEST_GDT = 0x2000, VMM_GDT = 0x3000, IDT = 0x4000, TASK = 0x6000;
    private static final int TSS_LIMIT = 0x67;
    private static final long PE = 1, MP = 2, TS = 8, UMIP = 1 << 11, IF = 1 << 9;
    private static final int IOPL_SHIFT = 12;

    /**
     * One instruction.
     *
     * @param source it and what brings its result into EAX
     * @param flags the result are IF and IOPL, not EAX
     */
    private record Family(String name, String source, boolean flags) {
        Family(String name, String source) {
            this(name, source, false);
        }
    }

    /** Robin and Irvine's list. */
    private static final List<Family> SENSITIVE = List.of(
        new Family("SGDT", "sgdt [0x9000]\nmov eax, [0x9002]"),
        new Family("SIDT", "sidt [0x9000]\nmov eax, [0x9002]"),
        new Family("SLDT", "sldt eax"),
        new Family("STR", "str eax"),
        new Family("SMSW", "smsw eax\nand eax, 15"),
        new Family("PUSHF", "pushfd\npop eax\nand eax, 0x3200"),
        new Family("POPF", "push 0x1002\npopfd", true),
        new Family("LAR", "mov ecx, 0x18\nlar eax, ecx"),
        new Family("LSL", "mov ecx, 0x18\nlsl eax, ecx"),
        new Family("VERR", "mov ecx, 0x18\nverr cx\nsetz al"),
        new Family("VERW", "mov ecx, 0x18\nverw cx\nsetz al"),
        new Family("PUSH CS", "push cs\npop eax"),
        new Family("POP FS", "push 0x18\npop fs"),
        new Family("MOV EAX,SS", "mov eax, ss"),
        new Family("MOV FS,AX", "mov eax, 0x18\nmov fs, ax"),
        new Family("CALL FAR", "call 8:there\nthere: pop ecx\npop eax"),
        new Family("JMP FAR", "jmp 8:there\nthere: mov eax, cs"),
        new Family("RET FAR", "push 8\npush there\nretf\nthere: mov eax, cs"),
        new Family("IRET", "pushfd\nmov dword [esp], 0x1002\npush cs\npush there\niret\nthere: nop", true),
        new Family("INT N", "int 0x30"));

    /** What traps whenever it is deprivileged, and what IOPL decides. */
    private static final List<Family> CONTROL = List.of(
        new Family("LGDT", "lgdt [0x9000]"),
        new Family("LIDT", "lidt [0x9000]"),
        new Family("LLDT", "xor eax, eax\nlldt ax"),
        new Family("LTR", "mov eax, 0x50\nltr ax"),
        new Family("LMSW", "mov eax, 1\nlmsw ax"),
        new Family("CLTS", "clts"),
        new Family("HLT", "hlt"),
        new Family("INVLPG", "invlpg [0x9000]"),
        new Family("INVD", "invd"),
        new Family("WBINVD", "wbinvd"),
        new Family("MOV CR", "mov eax, cr0"),
        new Family("MOV DR", "mov eax, dr7"),
        new Family("RDMSR", "mov ecx, 0x10\nrdmsr"),
        new Family("WRMSR", "mov ecx, 0x174\nxor edx, edx\nwrmsr"),
        new Family("CLI", "cli", true),
        new Family("STI", "sti", true),
        new Family("IN", "in al, 0x80"),
        new Family("OUT", "out 0x80, al"),
        new Family("INS", "mov edx, 0x80\nmov edi, 0x9000\ninsb"),
        new Family("OUTS", "mov edx, 0x80\nmov esi, 0x9000\noutsb"));

    private final ModelSilicon silicon = new ModelSilicon(16 << 20, Set.of(), 40);
    private final Processor processor =
        silicon.createProcessor(new ProcessorSettings(ExecutionMode.DEPRIVILEGED, "max", new EventCounters(), MachineBus.NONE, false));
    private final HostMemory memory = silicon.hostMemory();
    private final ArchState reset = processor.save();

    @AfterEach
    void close() {
        processor.close();
        silicon.close();
    }

    /** What came of it: a vector, or none and a result. */
    private record Result(int vector, long value) {}

    private Result run(Family family, int cpl, boolean umip, int iopl, boolean own) {
        // ring compression gives the kernel's own segments its real ring; its other segments stay as they are
        processor.load(reset);
        tables(own ? GUEST_GDT : VMM_GDT, cpl);
        CpuRegisters registers = processor.registers();
        byte[] code = Assembler.assemble(family.source + "\nend: nop", 32, ORIGIN).bytes();
        memory.write(ORIGIN, code, 0, code.length);
        for (int i = CpuRegisters.ES; i <= CpuRegisters.GS; i++) {
            int selector = i == CpuRegisters.CS ? CODE : DATA;
            registers.segment(i, new SegmentRegister(selector | cpl, 0, 0xffff_ffffL, (i == CpuRegisters.CS ? 0xc09b : 0xc093) | cpl << 5));
        }
        registers.segment(CpuRegisters.LDTR, new SegmentRegister(own ? GUEST_LDT : VMM_LDT, 0x5000, 0xff, 0x82));
        registers.segment(CpuRegisters.TR, new SegmentRegister(own ? GUEST_TSS : VMM_TSS, TASK, TSS_LIMIT, 0x8b));
        registers.gdtr(own ? GUEST_GDT : VMM_GDT, 0xff);
        registers.idtr(own ? IDT : IDT + 0x800, 0x7ff);
        registers.cr(0, PE | 0x10 | (own ? 0 : MP | TS));
        registers.cr(4, umip ? UMIP : 0);
        registers.rflags(2 | (own ? 0 : IF | (long) iopl << IOPL_SHIFT));
        for (int i = 0; i < 8; i++) {
            registers.gpr(i, 0x7777);
        }
        registers.gpr(CpuRegisters.RSP, STACK);
        registers.rip(ORIGIN);
        long end = ORIGIN + code.length - 1;
        for (int i = 0; i < 8 && registers.rip() != end; i++) {
            ExitReason reason = processor.run(1);
            if (reason == ExitReason.EXCEPTION) {
                return new Result(processor.exitInformation().vector(), 0);
            }
            if (reason == ExitReason.HLT) {
                break;
            }
        }
        return new Result(-1, family.flags ? registers.rflags() & (IF | 3 << IOPL_SHIFT) : registers.gpr(CpuRegisters.RAX));
    }

    private void tables(long gdt, int cpl) {
        memory.write64(gdt + CODE, SegmentDescriptor.of(0, 0xfffff, 0xc09b | cpl << 5));
        memory.write64(gdt + DATA, SegmentDescriptor.of(0, 0xfffff, 0xc093 | cpl << 5));
        memory.write64(gdt + HIDDEN, SegmentDescriptor.of(0, 0xfffff, 0xc093));
        // beyond the limit: the TSS permits no port
        memory.write16(TASK + Tss32.IO_MAP_BASE, TSS_LIMIT + 1);
        memory.write64(gdt + GUEST_TSS, SegmentDescriptor.of(TASK, TSS_LIMIT, 0x89));
    }

    private String cell(Family family, int cpl, boolean umip, int iopl) {
        Result oracle = run(family, 0, umip, 0, true);
        Result raw = run(family, cpl, umip, iopl, false);
        if (raw.vector >= 0) {
            return family.name.equals("INT N") ? "enters" : ExceptionVector.name(raw.vector);
        }
        return raw.equals(oracle) ? "same" : "silent";
    }

    private String table(List<Family> families) {
        StringBuilder table = new StringBuilder("            ring 1              UMIP                ring 3              UMIP\n"
            + "            IOPL 0    IOPL 3    IOPL 0    IOPL 3    IOPL 0    IOPL 3    IOPL 0    IOPL 3\n");
        for (Family family : families) {
            StringBuilder row = new StringBuilder("%-12s".formatted(family.name));
            for (int cpl : new int[] {1, 3}) {
                for (boolean umip : new boolean[] {false, true}) {
                    for (int iopl : new int[] {0, 3}) {
                        row.append("%-10s".formatted(cell(family, cpl, umip, iopl)));
                    }
                }
            }
            table.append(row.toString().stripTrailing()).append('\n');
        }
        return table.toString();
    }

    @Test
    void sensitiveInstructionsDifferInSilenceOrFaultWithoutBeingPrivileged() {
        assertEquals("""
                        ring 1              UMIP                ring 3              UMIP
                        IOPL 0    IOPL 3    IOPL 0    IOPL 3    IOPL 0    IOPL 3    IOPL 0    IOPL 3
            SGDT        silent    silent    #GP       #GP       silent    silent    #GP       #GP
            SIDT        silent    silent    #GP       #GP       silent    silent    #GP       #GP
            SLDT        silent    silent    #GP       #GP       silent    silent    #GP       #GP
            STR         silent    silent    #GP       #GP       silent    silent    #GP       #GP
            SMSW        silent    silent    #GP       #GP       silent    silent    #GP       #GP
            PUSHF       silent    silent    silent    silent    silent    silent    silent    silent
            POPF        silent    silent    silent    silent    silent    silent    silent    silent
            LAR         silent    silent    silent    silent    silent    silent    silent    silent
            LSL         silent    silent    silent    silent    silent    silent    silent    silent
            VERR        silent    silent    silent    silent    silent    silent    silent    silent
            VERW        silent    silent    silent    silent    silent    silent    silent    silent
            PUSH CS     silent    silent    silent    silent    silent    silent    silent    silent
            POP FS      #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            MOV EAX,SS  silent    silent    silent    silent    silent    silent    silent    silent
            MOV FS,AX   #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            CALL FAR    silent    silent    silent    silent    silent    silent    silent    silent
            JMP FAR     silent    silent    silent    silent    silent    silent    silent    silent
            RET FAR     #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            IRET        silent    silent    silent    silent    silent    silent    silent    silent
            INT N       enters    enters    enters    enters    enters    enters    enters    enters
            """, table(SENSITIVE));
    }

    @Test
    void privilegedInstructionsTrapAndThoseOfPortsAndInterruptsByIopl() {
        assertEquals("""
                        ring 1              UMIP                ring 3              UMIP
                        IOPL 0    IOPL 3    IOPL 0    IOPL 3    IOPL 0    IOPL 3    IOPL 0    IOPL 3
            LGDT        #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            LIDT        #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            LLDT        #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            LTR         #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            LMSW        #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            CLTS        #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            HLT         #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            INVLPG      #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            INVD        #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            WBINVD      #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            MOV CR      #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            MOV DR      #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            RDMSR       #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            WRMSR       #GP       #GP       #GP       #GP       #GP       #GP       #GP       #GP
            CLI         #GP       silent    #GP       silent    #GP       silent    #GP       silent
            STI         #GP       silent    #GP       silent    #GP       silent    #GP       silent
            IN          #GP       same      #GP       same      #GP       same      #GP       same
            OUT         #GP       same      #GP       same      #GP       same      #GP       same
            INS         #GP       same      #GP       same      #GP       same      #GP       same
            OUTS        #GP       same      #GP       same      #GP       same      #GP       same
            """, table(CONTROL));
    }

    /** In ring 0 on its own registers each does what the kernel wants: the oracle is no fault. */
    @Test
    void inRing0NothingTraps() {
        for (Family family : SENSITIVE) {
            assertEquals(family.name.equals("INT N") ? 0x30 : -1, run(family, 0, true, 0, true).vector, family.name);
        }
        for (Family family : CONTROL) {
            assertEquals(-1, run(family, 0, true, 0, true).vector, family.name);
        }
    }
}
