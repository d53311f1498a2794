package proteus.io.emul.net;

import static proteus.io.emul.net.E1000Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Arrays;
import proteus.api.io.NetBackend;
import proteus.api.memory.GuestMemory;

/** The transmit ring (GbE SDM 3.3 to 3.5): legacy, context and data descriptors, checksum insertion and TCP segmentation. */
final class E1000Transmit {
    private static final int DESCRIPTOR = 16;
    private static final int EOP = 1, IC = 4, TSE = 4, RS = 8, DEXT = 0x20, VLE = 0x40, IDE = 0x80;
    private static final int TUCMD_TCP = 1, TUCMD_IP = 2;
    private static final int IXSM = 1, TXSM = 2;
    private static final int DONE = 1;
    private static final int SEGMENT_TYPE_DATA = 1;
    private static final int LEAST = 60;

    private final GuestMemory memory;
    private final E1000 card;
    private final byte[] frame = new byte[NetBackend.LONGEST_LARGE + 4];
    private int length;
    private boolean broken;
    private int options;
    /** The context that was loaded last, for packets with and without segmentation: each its own. */
    private final long[] contexts = new long[4];

    E1000Transmit(GuestMemory memory, E1000 card) {
        this.memory = memory;
        this.card = card;
    }

    void reset() {
        length = 0;
        broken = false;
        options = 0;
        Arrays.fill(contexts, 0);
    }

    /** Sends what lies between head and tail. */
    void run() {
        int entries = card.ring(TDLEN);
        if ((card.register(TCTL) & TCTL_EN) == 0 || entries == 0 || !card.master()) {
            return;
        }
        long base = card.address(TDBAL);
        int head = card.register(TDH);
        int tail = card.register(TDT);
        boolean told = false;
        for (int i = 0; i < entries && head != tail && head < entries; i++) {
            long at = base + (long) DESCRIPTOR * head;
            if (!memory.contains(at, DESCRIPTOR)) {
                break;
            }
            told |= descriptor(at);
            head = head + 1 == entries ? 0 : head + 1;
        }
        card.register(TDH, head);
        card.interrupts().raise((told ? TXDW : 0) | (head == tail ? TXQE : 0));
    }

    /** Gives whether its end is to be told at once. */
    private boolean descriptor(long at) {
        long address = memory.read64(at);
        long fields = memory.read64(at + 8);
        int command = (int) (fields >> 24) & 0xff;
        if ((command & DEXT) == 0) {
            data(address, (int) fields & 0xffff);
            options = 0;
            if ((command & EOP) != 0) {
                if ((command & IC) != 0) {
                    Checksums.put(frame, length, (int) (fields >> 40) & 0xff, 0, (int) (fields >> 16) & 0xff);
                }
                send(command, 0, (int) (fields >> 48) & 0xffff);
            }
        } else if ((fields >> 20 & 0xf) != SEGMENT_TYPE_DATA) {
            int which = (command & TSE) != 0 ? 2 : 0;
            contexts[which] = address;
            contexts[which + 1] = fields;
        } else {
            if (length == 0) {
                options = (int) (fields >> 40) & 0xff;
            }
            data(address, (int) fields & 0xf_ffff);
            if ((command & EOP) != 0) {
                packet(command, (int) (fields >> 48) & 0xffff);
            }
        }
        if ((command & RS) == 0) {
            return false;
        }
        memory.write8(at + 12, memory.read8(at + 12) | DONE);
        if ((command & IDE) == 0) {
            return true;
        }
        card.interrupts().transmitted(card.register(TIDV) & 0xffff, card.register(TADV) & 0xffff);
        return false;
    }

    private void data(long address, int bytes) {
        int taken = Math.min(bytes, frame.length - length);
        if (taken < bytes || !memory.contains(address, taken)) {
            broken = true;
        } else {
            memory.read(address, frame, length, taken);
            length += taken;
        }
    }

    /** A packet of data descriptors is complete: what the context says is done to it. */
    private void packet(int command, int tag) {
        boolean segmented = (command & TSE) != 0;
        long low = contexts[segmented ? 2 : 0];
        long high = contexts[segmented ? 3 : 1];
        if (segmented) {
            int kind = (int) (high >> 24) & (TUCMD_TCP | TUCMD_IP);
            int segment = (int) (high >> 48) & 0xffff;
            int header = (int) (high >> 40) & 0xff;
            // Others than TCP over IPv4 do not leave the card: no driver of this chip asks for them.
            broken |= kind != (TUCMD_TCP | TUCMD_IP) || segment == 0 || header >= length || length > NetBackend.LONGEST_LARGE || (command & VLE) != 0;
            send(command, segment, tag);
            card.count(TSCTC, 1);
            return;
        }
        if ((options & IXSM) != 0) {
            Checksums.put(frame, length, (int) low & 0xff, (int) (low >> 16) & 0xffff, (int) (low >> 8) & 0xff);
        }
        if ((options & TXSM) != 0) {
            Checksums.put(frame, length, (int) (low >> 32) & 0xff, (int) (low >> 48) & 0xffff, (int) (low >> 40) & 0xff);
        }
        send(command, 0, tag);
    }

    private void send(int command, int segment, int tag) {
        if (!broken && length >= Checksums.ETHERNET) {
            if ((command & VLE) != 0 && (card.register(CTRL) & CTRL_VLAN) != 0 && length + 4 <= frame.length) {
                System.arraycopy(frame, 12, frame, 16, length - 12);
                frame[12] = (byte) (card.register(VET) >> 8);
                frame[13] = (byte) card.register(VET);
                frame[14] = (byte) (tag >> 8);
                frame[15] = (byte) tag;
                length += 4;
            }
            while (length < LEAST) {
                frame[length++] = 0;
            }
            if (segment != 0 || length <= NetBackend.LONGEST) {
                card.transmit(frame, length, segment);
            }
        }
        length = 0;
        broken = false;
    }

    void save(DataOutputStream to) throws IOException {
        to.writeInt(length);
        to.write(frame, 0, length);
        to.writeBoolean(broken);
        to.writeInt(options);
        for (long context : contexts) {
            to.writeLong(context);
        }
    }

    void load(DataInputStream from) throws IOException {
        length = from.readInt();
        if (length < 0 || length > frame.length) {
            throw new IllegalArgumentException("The state of the e1000 has a packet of %d bytes.".formatted(length));
        }
        from.readFully(frame, 0, length);
        broken = from.readBoolean();
        options = from.readInt();
        for (int i = 0; i < contexts.length; i++) {
            contexts[i] = from.readLong();
        }
    }
}
