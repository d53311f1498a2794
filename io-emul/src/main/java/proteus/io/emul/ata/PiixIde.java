package proteus.io.emul.ata;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import proteus.api.io.BlockBackend;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;

/** Function 1 of PIIX3: two IDE channels at their legacy ports, and their bus masters behind BAR 4. */
public final class PiixIde implements Device {
    private static final int MOST_DRIVES = 4;
    private static final int STATE_VERSION = 2;
    /** Where CD-ROM drives are looked for first: from the secondary master on. */
    private static final int[] CD_PLACES = {2, 3, 1, 0};

    private static final int[] DISK_PLACES = {0, 1, 2, 3};

    private static final int[] COMMAND_PORTS = {0x1f0, 0x170};
    private static final int[] CONTROL_PORTS = {0x3f6, 0x376};
    private static final int[] INTERRUPTS = {14, 15};
    private static final int CHANNELS = 2;
    private static final int SLOT = 1;
    private static final int FUNCTION = 1;
    private static final int BUS_MASTER_BAR = 4;
    private static final int TIMING = 0x40;
    private static final int CONFIGURED_FROM = 0x40;
    private static final int CONFIGURED = 0x10;
    /** IDETIM: the channel decodes its ports. */
    private static final int DECODES = 0x80;

    private final Channel[] channels = new Channel[CHANNELS];
    private final BusMaster[] masters = new BusMaster[CHANNELS];
    private final List<Bus.Attachment> places = new ArrayList<>();
    private final byte[] configuration = new byte[CONFIGURED];
    private final long disks;
    private final long discs;
    private PciSlots.Slot slot;

    /**
     * Attaches the controller.
     *
     * @param drives disks and CD-ROM drives in their order; of those without a place of their own CD-ROM drives go from the secondary master
     *     on, then disks to primary master, primary slave, secondary master, secondary slave, as far as these are free
     */
    public PiixIde(DeviceContext context, List<DeviceSpec> drives) {
        if (drives.size() > MOST_DRIVES) {
            throw new IllegalArgumentException("Two IDE channels take %d drives, not %d.".formatted(MOST_DRIVES, drives.size()));
        }
        disks = drives.stream().filter(PiixIde::isDisk).count();
        discs = drives.size() - disks;
        for (int i = 0; i < CHANNELS; i++) {
            BusMaster master = new BusMaster(context.memory(), () -> slot != null && slot.busMaster());
            channels[i] = new Channel(context.interrupt(INTERRUPTS[i]), master::interruptRose);
            master.connect(channels[i]);
            masters[i] = master;
        }
        boolean[] taken = new boolean[MOST_DRIVES];
        drives.stream().filter(PiixIde::placed).forEach(spec -> plug(taken, spec, place(spec)));
        drives.stream().filter(spec -> !placed(spec) && !isDisk(spec)).forEach(spec -> plug(taken, spec, CD_PLACES));
        drives.stream().filter(spec -> !placed(spec) && isDisk(spec)).forEach(spec -> plug(taken, spec, DISK_PLACES));
        try {
            for (int i = 0; i < CHANNELS; i++) {
                String name = "IDE channel " + i;
                places.add(context.ports().attach(COMMAND_PORTS[i], 8, name, starting(channels[i].commandBlock(), masters[i])));
                places.add(context.ports().attach(CONTROL_PORTS[i], 1, name, channels[i].controlBlock()));
            }
            context.pci().ifPresent(pci -> slot = pci.plug(SLOT, FUNCTION, new Function()));
        } catch (IllegalArgumentException occupied) {
            close();
            throw occupied;
        }
        reset();
    }

    private static boolean isDisk(DeviceSpec spec) {
        return spec.role() == DeviceRole.DISK;
    }

    private static boolean placed(DeviceSpec spec) {
        return spec.options().containsKey(DeviceSpec.PLACE);
    }

    private static int place(DeviceSpec spec) {
        String text = spec.options().get(DeviceSpec.PLACE);
        if (!text.matches("[0-3]")) {
            throw new IllegalArgumentException("'%s' is no place on the IDE channels: give 0 to 3.".formatted(text));
        }
        return Integer.parseInt(text);
    }

