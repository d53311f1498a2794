package proteus.vmm;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import proteus.api.compose.Composition;
import proteus.api.io.Device;
import proteus.api.io.DiskImage;
import proteus.api.io.NetSetting;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.HostMemory;
import proteus.api.state.ArchState;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;

/**
 * All of a VM that its guest could miss, in a form that knows no technique: what it was made from, processor, clock, board, devices,
 * console and memory. Derived things (shadow tables, EPT, translations) are rebuilt by whoever restores it.
 */
final class Snapshot {
    private static final int PAGE = HostMemory.FRAME_SIZE;
    /** Behind the last page. */
    private static final long END = -1;
    private static final int MOST_BYTES = 1 << 30;

    private final VmSpec spec;
    private final Map<Long, int[]> cpuid;
    private final ArchState state;
    private final long retired;
    private final long now;
    private final byte[] board;
    private final Map<String, byte[]> devices;
    private final byte[] console;

    private Snapshot(
            VmSpec spec, Map<Long, int[]> cpuid, ArchState state, long retired, long now, byte[] board, Map<String, byte[]> devices, byte[] console) {
        this.spec = spec;
        this.cpuid = cpuid;
        this.state = state;
        this.retired = retired;
        this.now = now;
        this.board = board;
        this.devices = devices;
        this.console = console;
    }

    /** What the VM was made from. */
    VmSpec spec() {
        return spec;
    }

    /** On the VM's thread. */
    static void save(Parts parts, HandOver handOver, Path file) {
        if (parts.abi() != GuestAbi.PC) {
            throw new VmException("VM %s cannot be saved: a Xen domain's event channels and page types are kept by its hypervisor alone".formatted(parts.spec().name()));
        }
        Map<String, byte[]> devices = new LinkedHashMap<>();
        parts.devices().forEach(device -> devices.put(device.name(), device.exportState()));
        VmSpec now = parts.spec().in(handOver.shape());
        Snapshot all = new Snapshot(
                now,
                parts.contract().cpuid(),
                handOver.cpu().exportState(),
                parts.vcpu().retired(),
                parts.clock().now(),
                parts.board().exportState(),
                devices,
                parts.console().text().getBytes(StandardCharsets.ISO_8859_1));
        SnapshotFile.write(file, out -> {
            all.write(out);
            pages(out, parts);
        });
    }

    /** Pages that are not all zeros, by their place in the store behind guest-physical memory, ROM included. */
    private static void pages(DataOutputStream out, Parts parts) throws IOException {
        GuestFrames frames = parts.frames().own();
        HostMemory host = frames.host().memory();
        byte[] page = new byte[PAGE];
        byte[] zeros = new byte[PAGE];
        for (long offset = 0; offset < frames.bytes(); offset += PAGE) {
            if (frames.used(offset)) {
                host.read(frames.hpa(offset), page, 0, PAGE);
                if (!Arrays.equals(page, zeros)) {
                    out.writeLong(offset);
                    out.write(page);
                }
            }
        }
        out.writeLong(END);
    }

    private void write(DataOutputStream out) throws IOException {
        out.writeUTF(spec.name());
        for (String part : List.of(spec.composition().silicon(), spec.composition().cpu(), spec.composition().memory(), spec.composition().io())) {
            out.writeUTF(part);
        }
        out.writeLong(spec.memoryBytes());
        out.writeUTF(spec.clock().name());
        out.writeUTF(spec.cpu());
        out.writeBoolean(spec.acpi());
        out.writeUTF(spec.boot().name());
        bytes(out, spec.boot().kernel());
        bytes(out, spec.boot().initrd());
        out.writeUTF(spec.boot().commandLine());
        out.writeUTF(spec.boot().entry().name());
        named(out, new TreeMap<>(spec.boot().files()));
        out.writeInt(spec.disks().size());
        for (DiskImage disk : spec.disks()) {
            out.writeUTF(disk.medium().name());
            out.writeUTF(disk.toString());
        }
        out.writeUTF(spec.engine().name());
        out.writeUTF(spec.reboot().name());
        out.writeUTF(spec.devices().transport().name());
        out.writeUTF(spec.devices().host().name());
        out.writeInt(spec.devices().networks().size());
        for (NetSetting network : spec.devices().networks()) {
            out.writeUTF(network.toString());
        }
        out.writeInt(cpuid.size());
        for (Map.Entry<Long, int[]> leaf : new TreeMap<>(cpuid).entrySet()) {
            out.writeLong(leaf.getKey());
            for (int register : leaf.getValue()) {
                out.writeInt(register);
            }
        }
        StateCodec.write(out, state);
        out.writeLong(retired);
        out.writeLong(now);
        bytes(out, board);
        named(out, devices);
        bytes(out, console);
    }

