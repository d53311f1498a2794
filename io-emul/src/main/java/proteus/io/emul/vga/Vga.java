package proteus.io.emul.vga;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import proteus.api.io.Bus;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.TextScreen;

/** A VGA on the ISA bus. It powers on in text mode 3, so that a guest that starts without a video BIOS has a screen. */
public final class Vga implements Device, TextScreen {
    private static final int STATE_VERSION = 1;
    private static final String BROKEN = "The state of the VGA ends too early.";

    private final VgaRegisters registers;
    private final VgaMemory memory;
    private final VgaText text;
    private final List<Bus.Attachment> places = new ArrayList<>();

    public Vga(DeviceContext context) {
        registers = new VgaRegisters(context.timers()::now);
        memory = new VgaMemory(registers);
        text = new VgaText(registers, memory);
        try {
            // 0x3bc to 0x3be belong to a printer port.
            ports(context.ports(), 0x3b4, 2);
            ports(context.ports(), 0x3ba, 1);
            ports(context.ports(), 0x3c0, 16);
            ports(context.ports(), 0x3d4, 2);
            ports(context.ports(), 0x3da, 1);
            places.add(context.mmio().attach(VgaMemory.START, VgaMemory.LENGTH, "VGA memory", memory));
        } catch (IllegalArgumentException occupied) {
            close();
            throw occupied;
        }
        reset();
    }

    private void ports(Bus bus, int first, int count) {
        places.add(bus.attach(first, count, "VGA", registers.ports(first)));
    }

    @Override
    public Snapshot snapshot() {
        return text.snapshot();
    }

    @Override
    public String name() {
        return "VGA at 0x3c0, memory at 0xa0000";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.DISPLAY;
    }

    @Override
    public void reset() {
        registers.textMode();
        memory.clear();
        text.blank();
    }

    @Override
    public byte[] exportState() {
        int size = 1 + 4 + 4 * VgaMemory.WORDS;
        for (byte[] file : registers.files()) {
            size += file.length;
        }
        int[] scalars = registers.scalars();
        ByteBuffer out = ByteBuffer.allocate(size + 4 * scalars.length).put((byte) STATE_VERSION);
        for (byte[] file : registers.files()) {
            out.put(file);
        }
        for (int value : scalars) {
            out.putInt(value);
        }
        out.putInt(memory.latch());
        for (int word : memory.words()) {
            out.putInt(word);
        }
        return out.array();
    }

    @Override
    public void importState(byte[] state) {
        ByteBuffer in = ByteBuffer.wrap(state);
        try {
            int version = in.get();
            if (version != STATE_VERSION) {
                throw new IllegalArgumentException("The state of the VGA has version %d, this device reads %d.".formatted(version, STATE_VERSION));
            }
            for (byte[] file : registers.files()) {
                in.get(file);
            }
            int[] scalars = registers.scalars();
            for (int i = 0; i < scalars.length; i++) {
                scalars[i] = in.getInt();
            }
            registers.scalars(scalars);
            memory.latch(in.getInt());
            int[] words = memory.words();
            for (int i = 0; i < words.length; i++) {
                words[i] = in.getInt();
            }
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException(BROKEN, e);
        }
    }

    @Override
    public void close() {
        places.reversed().forEach(Bus.Attachment::close);
        places.clear();
    }
}
