package proteus.silicon.faults;

import java.util.ArrayList;
import java.util.List;
import proteus.x86.format.Cr4;

/** Loads, stores, and instructions that do both, of every size and family. */
final class DataForms {
    private static final List<Mode> ALL = List.of(Mode.REAL, Mode.V86, Mode.PROTECTED16, Mode.PROTECTED32, Mode.LONG);

    private DataForms() {}

    private static final String INTEGERS = """
        mov al, [@b]
        mov ax, [@b]
        mov eax, [@b]
        mov [@b], al
        mov [@b], ax
        mov [@b], eax
        mov word [@b], 0x1234
        movzx eax, byte [@b]
        movsx eax, word [@b]
        movnti [@b], eax
        movbe eax, [@b]
        movbe [@b], ax
        sete [@b]
        cmovc eax, [@b]
        cmovnc eax, [@b]
        test [@b], eax
        cmp [@b], ax
        cmp eax, [@b]
        add eax, [@b]
        add [@b], al
        add [@b], ax
        add [@b], eax
        adc [@b], eax
        sbb [@b], eax
        and [@b], eax
        or dword [@b], 0x55
        lock xor [@b], eax
        sub dword [@b], 3
        inc dword [@b]
        dec word [@b]
        neg dword [@b]
        not dword [@b]
        shl dword [@b], 3
        sar word [@b], cl
        shr dword [@b], 1
        rol dword [@b], 3
        ror word [@b], 1
        rcl dword [@b], 3
        rcr dword [@b], cl
        shld [@b], eax, 5
        shrd [@b], ax, cl
        imul eax, [@b]
        imul eax, [@b], 7
        mul dword [@b]
        imul word [@b]
        bsf eax, [@b]
        popcnt eax, [@b]
        crc32 eax, dword [@b]
        adox eax, [@b]
        xchg [@b], eax
        xchg [@b], ax
        xchg [@b], al
        xadd [@b], eax
        xadd [@b], ax
        cmpxchg [@b], eax
        cmpxchg [@b], cx
        cmpxchg8b [@b]
        bt [@b], eax
        bts [@b], ax
        btr dword [@b], 9
        btc [@b], eax
        xlat
        prefetcht0 [@b]
        lgs ax, [@b]
        """;

    private static final String X87 = """
        fld dword [@b]
        fld qword [@b]
        fld tword [@b]
        fst dword [@b]
        fst qword [@b]
        fstp dword [@b]
        fstp qword [@b]
        fstp tword [@b]
        fild word [@b]
        fild dword [@b]
        fild qword [@b]
        fist word [@b]
        fist dword [@b]
        fistp word [@b]
        fistp dword [@b]
        fistp qword [@b]
        fisttp word [@b]
        fisttp dword [@b]
        fisttp qword [@b]
        fbld [@b]
        fbstp [@b]
        fadd dword [@b]
        fdivr qword [@b]
        fiadd word [@b]
        fisub dword [@b]
        fcom qword [@b]
        fcomp dword [@b]
        ficomp word [@b]
        fldcw [@b]
        fnstcw [@b]
        fnstsw [@b]
        fldenv [@b]
        fnstenv [@b]
        o16 fnstenv [@b]
        fnsave [@b]
        frstor [@b]
        o16 fnsave [@b]
        """;

    private static final String VECTORS = """
        movd mm1, [@b]
        movd [@b], mm1
        movq mm1, [@b]
        movq [@b], mm1
        movntq [@b], mm1
        paddb mm1, [@b]
        pshufw mm1, [@b], 5
        movd xmm1, [@b]
        movd [@b], xmm1
        movq xmm1, [@b]
        movq [@b], xmm1
        movups xmm1, [@b]
        movups [@b], xmm1
        movdqu xmm1, [@b]
        movupd [@b], xmm1
        lddqu xmm1, [@b]
        movss xmm1, [@b]
        movss [@b], xmm1
        movsd xmm1, [@b]
        movsd [@b], xmm1
        movlps xmm1, [@b]
        movhps [@b], xmm1
        movhpd xmm1, [@b]
        movddup xmm1, [@b]
        addss xmm1, [@b]
        mulsd xmm1, [@b]
        comisd xmm1, [@b]
        cvtsi2sd xmm1, dword [@b]
        cvttsd2si eax, [@b]
        cvtps2pi mm1, [@b]
        cvtpi2pd xmm1, [@b]
        cvtss2sd xmm1, [@b]
        pmovzxbw xmm1, [@b]
        pinsrd xmm1, [@b], 2
        pextrd [@b], xmm1, 2
        pextrb [@b], xmm1, 3
        extractps [@b], xmm1, 1
        pcmpestri xmm1, [@b], 0
        ldmxcsr [@b]
        stmxcsr [@b]
        maskmovq mm1, mm2
        maskmovdqu xmm1, xmm2
        """;

    /** Not in real and v8086 mode, where VEX does not exist. */
    private static final String VEX = """
        andn eax, ecx, [@b]
        pdep eax, ecx, [@b]
        rorx eax, [@b], 5
        vmovups ymm1, [@b]
        vmovups [@b], ymm1
        vmovdqu [@b], xmm1
        vaddpd ymm1, ymm2, [@b]
        vbroadcasti128 ymm1, [@b]
        vinsertf128 ymm1, ymm2, [@b], 1
        vextractf128 [@b], ymm1, 1
        vcvtps2ph [@b], ymm1, 0
        vmaskmovps ymm1, ymm3, [@b]
        vmaskmovps [@b], ymm3, ymm1
        vpmaskmovq [@b], ymm3, ymm1
        vgatherdps ymm1, [@b+ymm4*4], ymm3
        vpgatherdq xmm1, [@b+xmm4*8], xmm3
        """;

