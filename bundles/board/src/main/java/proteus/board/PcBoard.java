package proteus.board;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import proteus.api.io.Board;
import proteus.api.io.BoardContext;
import proteus.api.io.Bus;
import proteus.api.io.InterruptController;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciSlots;
import proteus.api.io.PlatformDevice;
import proteus.api.io.Ps2Port;
import proteus.board.clock.Pit8254;
import proteus.board.clock.Rtc;
import proteus.board.firmware.FirmwareTables;
import proteus.board.firmware.FwCfg;
import proteus.board.irq.ApicAccess;
import proteus.board.irq.ApicBus;
import proteus.board.irq.IoApic;
import proteus.board.irq.Lines;
import proteus.board.irq.LocalApic;
import proteus.board.irq.PicPair;
import proteus.board.legacy.A20Gate;
import proteus.board.legacy.DmaControllers;
import proteus.board.legacy.KeyboardController;
import proteus.board.legacy.SystemPorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;
import proteus.board.pci.HostBridge;
import proteus.board.pci.IsaBridge;
import proteus.board.pci.PciHost;
import proteus.board.pci.PowerManagement;

/** One VM's board. */
final class PcBoard implements Board {
    private static final int STATE_VERSION = 2;
    private static final int TIMER_GSI = 0;
    private static final int KEYBOARD_GSI = 1;
    private static final int RTC_GSI = 8;
    private static final int SCI_GSI = 9;
    private static final int MOUSE_GSI = 12;
    /** PIRQ A..D as PC firmware routes them. */
    private static final int[] LINK_IRQS = {10, 11, 10, 11};

    private final List<PlatformDevice> platformDevices = new ArrayList<>();
    private final BoardContext context;
    private final PicPair pic;
    private final IoApic ioApic;
    private final LocalApic apic;
    private final ApicAccess access;
    private final Lines lines;
    private final PciHost pci;
    private final IsaBridge isaBridge;
    private final PowerManagement power;
    private final Rtc rtc;
    private final KeyboardController keyboard;
    private final FwCfg fwCfg;
    private final ApicBus apicBus;
    private final PlacedPorts placed;
    private final List<Part> parts = new ArrayList<>();

    PcBoard(BoardContext context) {
        if (context.vcpus() != 1) {
            throw new IllegalArgumentException("The board has one processor socket; %d vCPUs do not fit.".formatted(context.vcpus()));
        }
        this.context = context;
        this.placed = new PlacedPorts(context.ports());
        Bus ports = placed;
        apicBus = new ApicBus();
        apic = new LocalApic(context, apicBus, 0);
        ioApic = new IoApic(apicBus);
        apicBus.connect(List.of(apic), ioApic);
        pic = new PicPair(apic::lint0);
        access = new ApicAccess(apic, pic, context.mmio());
        lines = new Lines(pic, ioApic, context.counters());
        Pit8254 pit = new Pit8254(context.timers(), lines.wire(TIMER_GSI));
        rtc = new Rtc(context.timers(), lines.wire(RTC_GSI));
        A20Gate gate = new A20Gate(context);
        keyboard = new KeyboardController(lines.wire(KEYBOARD_GSI), lines.wire(MOUSE_GSI), context::resetRequested, gate);
        SystemPorts system = new SystemPorts(context, gate);
        DmaControllers dma = new DmaControllers();
        pci = new PciHost(context.ports(), context.mmio(), lines, this::message, context::resetRequested);
        HostBridge hostBridge = new HostBridge(pci, context.shadowMemory());
        isaBridge = new IsaBridge(pci);
        power = new PowerManagement(pci, context, lines.wire(SCI_GSI));
        fwCfg = new FwCfg(context.memory(), context.vcpus());

        pic.attach(ports);
        placed.keep(context.mmio().attach(IoApic.ADDRESS, 0x1000, "I/O APIC", ioApic));
        pit.attach(ports);
        rtc.attach(ports);
        keyboard.attach(ports);
        dma.attach(ports);
        system.attach(ports);
        ports.attach(0xcf8, 8, "PCI configuration and reset control", pci);
        fwCfg.attach(ports);
        cmos();
        // Controllers before what drives their inputs: an import then sees levels it knows already and no edges.
        parts.addAll(List.of(apic, access, pic, ioApic, pit, rtc, keyboard, system, dma, hostBridge, isaBridge, power, pci, fwCfg));
    }

    /** A message is a memory write: at 0xfeexxxxx the local APICs take it, elsewhere memory does, and where nobody is it is lost. */
    private void message(long address, int data) {
        if (context.memory().contains(address, Integer.BYTES)) {
            context.memory().write32(address, data);
        } else {
            apicBus.message(address, data);
        }
    }

