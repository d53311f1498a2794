package proteus.silicon.system;

import java.util.List;
import proteus.api.silicon.SiliconFeature;

/**
 * A CPU model as data (SDM vol. 2, CPUID, tables 3-8 to 3-20).
 *
 * @param signature leaf 1 EAX: family, model, stepping
 * @param leaves highest basic leaf
 * @param extended highest extended leaf, 0 for none
 * @param features names from {@link #FEATURES}
 */
record CpuModel(String name, int signature, int leaves, int extended, List<String> features) {
    /** A feature flag: its name as in /proc/cpuinfo, where it is, and the silicon feature without which it is off. */
    record Feature(String name, int leaf, int register, int bit, int subleaf, SiliconFeature needs) {
        Feature(String name, int leaf, int register, int bit) {
            this(name, leaf, register, bit, 0, null);
        }

        Feature(String name, int leaf, int register, int bit, int subleaf) {
            this(name, leaf, register, bit, subleaf, null);
        }

        Feature(String name, int leaf, int register, int bit, SiliconFeature needs) {
            this(name, leaf, register, bit, 0, needs);
        }
    }

    private static final int EBX = 1, ECX = 2, EDX = 3, EXTENDED = 0x8000_0001;

    static final List<Feature> FEATURES = List.of(
        new Feature("fpu", 1, EDX, 0), new Feature("vme", 1, EDX, 1), new Feature("de", 1, EDX, 2), new Feature("pse", 1, EDX, 3),
        new Feature("tsc", 1, EDX, 4), new Feature("msr", 1, EDX, 5), new Feature("pae", 1, EDX, 6), new Feature("mce", 1, EDX, 7),
        new Feature("cx8", 1, EDX, 8), new Feature("apic", 1, EDX, 9), new Feature("sep", 1, EDX, 11), new Feature("mtrr", 1, EDX, 12),
        new Feature("pge", 1, EDX, 13), new Feature("mca", 1, EDX, 14), new Feature("cmov", 1, EDX, 15), new Feature("pat", 1, EDX, 16),
        new Feature("pse36", 1, EDX, 17), new Feature("clflush", 1, EDX, 19), new Feature("mmx", 1, EDX, 23), new Feature("fxsr", 1, EDX, 24),
        new Feature("sse", 1, EDX, 25), new Feature("sse2", 1, EDX, 26),
        new Feature("sse3", 1, ECX, 0), new Feature("pclmulqdq", 1, ECX, 1), new Feature("ssse3", 1, ECX, 9), new Feature("fma", 1, ECX, 12),
        new Feature("sse4_1", 1, ECX, 19), new Feature("sse4_2", 1, ECX, 20), new Feature("aes", 1, ECX, 25), new Feature("xsave", 1, ECX, 26),
        new Feature("avx", 1, ECX, 28), new Feature("f16c", 1, ECX, 29),
        new Feature("monitor", 1, ECX, 3), new Feature("vmx", 1, ECX, 5, SiliconFeature.VMX), new Feature("cx16", 1, ECX, 13), new Feature("pcid", 1, ECX, 17, SiliconFeature.PCID),
        new Feature("x2apic", 1, ECX, 21), new Feature("movbe", 1, ECX, 22), new Feature("popcnt", 1, ECX, 23),
        new Feature("tsc_deadline_timer", 1, ECX, 24), new Feature("rdrand", 1, ECX, 30),
        new Feature("fsgsbase", 7, EBX, 0), new Feature("tsc_adjust", 7, EBX, 1), new Feature("bmi1", 7, EBX, 3), new Feature("avx2", 7, EBX, 5),
        new Feature("fdp_excptn_only", 7, EBX, 6), new Feature("smep", 7, EBX, 7), new Feature("bmi2", 7, EBX, 8), new Feature("erms", 7, EBX, 9),
        new Feature("invpcid", 7, EBX, 10), new Feature("zero_fcs_fds", 7, EBX, 13), new Feature("rdseed", 7, EBX, 18),
        new Feature("adx", 7, EBX, 19), new Feature("smap", 7, EBX, 20), new Feature("clflushopt", 7, EBX, 23), new Feature("clwb", 7, EBX, 24),
        new Feature("sha_ni", 7, EBX, 29),
        new Feature("umip", 7, ECX, 2, SiliconFeature.UMIP), new Feature("vaes", 7, ECX, 9), new Feature("vpclmulqdq", 7, ECX, 10), new Feature("rdpid", 7, ECX, 22),
        new Feature("fsrm", 7, EDX, 4), new Feature("serialize", 7, EDX, 14), new Feature("spec_ctrl", 7, EDX, 26), new Feature("stibp", 7, EDX, 27),
        new Feature("arch_capabilities", 7, EDX, 29),
        new Feature("lahf_lm", EXTENDED, ECX, 0), new Feature("abm", EXTENDED, ECX, 5), new Feature("3dnowprefetch", EXTENDED, ECX, 8),
        new Feature("syscall", EXTENDED, EDX, 11), new Feature("nx", EXTENDED, EDX, 20, SiliconFeature.NX), new Feature("pdpe1gb", EXTENDED, EDX, 26),
        new Feature("rdtscp", EXTENDED, EDX, 27), new Feature("lm", EXTENDED, EDX, 29),
        new Feature("xsaveopt", 0xd, 0, 0, 1), new Feature("xsavec", 0xd, 0, 1, 1),
        new Feature("constant_tsc", 0x8000_0007, EDX, 8), new Feature("arat", 6, 0, 2));

