package proteus.vmm;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;

/** The guest-visible state of a processor as bytes, as snapshots have it. */
final class StateCodec {
    private static final int GPR = 16, SEGMENTS = 8, DR = 8, PDPTES = 4, XSAVE = 832;
    private static final int MOST_MSRS = 4096;

    private StateCodec() {}

    static void write(DataOutputStream out, ArchState state) throws IOException {
        longs(out, state.general().gpr());
        out.writeLong(state.general().rip());
        out.writeLong(state.general().rflags());
        for (SegmentRegister segment : state.segments().registers()) {
            out.writeInt(segment.selector());
            out.writeLong(segment.base());
            out.writeLong(segment.limit());
            out.writeInt(segment.rights());
        }
        out.writeLong(state.segments().gdtrBase());
        out.writeInt(state.segments().gdtrLimit());
        out.writeLong(state.segments().idtrBase());
        out.writeInt(state.segments().idtrLimit());
        ArchState.Control control = state.control();
        longs(out, control.cr0(), control.cr2(), control.cr3(), control.cr4(), control.cr8(), control.xcr0());
        longs(out, control.dr());
        longs(out, control.pdptes());
        out.write(state.fpu().xsave());
        Map<Integer, Long> msrs = new TreeMap<>(state.msrs());
        out.writeInt(msrs.size());
        for (Map.Entry<Integer, Long> msr : msrs.entrySet()) {
            out.writeInt(msr.getKey());
            out.writeLong(msr.getValue());
        }
        ArchState.Events events = state.events();
        out.writeInt(events.interruptibility());
        out.writeInt(events.activity());
        out.writeLong(events.pendingDebug());
        out.writeInt(events.pending());
        out.writeInt(events.pendingErrorCode());
        out.writeInt(events.pendingInstructionLength());
        out.writeLong(state.tsc());
    }

    static ArchState read(DataInputStream in) throws IOException {
        ArchState.General general = new ArchState.General(longs(in, GPR), in.readLong(), in.readLong());
        List<SegmentRegister> registers = new ArrayList<>();
        for (int i = 0; i < SEGMENTS; i++) {
            registers.add(new SegmentRegister(in.readInt(), in.readLong(), in.readLong(), in.readInt()));
        }
        ArchState.Segments segments = new ArchState.Segments(registers, in.readLong(), in.readInt(), in.readLong(), in.readInt());
        long[] c = longs(in, 6);
        ArchState.Control control = new ArchState.Control(c[0], c[1], c[2], c[3], c[4], c[5], longs(in, DR), longs(in, PDPTES));
        byte[] xsave = new byte[XSAVE];
        in.readFully(xsave);
        int count = in.readInt();
        if (count < 0 || count > MOST_MSRS) {
            throw new IOException(count + " MSRs");
        }
        Map<Integer, Long> msrs = new HashMap<>();
        for (int i = 0; i < count; i++) {
            msrs.put(in.readInt(), in.readLong());
        }
        ArchState.Events events =
                new ArchState.Events(in.readInt(), in.readInt(), in.readLong(), in.readInt(), in.readInt(), in.readInt());
        return new ArchState(general, segments, control, new ArchState.Fpu(xsave), msrs, events, in.readLong());
    }

    private static void longs(DataOutputStream out, long... values) throws IOException {
        for (long value : values) {
            out.writeLong(value);
        }
    }

    private static long[] longs(DataInputStream in, int count) throws IOException {
        long[] values = new long[count];
        for (int i = 0; i < count; i++) {
            values[i] = in.readLong();
        }
        return values;
    }
}
