package proteus.shell.hostile;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import proteus.x86.asm.Assembler;

/**
 * Writes a guest that attacks its hypervisor: some dozens of blocks, each one misuse of the architecture with values of a seed. A fault
 * leads to the next block, as long as the guest has not destroyed its own tables.
 */
public final class HostileGuest {
    public static final long MEMORY = 2 << 20;
    private static final int ORIGIN = 0x10_0000;
    private static final int BLOCKS = 24;
    /** Where a VMM without VMX has its own pages and its translated code: the end of the address space. */
    private static final int VMM = 0xffe0_0000, VMM_BYTES = 2 << 20;
    /** MSRs that somebody might leave to the guest by mistake, and some that do not exist. */
    private static final int[] MSRS = {0x10, 0x1b, 0x3a, 0x3b, 0x48, 0x49, 0x79, 0x8b, 0x174, 0x175, 0x176, 0x179, 0x17a, 0x1a0, 0x1d9, 0x200, 0x201, 0x250, 0x277,
        0x2ff, 0x480, 0x48b, 0x6e0, 0x800, 0x808, 0x80b, 0x80f, 0x830, 0x832, 0x838, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000100, 0xc0000101,
        0xc0000102, 0xc0000103, 0x40000000, 0x4b564d00, 0xdeadbeef};
    private static final int[] PORTS = {0x20, 0x21, 0x40, 0x43, 0x60, 0x64, 0x70, 0x71, 0x80, 0x92, 0xa0, 0xa1, 0xe9, 0x1f0, 0x1f1, 0x1f2, 0x1f6, 0x1f7, 0x3c0, 0x3c4, 0x3ce,
        0x3d4, 0x3f6, 0x3f8, 0x3f9, 0x3fb, 0x402, 0x510, 0x514, 0x518, 0xcf8, 0xcfc, 0xcfe, 0xc000, 0xc002, 0xc004, 0x600, 0xb000, 0x8900};
    private static final int[] DEVICES = {0xfee00020, 0xfee000b0, 0xfee00300, 0xfee00380, 0xfec00000, 0xfec00010, 0xb8000, 0xa0000, 0xfebf0000, 0xfeb00000, 0xfffffff0, 0xf0000};

    private final SplittableRandom random;
    private final List<Supplier<String>> misuses = List.of(
            this::wildWrite, this::wildRead, this::wildString, this::forgedDirectory, this::forgedPae, this::forgedLongMode, this::controlRegister,
            this::readMsr, this::writeMsr, this::descriptorTable, this::selector, this::farTransfer, this::softwareInterrupt, this::flags, this::vmx,
            this::port, this::stringPort, this::pciConfiguration, this::device, this::stackElsewhere, this::taskState, this::cache, this::debugRegister,
            this::forgedReturn, this::ownCode, this::randomBytes, this::sse, this::handlersElsewhere, this::hypercall, this::intoTheVmm);

    public HostileGuest(long seed) {
        random = new SplittableRandom(seed);
    }

