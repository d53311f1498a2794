package proteus.silicon.system;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.format.Xcr0;

/** CPUID: the tables of a model, what follows from them, and the instruction (SDM vol. 2, CPUID). */
public final class Cpuid {
    private static final int EAX = 0, EBX = 1, ECX = 2, EDX = 3;
    private static final int EXTENDED = 0x8000_0000;
    private static final int OSXSAVE = 1 << 27, APIC = 1 << 9;
    private static final int LINEAR_BITS = 48;
    private static final String BRAND = "Proteus modelled processor";
    /** Legacy region and header of an XSAVE area, and the AVX state behind them (SDM vol. 1, 13.4). */
    private static final int XSAVE_AREA = 576, AVX_BYTES = 256;
    private static final int XSAVE_LEAF = 0xd;
    private static final int MEGAHERTZ = 1000;

    private Cpuid() {}

    static void register(HandlerTable t) {
        t.putEnding(Mnemonic.CPUID, Cpuid::execute);
    }

    private static long key(int leaf, int subleaf) {
        return (leaf & 0xffff_ffffL) << 32 | subleaf & 0xffff_ffffL;
    }

    // ---- tables

    /** What a model answers on this silicon: {@code leaf << 32 | subleaf} to EAX, EBX, ECX, EDX. */
    public static Map<Long, int[]> tables(String modelName, Set<SiliconFeature> silicon, int physicalBits) {
        CpuModel model = CpuModel.of(modelName);
        Map<Long, int[]> table = new HashMap<>();
        put(table, 0, 0, model.leaves(), text("Genu"), text("ntel"), text("ineI"));
        boolean modern = model.leaves() >= 4;
        put(table, 1, 0, model.signature(), model.has("clflush") ? 1 << 16 | 8 << 8 : 0, 0, 0);
        if (model.leaves() >= 2) {
            // descriptors: 32 and 64-entry TLBs, caches in leaf 4 (or, before it, 16 KiB level 1 and 512 KiB level 2)
            put(table, 2, 0, modern ? 0x7603_6301 : 0x0302_0101, modern ? 0x00f0_b5ff : 0, 0, modern ? 0 : 0x0c04_0843);
        }
        if (modern) {
            caches(table);
            // MONITOR: lines of 64 bytes; ECX of MWAIT may ask for masked interrupts; one kind of C1
            boolean monitor = model.has("monitor");
            put(table, 5, 0, monitor ? 64 : 0, monitor ? 64 : 0, monitor ? 3 : 0, monitor ? 1 << 4 : 0);
            put(table, 6, 0, 0, 0, 0, 0);
            put(table, 7, 0, 0, 0, 0, 0);
            put(table, 0xa, 0, 0, 0, 0, 0);
            topology(table);
        }
        if (model.has("xsave")) {
            // EBX is of the state that XCR0 enables: after reset x87 alone; no supervisor states
            boolean avx = model.has("avx");
            put(table, XSAVE_LEAF, 0, (int) (Xcr0.X87 | Xcr0.SSE | (avx ? Xcr0.AVX : 0)), XSAVE_AREA, XSAVE_AREA + (avx ? AVX_BYTES : 0), 0);
            put(table, XSAVE_LEAF, 1, 0, XSAVE_AREA, 0, 0);
            if (avx) {
                put(table, XSAVE_LEAF, 2, AVX_BYTES, XSAVE_AREA, 0, 0);
            }
        }
        if (model.leaves() >= 0x16) {
            put(table, 0x15, 0, 1, 1, MEGAHERTZ * 1_000_000, 0);
            put(table, 0x16, 0, MEGAHERTZ, MEGAHERTZ, 100, 0);
        }
        if (model.extended() != 0) {
            put(table, EXTENDED, 0, model.extended(), 0, 0, 0);
            put(table, EXTENDED + 1, 0, 0, 0, 0, 0);
            brand(table);
            put(table, EXTENDED + 5, 0, 0, 0, 0, 0);
            put(table, EXTENDED + 6, 0, 0, 0, 256 << 16 | 4 << 12 | 64, 0);
            put(table, EXTENDED + 7, 0, 0, 0, 0, 0);
            put(table, EXTENDED + 8, 0, LINEAR_BITS << 8 | physicalBits, 0, 0, 0);
        }
        for (CpuModel.Feature feature : CpuModel.FEATURES) {
            boolean lacking = feature.needs() != null && !silicon.contains(feature.needs());
            if (model.has(feature.name()) && !lacking) {
                table.get(key(feature.leaf(), feature.subleaf()))[feature.register()] |= 1 << feature.bit();
            }
        }
        return table;
    }