    /** All but the pages, which follow in the stream. */
    static Snapshot read(DataInputStream in) throws IOException {
        try {
            return new Snapshot(spec(in), cpuid(in), StateCodec.read(in), in.readLong(), in.readLong(), bytes(in), named(in), bytes(in));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static VmSpec spec(DataInputStream in) throws IOException {
        String name = in.readUTF();
        Composition composition = new Composition(in.readUTF(), in.readUTF(), in.readUTF(), in.readUTF());
        long memoryBytes = in.readLong();
        VmSpec.Clock clock = VmSpec.Clock.valueOf(in.readUTF());
        String cpu = in.readUTF();
        boolean acpi = in.readBoolean();
        VmSpec.BootSpec boot =
                new VmSpec.BootSpec(in.readUTF(), bytes(in), bytes(in), in.readUTF(), VmSpec.Entry.valueOf(in.readUTF()), named(in));
        List<DiskImage> disks = new ArrayList<>();
        for (int i = in.readInt(); i > 0; i--) {
            disks.add(DiskImage.parse(DiskImage.Medium.valueOf(in.readUTF()), in.readUTF()));
        }
        return new VmSpec(
                name, composition, memoryBytes, 1, clock, cpu, acpi, boot, disks, ExecutionEngine.valueOf(in.readUTF()), VmSpec.Reboot.valueOf(in.readUTF()),
                DeviceSetting.of(in.readUTF(), in.readUTF()).with(networks(in)));
    }

    private static List<NetSetting> networks(DataInputStream in) throws IOException {
        List<NetSetting> networks = new ArrayList<>();
        for (int i = in.readInt(); i > 0; i--) {
            networks.addAll(NetSetting.parse(in.readUTF()));
        }
        return networks;
    }

    private static Map<Long, int[]> cpuid(DataInputStream in) throws IOException {
        Map<Long, int[]> table = new TreeMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            table.put(in.readLong(), new int[] {in.readInt(), in.readInt(), in.readInt(), in.readInt()});
        }
        return table;
    }

    /**
     * Makes freshly built parts into what was saved; the pages come from the stream behind {@link #read}.
     *
     * @throws VmException in one sentence when they do not fit; the parts are good for nothing then
     */
    void restore(Parts parts, DataInputStream in) throws IOException {
        fits(parts);
        parts.vcpu().begin(retired);
        parts.clock().begin(now);
        try {
            parts.board().importState(board);
            parts.devices().forEach(device -> device.importState(devices.get(device.name())));
        } catch (IllegalArgumentException e) {
            throw new VmException(e.getMessage(), e);
        }
        // the pages last: what the board does to memory while it takes its state over has happened already
        pages(in, parts);
        parts.console().printed(console);
        parts.vcpu().cpu().importState(state);
    }

    private void fits(Parts parts) {
        List<String> here = parts.devices().stream().map(Device::name).toList();
        if (!here.equals(List.copyOf(devices.keySet()))) {
            throw new VmException("the guest drives %s and would find %s: restore it with the I/O technique it was saved with".formatted(devices.keySet(), here));
        }
        Contracts.broken(cpuid, parts.contract()).ifPresent(leaf -> {
            throw new VmException("the guest was promised a CPUID whose leaf 0x%x this silicon does not give it for CPU model '%s'".formatted(leaf, spec.cpu()));
        });
    }

    private static void pages(DataInputStream in, Parts parts) throws IOException {
        GuestFrames frames = parts.frames().own();
        HostMemory host = frames.host().memory();
        byte[] page = new byte[PAGE];
        byte[] zeros = new byte[PAGE];
        long at = 0;
        for (long next = in.readLong(); ; next = in.readLong()) {
            if (next != END && (next < at || next % PAGE != 0 || next >= frames.bytes())) {
                throw new IOException("a page at 0x%x".formatted(next));
            }
            // between two pages of the snapshot all was zero
            for (long end = next == END ? frames.bytes() : next; at < end; at += PAGE) {
                if (frames.used(at)) {
                    host.write(frames.ownHpa(at, true), zeros, 0, PAGE);
                }
            }
            if (next == END) {
                return;
            }
            in.readFully(page);
            host.write(frames.ownHpa(next, true), page, 0, PAGE);
            at = next + PAGE;
        }
    }

    private static void bytes(DataOutputStream out, byte[] value) throws IOException {
        out.writeInt(value.length);
        out.write(value);
    }

    private static byte[] bytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > MOST_BYTES) {
            throw new IOException(length + " bytes");
        }
        byte[] value = in.readNBytes(length);
        if (value.length < length) {
            throw new IOException("it ends too early");
        }
        return value;
    }

    private static void named(DataOutputStream out, Map<String, byte[]> values) throws IOException {
        out.writeInt(values.size());
        for (Map.Entry<String, byte[]> value : values.entrySet()) {
            out.writeUTF(value.getKey());
            bytes(out, value.getValue());
        }
    }

    private static Map<String, byte[]> named(DataInputStream in) throws IOException {
        Map<String, byte[]> values = new LinkedHashMap<>();
        for (int i = in.readInt(); i > 0; i--) {
            values.put(in.readUTF(), bytes(in));
        }
        return values;
    }
}