    private static List<String> words(String text) {
        return List.of(text.trim().split("\\s+"));
    }

    /** A family 6 model that no processor has, so that no guest looks for the errata of one. */
    private static final int UNSPECIFIC = 0x000e06f1;
    /** The x86-64 psABI's second level of microarchitecture, with what a PC's operating system needs beside it. */
    private static final String LEVEL_2 = """
        fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 sse3 ssse3 sse4_1 sse4_2
        cx16 x2apic tsc_deadline_timer popcnt lahf_lm syscall nx lm constant_tsc arat
        """;

    static final List<CpuModel> MODELS = List.of(
        new CpuModel("max", UNSPECIFIC, 0x16, 0x8000_0008, words("""
            fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2
            sse3 pclmulqdq ssse3 sse4_1 sse4_2 aes sha_ni avx avx2 fma f16c vaes vpclmulqdq xsave xsaveopt xsavec
            fdp_excptn_only zero_fcs_fds
            vmx monitor cx16 pcid x2apic movbe popcnt tsc_deadline_timer rdrand
            fsgsbase tsc_adjust bmi1 smep bmi2 erms invpcid rdseed adx smap clflushopt clwb umip rdpid fsrm serialize
            spec_ctrl stibp arch_capabilities lahf_lm abm 3dnowprefetch syscall nx pdpe1gb rdtscp lm constant_tsc arat
            """)),
        new CpuModel("x86-64-v3", UNSPECIFIC, 0xd, 0x8000_0008, words(LEVEL_2 + """
            avx avx2 bmi1 bmi2 f16c fma abm movbe xsave
            """)),
        new CpuModel("x86-64-v2", UNSPECIFIC, 0xd, 0x8000_0008, words(LEVEL_2)),
        new CpuModel("qemu64", 0x00000663, 0xd, 0x8000_0008, words("""
            fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 sse3
            cx16 x2apic lahf_lm syscall nx lm
            """)),
        new CpuModel("pentium2", 0x00000652, 2, 0, words("""
            fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 mmx fxsr
            """)),
        new CpuModel("486", 0x00000480, 1, 0, words("fpu vme pse")));

    static CpuModel of(String name) {
        for (CpuModel model : MODELS) {
            if (model.name.equals(name)) {
                return model;
            }
        }
        throw new IllegalArgumentException("there is no CPU model %s; the models are %s".formatted(name,
            String.join(", ", MODELS.stream().map(CpuModel::name).toList())));
    }

    boolean has(String feature) {
        return features.contains(feature);
    }
}
