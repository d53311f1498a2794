package proteus.api.vm;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import proteus.api.compose.Composition;
import proteus.api.io.DiskImage;
import proteus.api.silicon.ExecutionEngine;

/**
 * A virtual machine that is wished for.
 *
 * @param name unique among the VMs
 * @param composition its hypervisor
 * @param memoryBytes RAM
 * @param vcpus 1 for now
 * @param clock {@link Clock#COUNT} or {@link Clock#WALL}
 * @param cpu CPU model the guest sees, {@code max} for all that the silicon has
 * @param acpi whether ACPI tables are shown
 * @param boot what to boot
 * @param disks disks and discs
 * @param engine how the silicon executes guest code
 * @param reboot what follows when the guest resets the machine
 * @param devices how devices are attached, and who does their work
 */
public record VmSpec(
        String name,
        Composition composition,
        long memoryBytes,
        int vcpus,
        Clock clock,
        String cpu,
        boolean acpi,
        BootSpec boot,
        List<DiskImage> disks,
        ExecutionEngine engine,
        Reboot reboot,
        DeviceSetting devices) {
    /** The engine nobody asked for: translation where the host can, the interpreter elsewhere. */
    public static final ExecutionEngine DEFAULT_ENGINE = ExecutionEngine.AUTO;

    public VmSpec {
        Objects.requireNonNull(name);
        Objects.requireNonNull(composition);
        Objects.requireNonNull(boot);
        Objects.requireNonNull(engine);
        Objects.requireNonNull(reboot);
        Objects.requireNonNull(devices);
        disks = List.copyOf(disks);
    }

    /** With devices as usual. */
    public VmSpec(
            String name,
            Composition composition,
            long memoryBytes,
            int vcpus,
            Clock clock,
            String cpu,
            boolean acpi,
            BootSpec boot,
            List<DiskImage> disks,
            ExecutionEngine engine,
            Reboot reboot) {
        this(name, composition, memoryBytes, vcpus, clock, cpu, acpi, boot, disks, engine, reboot, DeviceSetting.DEFAULT);
    }

    /** A machine whose run ends when the guest resets it. */
    public VmSpec(
            String name,
            Composition composition,
            long memoryBytes,
            int vcpus,
            Clock clock,
            String cpu,
            boolean acpi,
            BootSpec boot,
            List<DiskImage> disks,
            ExecutionEngine engine) {
        this(name, composition, memoryBytes, vcpus, clock, cpu, acpi, boot, disks, engine, Reboot.EXIT);
    }

    /** The same with the usual engine. */
    public VmSpec(String name, Composition composition, long memoryBytes, int vcpus, Clock clock, String cpu, boolean acpi, BootSpec boot, List<DiskImage> disks) {
        this(name, composition, memoryBytes, vcpus, clock, cpu, acpi, boot, disks, DEFAULT_ENGINE);
    }

    /** The same machine under another name. */
    public VmSpec named(String other) {
        return new VmSpec(other, composition, memoryBytes, vcpus, clock, cpu, acpi, boot, disks, engine, reboot, devices);
    }

    /** The same machine on another hypervisor. */
    public VmSpec on(Composition other, ExecutionEngine otherEngine) {
        return new VmSpec(name, other, memoryBytes, vcpus, clock, cpu, acpi, boot, disks, otherEngine, reboot, devices);
    }

    /** The same machine in another shape. */
    public VmSpec in(VmShape shape) {
        DeviceSetting setting = new DeviceSetting(devices.transport(), shape.host(), devices.networks());
        return new VmSpec(name, shape.composition(), memoryBytes, vcpus, clock, cpu, acpi, boot, disks, shape.engine(), reboot, setting);
    }

    /** What of it can change while it runs. */
    public VmShape shape() {
        return new VmShape(composition, engine, devices.host());
    }

    /** What follows when the guest resets the machine: by the keyboard controller, port 0xcf9, ACPI or a triple fault. */
    public enum Reboot {
        /** The run ends; a triple fault is a failure, unless the guest had emptied its interrupt table to cause it. */
        EXIT,
        /** Every part is as after power-on, memory keeps its content, the guest is loaded and starts again. */
        RESET
    }

    /** Which time the guest lives in. */
    public enum Clock {
        /** Retired instructions: deterministic. */
        COUNT,
        /** The host's time. */
        WALL
    }

    /**
     * What to boot.
     *
     * @param name for messages: a file's path or a guest's name
     * @param kernel the image's bytes
     * @param initrd the initial RAM disk, empty if none
     * @param commandLine the kernel's command line
     * @param entry which of the image's entry points to take
     * @param files what firmware finds by name through fw_cfg
     */
    public record BootSpec(String name, byte[] kernel, byte[] initrd, String commandLine, Entry entry, Map<String, byte[]> files) {
        public BootSpec {
            Objects.requireNonNull(name);
            Objects.requireNonNull(kernel);
            Objects.requireNonNull(initrd);
            Objects.requireNonNull(commandLine);
            Objects.requireNonNull(entry);
            files = Map.copyOf(files);
        }

        /** Without files for firmware. */
        public BootSpec(String name, byte[] kernel, byte[] initrd, String commandLine, Entry entry) {
            this(name, kernel, initrd, commandLine, entry, Map.of());
        }

        /** With the entry point that suits the image best. */
        public BootSpec(String name, byte[] kernel, byte[] initrd, String commandLine) {
            this(name, kernel, initrd, commandLine, Entry.BEST);
        }
    }

    /** Entry points that an image may have; not every image has every one. */
    public enum Entry {
        /** The widest mode the kernel itself runs in. */
        BEST,
        /** Real mode: the kernel's own set-up code runs first and asks the BIOS. */
        REAL_16,
        /** Flat 32-bit protected mode. */
        PROTECTED_32,
        /** 64-bit mode with paging on. */
        LONG_64,
        /** The image is the machine's ROM, a BIOS: the processor starts at the reset vector in it. */
        FIRMWARE
    }
}
