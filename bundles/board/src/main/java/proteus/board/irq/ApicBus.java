package proteus.board.irq;

import java.util.List;

/** Carries interrupt messages between IOAPIC, devices (MSI) and local APICs (SDM 3A 11.6.2, 11.11). */
public final class ApicBus {
    static final int MODE_FIXED = 0;
    static final int MODE_LOWEST = 1;
    static final int MODE_SMI = 2;
    static final int MODE_NMI = 4;
    static final int MODE_INIT = 5;
    static final int MODE_STARTUP = 6;
    static final int MODE_EXTINT = 7;
    static final int BROADCAST = 0xff;

    private List<LocalApic> processors = List.of();
    private IoApic ioApic;

    /** Wires the parts. */
    public void connect(List<LocalApic> all, IoApic io) {
        processors = List.copyOf(all);
        ioApic = io;
    }

    /** A message from the IOAPIC or a device; destinations are 8 bits wide. */
    void deliver(int destination, boolean logical, int mode, int vector, boolean level) {
        LocalApic chosen = null;
        for (LocalApic apic : processors) {
            if (!apic.accepts(destination, logical, destination == BROADCAST)) {
                continue;
            }
            if (mode != MODE_LOWEST) {
                apic.receive(mode, vector, level);
            } else if (chosen == null || apic.processorPriority() < chosen.processorPriority()) {
                chosen = apic;
            }
        }
        if (chosen != null) {
            chosen.receive(MODE_FIXED, vector, level);
        }
    }

    /** An inter-processor interrupt. */
    void interprocessor(LocalApic sender, int shorthand, int destination, boolean logical, boolean broadcast, int mode, int vector) {
        LocalApic chosen = null;
        for (LocalApic apic : processors) {
            boolean meant = switch (shorthand) {
                case 0 -> apic.accepts(destination, logical, broadcast);
                case 1 -> apic == sender;
                case 2 -> true;
                default -> apic != sender;
            };
            if (!meant) {
                continue;
            }
            if (mode == MODE_LOWEST) {
                if (chosen == null || apic.processorPriority() < chosen.processorPriority()) {
                    chosen = apic;
                }
            } else {
                apic.receive(mode, vector, false);
            }
        }
        if (chosen != null) {
            chosen.receive(MODE_FIXED, vector, false);
        }
    }

    /** The EOI message for a level-triggered vector. */
    void endOfInterrupt(int vector) {
        ioApic.endOfInterrupt(vector);
    }

    /** A message-signalled interrupt: a write of {@code data} to {@code 0xfeexxxxx}; others are lost. */
    public void message(long address, int data) {
        if (address >>> 20 != 0xfee) {
            return;
        }
        int destination = (int) (address >>> 12) & 0xff;
        boolean logical = (address & 4) != 0;
        deliver(destination, logical, data >>> 8 & 7, data & 0xff, (data & 0x8000) != 0);
    }
}
