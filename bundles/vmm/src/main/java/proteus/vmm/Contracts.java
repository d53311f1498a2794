package proteus.vmm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestContract;

/** What a guest is promised: the CPUID of its processor without what the hypervisor keeps for itself (SDM 2A, CPUID). */
final class Contracts {
    /** Ticks of the TSC per second under both clocks: one a nanosecond. */
    static final long TSC_FREQUENCY = 1_000_000_000L;

    private static final int EAX = 0, EBX = 1, ECX = 2;
    private static final int ECX1_MONITOR = 1 << 3, ECX1_VMX = 1 << 5;
    private static final int ECX1_HYPERVISOR = 1 << 31;
    private static final int HYPERVISOR_LEAF = 0x4000_0000;
    private static final String SIGNATURE = "ProteusHV\0\0\0";
    private static final int MONITOR_LEAF = 5;
    private static final int TSC_LEAF = 0x15;
    private static final int FREQUENCY_LEAF = 0x16;
    private static final int MEGAHERTZ = (int) (TSC_FREQUENCY / 1_000_000);
    private static final int BUS_MEGAHERTZ = 100;

    private Contracts() {}

    static GuestContract of(Silicon silicon, String cpu) {
        Map<Long, int[]> table = new HashMap<>();
        silicon.cpuid(cpu).forEach((leaf, values) -> table.put(leaf, values.clone()));
        table.computeIfPresent(key(1), (leaf, values) -> {
            values[ECX] = values[ECX] & ~(ECX1_VMX | ECX1_MONITOR) | ECX1_HYPERVISOR;
            return values;
        });
        // a guest idles with HLT: MWAIT would keep the host's processor
        table.computeIfPresent(key(MONITOR_LEAF), (leaf, values) -> new int[4]);
        timing(table);
        ByteBuffer name = ByteBuffer.wrap(SIGNATURE.getBytes(StandardCharsets.US_ASCII)).order(ByteOrder.LITTLE_ENDIAN);
        table.put(key(HYPERVISOR_LEAF), new int[] {HYPERVISOR_LEAF, name.getInt(), name.getInt(), name.getInt()});
        return new GuestContract(cpu, table, List.of(), TSC_FREQUENCY);
    }

    /** The first leaf of CPUID that a guest was promised otherwise than it would find it. */
    static Optional<Long> broken(Map<Long, int[]> promised, GuestContract offered) {
        return promised.entrySet().stream()
                .filter(leaf -> !Arrays.equals(leaf.getValue(), offered.cpuid().get(leaf.getKey())))
                .map(leaf -> leaf.getKey() >>> 32)
                .sorted()
                .findFirst();
    }

    /** Says the frequencies, so that a guest need not measure them against timers. */
    private static void timing(Map<Long, int[]> table) {
        int[] first = table.get(0L);
        if (first == null) {
            return;
        }
        first[EAX] = Math.max(first[EAX], FREQUENCY_LEAF);
        // Crystal and TSC are the same clock, ratio 1 to 1; the local APIC's timer runs on it too.
        table.put(key(TSC_LEAF), new int[] {1, 1, (int) TSC_FREQUENCY, 0});
        table.put(key(FREQUENCY_LEAF), new int[] {MEGAHERTZ, MEGAHERTZ, BUS_MEGAHERTZ, 0});
    }

    private static long key(int leaf) {
        return (leaf & 0xffffffffL) << 32;
    }
}