    /** A Multiboot image. */
    public byte[] image() {
        StringBuilder source = new StringBuilder("""
                header: dd 0x1badb002, 0x10000, 0 - 0x1badb002 - 0x10000
                        dd header, header, 0, 0, start
                start:  lgdt [gdtr]
                        lidt [idtr]
                        mov edi, idt
                        mov ecx, 48
                setup:  mov eax, fault
                        mov [edi], ax
                        mov word [edi + 2], 8
                        mov word [edi + 4], 0xee00
                        shr eax, 16
                        mov [edi + 6], ax
                        add edi, 8
                        dec ecx
                        jnz setup
                        mov ax, 0x28
                        ltr ax
                        jmp fault
                """);
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < BLOCKS; i++) {
            labels.add("block" + i);
            source.append("block").append(i).append(":\n").append(misuses.get(random.nextInt(misuses.size())).get()).append("        jmp fault\n");
        }
        source.append("""
                fault:  mov esp, 0x180000
                        mov eax, 0x10
                        mov ds, ax
                        mov es, ax
                        mov ss, ax
                        mov eax, [turn]
                        inc dword [turn]
                        cmp eax, %d
                        jae end
                        jmp [eax * 4 + blocks]
                end:    xor eax, eax
                        out 0xf4, al
                        cli
                        hlt
                        align 8
                turn:   dd 0
                blocks: dd %s
                gdt:    dq 0
                        dw 0xffff, 0, 0x9b00, 0x00cf
                        dw 0xffff, 0, 0x9300, 0x00cf
                        dw 0xffff, 0, 0xfb00, 0x00cf
                        dw 0xffff, 0, 0xf300, 0x00cf
                        dw 0x67, task & 0xffff, 0x8900 | (task >> 16), 0
                        dw 0xffff, 0, 0x9a00, 0
                        dw 0xffff, 0, 0xfa00, 0x00af
                gdtr:   dw 0x3f
                        dd gdt
                idtr:   dw 0x17f
                        dd idt
                task:   dd 0, 0x178000, 0x10
                        times 23 dd 0
                idt:    times 96 dd 0
                """.formatted(BLOCKS, String.join(", ", labels)));
        return Assembler.assemble(source.toString(), 32, ORIGIN).bytes();
    }

    // ---- values

    private String word() {
        return "0x%x".formatted(random.nextInt());
    }

    /** Where a guest should not reach: anywhere, at devices, just behind its memory, in its own tables. */
    private String address() {
        return "0x%x".formatted(switch (random.nextInt(6)) {
            case 0 -> random.nextInt();
            case 1 -> DEVICES[random.nextInt(DEVICES.length)] + random.nextInt(64);
            case 2 -> (int) MEMORY + random.nextInt(1 << 20) - 64;
            case 3 -> random.nextInt((int) MEMORY);
            case 4 -> VMM + random.nextInt(VMM_BYTES);
            default -> 0x8000_0000 + random.nextInt(1 << 24);
        });
    }

    private int one(int... values) {
        return values[random.nextInt(values.length)];
    }

    private String bits(int... masks) {
        int value = 0;
        for (int mask : masks) {
            value |= random.nextBoolean() ? mask : 0;
        }
        return "0x%x".formatted(value);
    }

    // ---- misuses

    private String wildWrite() {
        return "mov dword [%s], %s\nadd dword [%s], 1\n".formatted(address(), word(), address());
    }

    private String wildRead() {
        return "mov eax, [%s]\nmov ebx, [eax]\ncmpxchg [ebx], ecx\n".formatted(address());
    }

    private String wildString() {
        return "mov edi, %s\nmov esi, %s\nmov ecx, 0x%x\n%s\nrep %s\n".formatted(
                address(), address(), random.nextInt(0x400), random.nextBoolean() ? "cld" : "std", List.of("movsd", "stosd", "movsb", "lodsd").get(random.nextInt(4)));
    }

    /** Entries that point anywhere, large pages, reserved bits, the directory itself among them. */
    private String fill(int table, int entries, int step) {
        String own = random.nextBoolean() ? "mov dword [0x%x], 0x%x\n".formatted(table, 0xe3) : "";
        return """
                mov edi, 0x%x
                mov eax, %s
                mov ecx, %d
                .l%x: imul eax, eax, 0x19660d
                add eax, 0x3c6ef35f
                mov ebx, eax
                or ebx, %s
                mov [edi], ebx
                add edi, %d
                dec ecx
                jnz .l%x
                """.formatted(table, word(), entries, table, bits(1, 2, 4, 0x80, 0x100), step, table) + own;
    }

    private String forgedDirectory() {
        return fill(0x150000, 1024, 4) + "mov dword [0x150000], %s\nmov eax, cr4\nor eax, %s\nmov cr4, eax\nmov eax, 0x150000\nmov cr3, eax\nmov eax, cr0\nor eax, %s\nmov cr0, eax\nmov eax, [%s]\nmov [%s], eax\ninvlpg [%s]\n"
                .formatted(random.nextInt(3) == 0 ? word() : "0xe7", bits(0x10, 0x80), bits(0x80000000, 0x80000000, 0x10000), address(), address(), address());
    }

    private String forgedPae() {
        return fill(0x150000, 8, 4) + fill(0x151000, 1024, 4)
                + "mov dword [0x150000], 0x151001\nmov dword [0x150004], 0\nmov dword [0x151000], 0xe7\nmov dword [0x151004], 0\nmov eax, 0x20\nmov cr4, eax\nmov eax, 0x150000\nmov cr3, eax\nmov eax, 0x80000011\nmov cr0, eax\nmov eax, [%s]\nmov [%s], eax\n"
                .formatted(address(), address());
    }

    private String forgedLongMode() {
        return fill(0x150000, 512, 8) + fill(0x151000, 512, 8) + """
                mov dword [0x150000], 0x151007
                mov dword [0x150004], 0
                mov dword [0x151000], 0x%x
                mov dword [0x151004], 0
                mov dword [0x152000], 0xe7
                mov eax, 0x20
                mov cr4, eax
                mov eax, 0x150000
                mov cr3, eax
                mov ecx, 0xc0000080
                rdmsr
                or eax, 0x900
                wrmsr
                mov eax, 0x80000011
                mov cr0, eax
                jmp 0x38:%s
                """.formatted(random.nextBoolean() ? 0x152007 : 0xe7, random.nextBoolean() ? "block0" : address());
    }

    private String controlRegister() {
        return switch (random.nextInt(4)) {
            case 0 -> "mov eax, %s\nmov cr0, eax\n".formatted(bits(1, 1, 2, 4, 8, 0x20, 0x10000, 0x20000000, 0x40000000, 0x80000000));
            case 1 -> "mov eax, %s\nmov cr3, eax\n".formatted(address());
            case 2 -> "mov eax, %s\nmov cr4, eax\n".formatted(random.nextInt(4) == 0 ? word() : bits(1, 2, 4, 8, 0x10, 0x20, 0x80, 0x200, 0x800, 0x2000, 0x20000, 0x100000, 0x200000));
            default -> "mov eax, %s\nlmsw ax\nclts\nmov eax, cr0\n".formatted(word());
        };
    }

    private String readMsr() {
        return "mov ecx, 0x%x\nrdmsr\n".formatted(one(MSRS));
    }

    private String writeMsr() {
        return "mov ecx, 0x%x\nmov eax, %s\nmov edx, %s\nwrmsr\n".formatted(one(MSRS), word(), random.nextBoolean() ? "0" : word());
    }

    private String descriptorTable() {
        return "mov word [0x160000], %d\nmov dword [0x160002], %s\n%s [0x160000]\nint %d\n".formatted(
                random.nextInt(0x10000), address(), random.nextBoolean() ? "lidt" : "lgdt", random.nextInt(256));
    }

    private String selector() {
        return "mov eax, 0x%x\n%s\n".formatted(random.nextInt(0x10000), List.of("mov ds, ax", "mov ss, ax", "mov fs, ax", "lldt ax", "ltr ax", "verr ax", "lar ebx, eax").get(random.nextInt(7)));
    }

    private String farTransfer() {
        return "%s 0x%x:%s\n".formatted(random.nextBoolean() ? "jmp" : "call", one(8, 0x10, 0x18, 0x1b, 0x28, 0x30, 0x38, random.nextInt(0x10000)), address());
    }

    private String softwareInterrupt() {
        return List.of("int %d\n".formatted(random.nextInt(256)), "int3\n", "int1\n", "into\n", "ud2\n", "xor ecx, ecx\ndiv ecx\n").get(random.nextInt(6));
    }

    private String flags() {
        return "push %s\npopfd\nnop\n%s\n".formatted(bits(1, 0x100, 0x200, 0x400, 0x1000, 0x3000, 0x4000, 0x10000, 0x20000, 0x40000), random.nextBoolean() ? "iret" : "nop");
    }

    private String vmx() {
        return List.of("vmcall\n", "vmlaunch\n", "vmresume\n", "vmxoff\n", "vmptrld [0x160000]\n", "vmclear [0x160000]\n", "vmread eax, ecx\n", "vmwrite ecx, eax\n",
                "mov eax, 0x2000\nmov cr4, eax\nvmxon [0x160000]\n").get(random.nextInt(9));
    }

    private String port() {
        int port = random.nextInt(4) == 0 ? random.nextInt(0x10000) : one(PORTS) + random.nextInt(2);
        String register = List.of("al", "ax", "eax").get(random.nextInt(3));
        return port >= 0xf4 && port <= 0xf7 ? "nop\n" : "mov dx, 0x%x\nmov eax, %s\nout dx, %s\nin %s, dx\n".formatted(port, word(), register, register);
    }

    private String stringPort() {
        return "mov dx, 0x%x\nmov edi, %s\nmov esi, %s\nmov ecx, 0x%x\nrep %s\n".formatted(
                one(PORTS), address(), address(), random.nextInt(0x100), List.of("insb", "insd", "outsb", "outsw").get(random.nextInt(4)));
    }

    /** Moves BARs to where they should not be, and lets the bus master go. */
    private String pciConfiguration() {
        int device = random.nextInt(6) << 11 | random.nextInt(4) << 8;
        return "mov dx, 0xcf8\nmov eax, 0x%x\nout dx, eax\nmov dx, 0xcfc\nmov eax, %s\nout dx, eax\n".formatted(
                0x8000_0000 | device | one(4, 0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x3c, 0x40, random.nextInt(64) << 2), random.nextBoolean() ? address() : "7");
    }

    private String device() {
        return "mov eax, [0x%x]\nmov dword [0x%x], %s\nxor [0x%x], al\nmov al, [0x%x]\n".formatted(one(DEVICES), one(DEVICES), word(), one(DEVICES), one(DEVICES) + 1);
    }

    /** Pushes and events with a stack that is no memory. */
    private String stackElsewhere() {
        return "mov esp, %s\n%s\n".formatted(address(), List.of("pushad", "push eax", "int 0x20", "call block0", "popad", "enter 0x20, 3", "ud2").get(random.nextInt(7)));
    }

    private String taskState() {
        return "mov dword [task + 4], %s\nmov dword [task + 8], 0x%x\npush 0x23\npush 0x170000\npush %s\npush 0x1b\npush %s\niret\n".formatted(
                address(), random.nextInt(0x10000), bits(2, 0x200, 0x3000, 0x20000), random.nextBoolean() ? "block1" : address());
    }

    private String cache() {
        return List.of("wbinvd\n", "invd\n", "invlpg [%s]\n".formatted(address()), "mov eax, %d\ninvpcid eax, [0x160000]\n".formatted(random.nextInt(6)), "xor ecx, ecx\nmov eax, %s\ncdq\nxsetbv\n".formatted(word()),
                "rdpmc\n", "monitor\n", "xor ecx, ecx\nmwait\n", "rdtscp\n", "cpuid\n").get(random.nextInt(10));
    }

    private String debugRegister() {
        return "mov eax, %s\nmov dr%d, eax\nmov eax, %s\nmov dr7, eax\nmov eax, [%s]\n".formatted(address(), random.nextInt(4), random.nextBoolean() ? word() : "0x0fff07ff", address());
    }

    private String forgedReturn() {
        return "push %s\npush %s\npush %s\npush 0x%x\npush %s\n%s\n".formatted(word(), address(), bits(2, 0x100, 0x4000, 0x20000, 0x10000, 0x3000),
                one(8, 0x1b, 0x30, 0x38, random.nextInt(0x10000)), address(), List.of("iret", "retf", "retf 8", "ret").get(random.nextInt(4)));
    }

    private String ownCode() {
        return "mov byte [block%d], 0x%x\nmov dword [block%d + 2], %s\n".formatted(random.nextInt(BLOCKS), random.nextInt(256), random.nextInt(BLOCKS), word());
    }

    private String randomBytes() {
        StringBuilder bytes = new StringBuilder("db ");
        for (int i = 0; i < 24; i++) {
            bytes.append(i == 0 ? "" : ", ").append(random.nextInt(256));
        }
        return bytes.append('\n').toString();
    }

    private String sse() {
        return "mov eax, 0x40600\nmov cr4, eax\nfxrstor [%s]\nxrstor [%s]\nmovaps xmm0, [%s]\nfxsave [%s]\n".formatted(address(), address(), address(), address());
    }

    /** The next exception finds its handler in no memory, or in a device. */
    private String handlersElsewhere() {
        return "mov dword [idt + %d], %s\nmov word [idt + %d], 0x%x\nint %d\n".formatted(8 * random.nextInt(48), word(), 8 * random.nextInt(48) + 4, random.nextInt(0x10000), random.nextInt(48));
    }

    /** As a paravirtual kernel would ask, with arguments without sense; elsewhere it is an undefined instruction. */
    private String hypercall() {
        return "mov eax, %d\nmov ebx, %s\nmov ecx, %s\nmov edx, %s\nint 0x82\nvmcall\nvmmcall\n".formatted(random.nextInt(64), address(), word(), word());
    }

    /** At the VMM's pages with the widest address there is: reads as 64-bit code, sign-extended, and as 32-bit code. */
    private String intoTheVmm() {
        String address = "0x%x".formatted(VMM + (random.nextBoolean() ? random.nextInt(0x3000) : random.nextInt(VMM_BYTES)));
        return """
                db 0x48, 0xc7, 0xc0     ; mov rax, address
                dd %s
                db 0x48, 0xc7, 0xc3     ; mov rbx, value
                dd %s
                db 0x48, 0x8b, 0x08     ; mov rcx, [rax]
                db 0x48, 0x89, 0x18     ; mov [rax], rbx
                %s
                """.formatted(address, random.nextBoolean() ? "0" : word(), random.nextBoolean() ? "call eax" : random.nextBoolean() ? "jmp eax" : "sti");
    }
}