    private static void put(Map<Long, int[]> table, int leaf, int subleaf, int eax, int ebx, int ecx, int edx) {
        table.put(key(leaf, subleaf), new int[] {eax, ebx, ecx, edx});
    }

    private static int text(String four) {
        return ByteBuffer.wrap(four.getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /** Leaf 4: level 1 data and code 32 KiB, level 2 256 KiB, level 3 8 MiB; lines of 64 bytes. */
    private static void caches(Map<Long, int[]> table) {
        cache(table, 0, 1, 1, 8, 64);
        cache(table, 1, 2, 1, 8, 64);
        cache(table, 2, 3, 2, 4, 1024);
        cache(table, 3, 3, 3, 16, 8192);
        put(table, 4, 4, 0, 0, 0, 0);
    }

    private static void cache(Map<Long, int[]> table, int index, int type, int level, int ways, int sets) {
        int selfInitializing = 1 << 8;
        put(table, 4, index, type | level << 5 | selfInitializing, ways - 1 << 22 | 63, sets - 1, 0);
    }

    /** Leaf 0xb: one thread in one core. */
    private static void topology(Map<Long, int[]> table) {
        put(table, 0xb, 0, 0, 1, 1 << 8, 0);
        put(table, 0xb, 1, 0, 1, 2 << 8 | 1, 0);
        put(table, 0xb, 2, 0, 0, 2, 0);
    }

    private static void brand(Map<Long, int[]> table) {
        ByteBuffer name = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        name.put(BRAND.getBytes(StandardCharsets.US_ASCII)).rewind();
        for (int leaf = 2; leaf <= 4; leaf++) {
            put(table, EXTENDED + leaf, 0, name.getInt(), name.getInt(), name.getInt(), name.getInt());
        }
    }

    static boolean bit(Map<Long, int[]> table, int leaf, int register, int bit) {
        return bit(table, leaf, 0, register, bit);
    }

    /** Family of leaf 1, without the extended one. */
    static int family(Map<Long, int[]> table) {
        return table.get(key(1, 0))[EAX] >>> 8 & 15;
    }

    static boolean bit(Map<Long, int[]> table, int leaf, int subleaf, int register, int bit) {
        int[] values = table.get(key(leaf, subleaf));
        return values != null && (values[register] >>> bit & 1) != 0;
    }

    // ---- what follows

    /** Makes a processor one of this model. */
    public static void apply(Cpu cpu, String model) {
        Map<Long, int[]> table = tables(model, cpu.features.silicon(), cpu.features.physicalBits());
        cpu.cpuid = table;
        cpu.isa = Features.of(table);
        cpu.cr4Mask = cr4(table);
        cpu.eferMask = (bit(table, EXTENDED + 1, EDX, 11) ? Efer.SCE : 0) | (bit(table, EXTENDED + 1, EDX, 29) ? Efer.LME | Efer.LMA : 0)
            | (bit(table, EXTENDED + 1, EDX, 20) ? Efer.NXE : 0);
        int[] states = table.get(key(0xd, 0));
        cpu.xcr0Mask = states == null ? Xcr0.X87 : states[EAX] & 0xffff_ffffL;
    }

    /** The bits of CR4 that exist (SDM 3A, 2.5). */
    private static long cr4(Map<Long, int[]> t) {
        return (bit(t, 1, EDX, 1) ? Cr4.VME | Cr4.PVI : 0) | (bit(t, 1, EDX, 4) ? Cr4.TSD : 0) | (bit(t, 1, EDX, 2) ? Cr4.DE : 0)
            | (bit(t, 1, EDX, 3) ? Cr4.PSE : 0) | (bit(t, 1, EDX, 6) ? Cr4.PAE : 0) | (bit(t, 1, EDX, 7) ? Cr4.MCE : 0)
            | (bit(t, 1, EDX, 13) ? Cr4.PGE : 0) | (bit(t, 1, EDX, 5) ? Cr4.PCE : 0) | (bit(t, 1, EDX, 24) ? Cr4.OSFXSR : 0)
            | (bit(t, 1, EDX, 25) ? Cr4.OSXMMEXCPT : 0) | (bit(t, 7, ECX, 2) ? Cr4.UMIP : 0) | (bit(t, 1, ECX, 5) ? Cr4.VMXE : 0)
            | (bit(t, 7, EBX, 0) ? Cr4.FSGSBASE : 0) | (bit(t, 1, ECX, 17) ? Cr4.PCIDE : 0) | (bit(t, 1, ECX, 26) ? Cr4.OSXSAVE : 0)
            | (bit(t, 7, EBX, 7) ? Cr4.SMEP : 0) | (bit(t, 7, EBX, 20) ? Cr4.SMAP : 0);
    }

    // ---- the instruction

    private static final int[] NOTHING = new int[4];

    private static void execute(Cpu cpu, Op op) {
        cpu.intercepts.instruction(cpu, op, ExitReason.CPUID, 0);
        int leaf = cpu.gpr32(0);
        int subleaf = cpu.gpr32(1);
        int[] values = answer(cpu.cpuid, leaf, subleaf);
        int ebx = values[EBX];
        int ecx = values[ECX];
        int edx = values[EDX];
        if (leaf == XSAVE_LEAF && Integer.compareUnsigned(subleaf, 1) <= 0 && values != NOTHING && (cpu.xcr0 & Xcr0.AVX) != 0) {
            ebx += AVX_BYTES;
        } else if (leaf == 1) {
            ecx |= (cpu.cr4 & Cr4.OSXSAVE) != 0 ? OSXSAVE : 0;
            edx &= (cpu.msrs.apicBase & Msr.APIC_BASE_ENABLE) == 0 ? ~APIC : -1;
        }
        cpu.gpr(0, values[EAX] & 0xffff_ffffL);
        cpu.gpr(3, ebx & 0xffff_ffffL);
        cpu.gpr(1, ecx & 0xffff_ffffL);
        cpu.gpr(2, edx & 0xffff_ffffL);
    }

    /** A leaf beyond the highest answers as the highest basic one does; a subleaf that does not exist answers zeros. */
    private static int[] answer(Map<Long, int[]> table, int leaf, int subleaf) {
        int[] values = find(table, leaf, subleaf);
        if (values != null) {
            return values;
        }
        boolean extended = leaf < 0;
        int[] range = table.get(key(extended ? EXTENDED : 0, 0));
        boolean beyond = range == null || Integer.compareUnsigned(leaf, range[EAX]) > 0;
        if (beyond) {
            values = find(table, table.get(key(0, 0))[EAX], subleaf);
        }
        return values == null ? NOTHING : values;
    }

    private static int[] find(Map<Long, int[]> table, int leaf, int subleaf) {
        boolean indexed = leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
        int[] values = table.get(key(leaf, indexed ? subleaf : 0));
        return values == null && leaf == 0xb && table.containsKey(key(0xb, 0)) ? new int[] {0, 0, subleaf & 0xff, 0} : values;
    }
}