    /** These fault on an address that is not aligned. */
    private static final String ALIGNED = """
        movaps xmm1, [@b]
        movdqa [@b], xmm1
        movntps [@b], xmm1
        movntdqa xmm1, [@b]
        addps xmm1, [@b]
        paddq xmm1, [@b]
        pshufb xmm1, [@b]
        aesenc xmm1, [@b]
        """;

    private static final String AREAS = """
        fxsave [@b]
        fxrstor [@b]
        xsave [@b]
        xsaveopt [@b]
        xsavec [@b]
        xrstor [@b]
        """;

    private static final String LONG = """
        mov rax, [rbx]
        mov [rbx], rax
        mov qword [rbx], 0x1234
        add [rbx], rax
        sub rax, [rbx]
        xchg [rbx], rax
        xadd [rbx], rax
        cmpxchg [rbx], rcx
        movsxd rax, dword [rbx]
        shld [rbx], rax, 7
        bts [rbx], rax
        mul qword [rbx]
        movnti [rbx], rax
        movbe [rbx], rax
        cvtsi2sd xmm9, qword [rbx]
        movq [rbx], xmm9
        pinsrq xmm9, [rbx], 1
        mov eax, [fs:rbx]
        """;

    static List<Form> all() {
        List<Form> forms = new ArrayList<>();
        for (Mode mode : ALL) {
            add(forms, INTEGERS, mode, 1);
            if (mode != Mode.V86) {
                add(forms, X87, mode, 1);
            }
            if (mode.bits >= 32) {
                add(forms, VECTORS, mode, 1);
                add(forms, ALIGNED, mode, 16);
                add(forms, AREAS, mode, 64);
                add(forms, VEX, mode, 1);
            }
        }
        add(forms, LONG, Mode.LONG, 1);
        add(forms, "cmpxchg16b [rbx]\nfxsave64 [rbx]", Mode.LONG, 16);
        return forms;
    }

    private static void add(List<Form> forms, String texts, Mode mode, int align) {
        texts.lines().forEach(text -> {
            int cpl = mode == Mode.REAL || mode == Mode.PROTECTED16 ? 0 : 3;
            forms.add(Form.of(text, mode, cpl).aligned(align).with(b -> operands(b, text)));
        });
    }

    /** Operands that a form needs to get as far as memory, and through. */
    private static void operands(Bench b, String text) {
        int[] bitOffset = {0x65, 0xfff8 - 16};
        if (text.startsWith("bt")) {
            b.gpr(Registers.RAX, text.startsWith("bts") ? bitOffset[1] & 0x7ff : bitOffset[0]);
        } else if (text.startsWith("xlat")) {
            b.gpr(Registers.RAX, 0x12);
        } else if (text.startsWith("maskmov")) {
            b.vector(2, 0x80ff_0080_8000_8000L, 0x8000_0000_0000_0080L);
            b.mmx(1, 0x1122_3344_5566_7788L);
            b.mmx(2, 0x80ff_0080_8000_8000L);
        } else if (text.contains("mask") || text.contains("gather")) {
            b.vector(3, 0x8000_0000_8000_0000L, 0x8000_0000_0000_0000L);
            b.upper(3, 0x8000_0000_8000_0000L, 0x8000_0000_8000_0000L);
            b.vector(4, 0x0000_0005_ffff_fff0L, 0x0000_0011_0000_0022L);
            b.upper(4, 0x0000_0005_0000_0001L, 0x0000_0010_ffff_fff0L);
        } else if (text.startsWith("cmpxchg8b") || text.startsWith("cmpxchg [@b], eax")) {
            b.gpr(Registers.RAX, b.read64(Region.DATA, 0) & 0xffff_ffffL);
            b.gpr(Registers.RDX, b.read64(Region.DATA, 0) >>> 32);
        } else if (text.startsWith("ldmxcsr")) {
            b.write32(Region.DATA, 0, 0x1fa0);
        } else if (text.startsWith("lgs")) {
            b.write16(Region.DATA, 2, b.form.mode().descriptors() ? Descriptors.DATA_USER : 0x1000);
        } else if (text.contains("fx") || text.contains("xrstor") || text.contains("xsave")) {
            area(b);
        } else if (text.startsWith("fldcw")) {
            b.write16(Region.DATA, 0, 0x37f);
        } else if (text.contains("fldenv") || text.contains("frstor")) {
            b.write(Region.DATA, 0, b.form.mode().bits == 16 ? 16 : 32, 0x37f, 0x2000, 0xff, 0, 0, 0, 0);
        }
    }

    private static void area(Bench b) {
        b.gpr(Registers.RAX, 7);
        b.gpr(Registers.RDX, 0);
        b.write16(Region.DATA, 0, 0x37f);
        b.write32(Region.DATA, 24, 0x1f80);
        for (int i = 0; i < 64; i += 8) {
            b.write64(Region.DATA, 512 + i, 0);
        }
        b.write64(Region.DATA, 512, 7);
        b.cpu.cr4 |= Cr4.OSXSAVE;
    }
}
