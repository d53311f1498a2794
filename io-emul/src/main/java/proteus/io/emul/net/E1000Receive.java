package proteus.io.emul.net;

import static proteus.io.emul.net.E1000Registers.*;

import java.util.zip.CRC32;
import proteus.api.io.NetBackend;
import proteus.api.memory.GuestMemory;

/** Address filters and the receive ring (GbE SDM 3.2). */
final class E1000Receive {
    private static final int DESCRIPTOR = 16;
    private static final int DONE = 1, EOP = 2, VLAN = 8, TRANSPORT_CHECKED = 0x20, IP_CHECKED = 0x40;
    private static final int TRANSPORT_ERROR = 0x20, IP_ERROR = 0x40;
    private static final int LEAST = 60;
    private static final int SEQUENCE = 4;
    /** From which bit of the last two address bytes the hash is taken, by RCTL.MO. */
    private static final int[] HASH_SHIFT = {4, 3, 2, 0};

    private final GuestMemory memory;
    private final E1000 card;
    private final byte[] buffer = new byte[NetBackend.LONGEST + 2 * SEQUENCE];
    private final CRC32 sequence = new CRC32();

    E1000Receive(GuestMemory memory, E1000 card) {
        this.memory = memory;
        this.card = card;
    }

    private int control() {
        return card.register(RCTL);
    }

    boolean receive(byte[] frame, int size) {
        if ((control() & RCTL_EN) == 0 || size < Checksums.ETHERNET || size > NetBackend.LONGEST || !card.master() || !wanted(frame)) {
            return true;
        }
        int entries = card.ring(RDLEN);
        int head = card.register(RDH);
        int tail = card.register(RDT);
        int length = prepare(frame, size);
        int pieces = (length + bufferSize() - 1) / bufferSize();
        int free = entries == 0 || head >= entries || tail >= entries ? 0 : Math.floorMod(tail - head, entries);
        if (free < pieces) {
            return false;
        }
        if (!deliver(frame, length, head, entries)) {
            return true;
        }
        head = (head + pieces) % entries;
        card.register(RDH, head);
        count(frame, size);
        int left = free - pieces;
        if (left == entries >> 1 + (control() >> 8 & 3)) {
            card.interrupts().raise(RXDMT0);
        }
        card.interrupts().received(card.register(RDTR) & 0xffff, card.register(RADV) & 0xffff);
        return true;
    }

    private boolean wanted(byte[] frame) {
        if ((control() & RCTL_VFE) != 0 && tagged(frame)) {
            int id = Checksums.u16(frame, 14) & 0xfff;
            if ((card.register(VFTA + (id >> 5) * 4) >> (id & 31) & 1) == 0) {
                return false;
            }
        }
        if ((frame[0] & 1) == 0) {
            return (control() & RCTL_UPE) != 0 || exact(frame);
        }
        if (broadcast(frame) && (control() & RCTL_BAM) != 0 || (control() & RCTL_MPE) != 0 || exact(frame)) {
            return true;
        }
        int offset = control() >> 12 & 3;
        int hash = ((frame[4] & 0xff) >> HASH_SHIFT[offset] | (frame[5] & 0xff) << 8 - HASH_SHIFT[offset]) & 0xfff;
        return (card.register(MTA + (hash >> 5) * 4) >> (hash & 31) & 1) != 0;
    }

    private static boolean broadcast(byte[] frame) {
        for (int i = 0; i < 6; i++) {
            if (frame[i] != -1) {
                return false;
            }
        }
        return true;
    }

    private boolean exact(byte[] frame) {
        int low = frame[0] & 0xff | (frame[1] & 0xff) << 8 | (frame[2] & 0xff) << 16 | frame[3] << 24;
        int high = frame[4] & 0xff | (frame[5] & 0xff) << 8;
        for (int at = RA; at < RA_END; at += 8) {
            if (card.register(at) == low && (card.register(at + 4) & (RAH_VALID | 0xffff)) == (RAH_VALID | high)) {
                return true;
            }
        }
        return false;
    }

    private boolean tagged(byte[] frame) {
        return Checksums.u16(frame, 12) == (card.register(VET) & 0xffff);
    }

    /** Puts what goes to memory into the buffer: padded, without the tag if the card takes it out, with the check sequence unless it strips it. */
    private int prepare(byte[] frame, int size) {
        int length = size;
        if (strips(frame)) {
            System.arraycopy(frame, 0, buffer, 0, 12);
            System.arraycopy(frame, 16, buffer, 12, size - 16);
            length -= 4;
        } else {
            System.arraycopy(frame, 0, buffer, 0, size);
        }
        while (length < LEAST) {
            buffer[length++] = 0;
        }
        if ((control() & RCTL_SECRC) == 0) {
            sequence.reset();
            sequence.update(buffer, 0, length);
            long value = sequence.getValue();
            for (int i = 0; i < SEQUENCE; i++) {
                buffer[length++] = (byte) (value >> 8 * i);
            }
        }
        return length;
    }

    private boolean strips(byte[] frame) {
        return (card.register(CTRL) & CTRL_VLAN) != 0 && tagged(frame);
    }

    private int bufferSize() {
        int code = control() >> 16 & 3;
        return (control() & RCTL_BSEX) != 0 && code != 0 ? 32768 >> code : 2048 >> code;
    }

    private boolean deliver(byte[] frame, int length, int first, int entries) {
        int size = bufferSize();
        int tag = strips(frame) ? Checksums.u16(frame, 14) : -1;
        int result = check(length);
        int at = 0;
        for (int index = first; at < length; index = index + 1 == entries ? 0 : index + 1) {
            long descriptor = card.address(RDBAL) + (long) DESCRIPTOR * index;
            int now = Math.min(size, length - at);
            if (!memory.contains(descriptor, DESCRIPTOR)) {
                return false;
            }
            long address = memory.read64(descriptor);
            if (memory.contains(address, now)) {
                memory.write(address, buffer, at, now);
            }
            at += now;
            boolean last = at == length;
            memory.write16(descriptor + 8, now);
            memory.write16(descriptor + 10, 0);
            memory.write16(descriptor + 14, last && tag >= 0 ? tag : 0);
            memory.write8(descriptor + 13, last ? result >> 8 : 0);
            memory.write8(descriptor + 12, DONE | (last ? EOP | result & 0xff | (tag >= 0 ? VLAN : 0) : 0));
        }
        return true;
    }

    /** Status in the low byte, errors above: what the card found of checksums. */
    private int check(int length) {
        int enabled = card.register(RXCSUM);
        int header = Checksums.ipHeader(buffer, length);
        int result = 0;
        if (header != 0 && (enabled & RXCSUM_IP) != 0) {
            result |= IP_CHECKED | (Checksums.ipRight(buffer, header) ? 0 : IP_ERROR << 8);
        }
        if (header != 0 && (enabled & RXCSUM_TRANSPORT) != 0 && Checksums.transport(buffer, header)) {
            result |= TRANSPORT_CHECKED | (Checksums.transportRight(buffer, header) ? 0 : TRANSPORT_ERROR << 8);
        }
        return result;
    }

    private void count(byte[] frame, int size) {
        card.count(GPRC, 1);
        card.count(TPR, 1);
        card.count(GORC, size + SEQUENCE);
        card.count(TOR, size + SEQUENCE);
        if (broadcast(frame)) {
            card.count(BPRC, 1);
        } else if ((frame[0] & 1) != 0) {
            card.count(MPRC, 1);
        }
    }
}