    /** Memory sizes where firmware looks for them (RBIL, CMOS.LST 15h, 17h, 30h, 34h, 5Bh). */
    private void cmos() {
        long below = context.memory().map().regions().stream().filter(r -> r.writable() && r.gpa() < 1L << 32).mapToLong(r -> r.gpa() + r.bytes()).max().orElse(0);
        long above = context.memory().map().regions().stream().filter(r -> r.gpa() >= 1L << 32).mapToLong(r -> r.bytes()).sum();
        word(0x15, 640);
        long extended = Math.clamp((below >> 10) - 1024, 0, 0xffff);
        word(0x17, extended);
        word(0x30, extended);
        word(0x34, Math.clamp((below >> 16) - 256, 0, 0xffff));
        word(0x5b, above >> 16 & 0xffff);
        rtc.cmos(0x5d, (int) (above >> 32));
        // Equipment: a coprocessor. Processors less one, as SeaBIOS reads it.
        rtc.cmos(0x14, 0x02);
        rtc.cmos(0x5f, context.vcpus() - 1);
        // Boot order for firmware: disk, then CD. Disk geometry: LBA-assisted translation for all disks.
        rtc.cmos(0x3d, 0x32);
        rtc.cmos(0x39, 0x55);
    }

    private void word(int at, long value) {
        rtc.cmos(at, (int) value & 0xff);
        rtc.cmos(at + 1, (int) (value >> 8) & 0xff);
    }

    @Override
    public InterruptController interrupts(int vcpu) {
        if (vcpu != 0) {
            throw new IllegalArgumentException("There is no vCPU %d.".formatted(vcpu));
        }
        return access;
    }

    @Override
    public InterruptLine line(int gsi) {
        // The VM counts what its devices raise.
        return lines.wire(gsi, () -> {});
    }

    @Override
    public void watchLines(LineWatcher watcher) {
        lines.watch(watcher);
    }

    @Override
    public PciSlots pci() {
        return pci;
    }

    @Override
    public Optional<Ps2Port> keyboardPort() {
        return Optional.of(keyboard.keyboardPort());
    }

    /** Besides the tables: what firmware sets up before it starts an operating system. */
    @Override
    public FirmwareData installTables(boolean acpi) {
        if (context.shadowMemory().isPresent()) {
            List<MapEntry> map = FirmwareTables.ram(context.memory());
            fwCfg.file("etc/e820", FirmwareTables.e820(map));
            return new FirmwareData(0, map);
        }
        int ioApicId = context.vcpus();
        ioApic.id(ioApicId);
        pic.initialise();
        for (int link = 0; link < LINK_IRQS.length; link++) {
            isaBridge.route(link, LINK_IRQS[link]);
            pic.levelTriggered(LINK_IRQS[link]);
        }
        pic.levelTriggered(SCI_GSI);
        power.configure();
        pci.configure();
        IntPredicate present = port -> context.ports().ranges().stream().anyMatch(r -> port >= r.start() && port < r.start() + r.length());
        return FirmwareTables.install(context.memory(), acpi, context.vcpus(), ioApicId, present, LINK_IRQS, platformDevices);
    }

    @Override
    public void platformDevice(PlatformDevice device) {
        platformDevices.add(device);
    }

    @Override
    public void firmwareFile(String name, byte[] content) {
        fwCfg.file(name, content);
    }

    @Override
    public void reset() {
        parts.forEach(Part::reset);
    }

    @Override
    public byte[] exportState() {
        StateWriter out = new StateWriter().putByte(STATE_VERSION);
        for (Part part : parts) {
            StateWriter one = new StateWriter();
            part.save(one);
            out.putBytes(one.toBytes());
        }
        return out.toBytes();
    }

    @Override
    public void importState(byte[] state) {
        StateReader in = new StateReader(state, "the board");
        int version = in.takeByte();
        if (version != STATE_VERSION) {
            throw new IllegalArgumentException("The board's state has version %d, this board reads %d.".formatted(version, STATE_VERSION));
        }
        List<byte[]> all = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            all.add(in.takeBytes());
        }
        in.expectEnd();
        // The controllers' states are loaded again at the end: sources that set their wires meanwhile must not have made edges.
        loadAll(all);
        loadControllers(all);
    }

    private void loadAll(List<byte[]> all) {
        for (int i = 0; i < parts.size(); i++) {
            load(parts.get(i), all.get(i));
        }
    }

    private void loadControllers(List<byte[]> all) {
        for (Part part : List.of(apic, pic, ioApic)) {
            load(part, all.get(parts.indexOf(part)));
        }
    }

    private static void load(Part part, byte[] state) {
        StateReader reader = new StateReader(state, part.name());
        part.load(reader);
        reader.expectEnd();
    }

    @Override
    public List<String> describe() {
        return parts.stream().map(Part::describe).toList();
    }

    @Override
    public void close() {
        pci.close();
        power.close();
        access.close();
        placed.close();
    }
}