    /** Plugs a drive into the first free one of some places. */
    private void plug(boolean[] taken, DeviceSpec spec, int... candidates) {
        int place = Arrays.stream(candidates).filter(candidate -> !taken[candidate]).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("Two drives want place %d on the IDE channels.".formatted(candidates[0])));
        taken[place] = true;
        BlockBackend backend = (BlockBackend) spec.backend();
        DriveIdentity identity = DriveIdentity.of(spec, place);
        channels[place / 2].plug(place % 2, isDisk(spec) ? new Disk(backend, identity) : new CdDrive(backend, identity));
    }

    /** A command that waits for DMA begins it if the bus master was started before. */
    private static BusDevice starting(BusDevice block, BusMaster master) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return block.read(offset, size);
            }

            @Override
            public void write(long offset, int size, long value) {
                block.write(offset, size, value);
                if (offset + size > Registers.COMMAND) {
                    master.go();
                }
            }
        };
    }

    @Override
    public String name() {
        String cd = discs == 0 ? "" : discs == 1 ? " and a CD-ROM drive" : " and %d CD-ROM drives".formatted(discs);
        return "PIIX3 IDE at 0x1f0 and 0x170, IRQ 14 and 15, with %d %s%s".formatted(disks, disks == 1 ? "disk" : "disks", cd);
    }

    @Override
    public DeviceRole role() {
        return disks == 0 && discs > 0 ? DeviceRole.CDROM : DeviceRole.DISK;
    }

    @Override
    public void reset() {
        Arrays.fill(configuration, (byte) 0);
        // Firmware enables the decoders; so is a machine that starts without one.
        configuration[1] = (byte) DECODES;
        configuration[3] = (byte) DECODES;
        for (int i = 0; i < CHANNELS; i++) {
            masters[i].reset();
            channels[i].powerOn();
            masters[i].reset();
        }
    }

    @Override
    public byte[] exportState() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(STATE_VERSION);
            out.write(configuration);
            for (int i = 0; i < CHANNELS; i++) {
                channels[i].save(out);
                masters[i].save(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    @Override
    public void importState(byte[] state) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
            int version = in.readUnsignedByte();
            if (version != STATE_VERSION) {
                throw new IllegalArgumentException("The state of the IDE controller has version %d, this device reads %d.".formatted(version, STATE_VERSION));
            }
            in.readFully(configuration);
            for (int i = 0; i < CHANNELS; i++) {
                channels[i].load(in);
                masters[i].load(in);
            }
        } catch (EOFException e) {
            throw new IllegalArgumentException("The state of the IDE controller ends too early.", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (slot != null) {
            slot.close();
            slot = null;
        }
        places.reversed().forEach(Bus.Attachment::close);
        places.clear();
        for (Channel channel : channels) {
            channel.close();
        }
    }

    /** The function as the PCI bus sees it. Legacy mode on both channels, able to master the bus. */
    private final class Function implements PciFunction {
        @Override
        public String name() {
            return "PIIX3 IDE";
        }

        @Override
        public Identity identity() {
            return new Identity(0x8086, 0x7010, 0, 0x010180, 0x1af4, 0x1100, 0);
        }

        @Override
        public List<Bar> bars() {
            return List.of(new Bar(BUS_MASTER_BAR, Bar.Kind.PORTS, CHANNELS * BusMaster.PORTS, new BusDevice() {
                @Override
                public long read(long offset, int size) {
                    return masters[(int) offset / BusMaster.PORTS].read(offset % BusMaster.PORTS, size);
                }

                @Override
                public void write(long offset, int size, long value) {
                    masters[(int) offset / BusMaster.PORTS].write(offset % BusMaster.PORTS, size, value);
                }
            }));
        }

        @Override
        public int readConfig(int offset) {
            int at = offset - CONFIGURED_FROM;
            return at >= 0 && at < CONFIGURED ? configuration[at] & 0xff : 0;
        }

        @Override
        public void writeConfig(int offset, int value) {
            int at = offset - TIMING;
            // IDETIM of both channels and the slave timing: kept, without an effect on time.
            if (at >= 0 && at <= 4) {
                configuration[at] = (byte) value;
            }
        }
    }
}
