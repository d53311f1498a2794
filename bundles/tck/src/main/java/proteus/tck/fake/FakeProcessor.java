package proteus.tck.fake;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.Exit;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.TranslationCounts;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VpidInvalidation;
import proteus.api.silicon.WalkReport;
import proteus.api.state.ArchState;

/**
 * A processor that retires instructions without executing any and exits as the test told. Without a scripted exit it runs
 * to the end of its budget. What was injected at each entry is recorded.
 */
public final class FakeProcessor implements Processor {
    /** Does what an emulated instruction does. */
    public interface Emulation {
        ExitReason emulate(MachineBus bus);
    }

    /** A scripted exit. */
    public static final class Script implements ExitInformation {
        private final ExitReason reason;
        private long instructions;
        private long qualification;
        private long guestPhysical;
        private int length;
        private int interruption;
        private int errorCode;
        private int idtVectoring;
        private int idtVectoringErrorCode;
        private Runnable before = () -> { };

        Script(ExitReason reason) {
            this.reason = reason;
        }

        /** So many instructions retire before it. */
        public Script after(long retired) {
            instructions = retired;
            return this;
        }

        public Script qualification(long value) {
            qualification = value;
            return this;
        }

        public Script gpa(long value) {
            guestPhysical = value;
            return this;
        }

        public Script length(int value) {
            length = value;
            return this;
        }

        public Script interruption(int information, int code) {
            interruption = information;
            errorCode = code;
            return this;
        }

        public Script vectoring(int information, int code) {
            idtVectoring = information;
            idtVectoringErrorCode = code;
            return this;
        }

        /** What the guest does until then, such as setting registers. */
        public Script doing(Runnable action) {
            before = action;
            return this;
        }

        @Override
        public ExitReason reason() {
            return reason;
        }

        @Override
        public long qualification() {
            return qualification;
        }

        @Override
        public long guestLinear() {
            return 0;
        }

        @Override
        public long guestPhysical() {
            return guestPhysical;
        }

        @Override
        public int instructionLength() {
            return length;
        }

        @Override
        public int instructionInformation() {
            return 0;
        }

        @Override
        public int interruption() {
            return interruption;
        }

        @Override
        public int interruptionErrorCode() {
            return errorCode;
        }

        @Override
        public int idtVectoring() {
            return idtVectoring;
        }

        @Override
        public int idtVectoringErrorCode() {
            return idtVectoringErrorCode;
        }
    }

    private final FakeVmcs vmcs = new FakeVmcs();
    private final FakeRegisters registers = new FakeRegisters(vmcs);
    private DebugPoints debugPoints = DebugPoints.NONE;
    private final Deque<Script> scripts = new ArrayDeque<>();
    private final List<Integer> injections = new ArrayList<>();
    private Script last = new Script(ExitReason.NONE);
    private Emulation emulation = bus -> ExitReason.NONE;
    private volatile boolean kicked;
    private long retired;
    private long idle;
    private int eptInvalidations;

    /** Scripts the next exit. */
    public Script exit(ExitReason reason) {
        Script script = new Script(reason);
        scripts.add(script);
        return script;
    }

    public void emulation(Emulation action) {
        emulation = action;
    }

    /** What {@link #emulate} is to report as its fault. */
    public void emulationFault(int vector, int errorCode, long address) {
        last = new Script(ExitReason.EXCEPTION).interruption(vector, errorCode).qualification(address);
    }

    /** VM-entry interruption information of each entry that had one. */
    public List<Integer> injections() {
        return Collections.unmodifiableList(injections);
    }

    public int eptInvalidations() {
        return eptInvalidations;
    }

    @Override
    public String engine() {
        return "script";
    }

    @Override
    public ExecutionMode mode() {
        return ExecutionMode.VMX_NON_ROOT;
    }

    @Override
    public ExitReason run(long budget) {
        if (kicked) {
            kicked = false;
            last = new Script(ExitReason.KICKED);
            return ExitReason.KICKED;
        }
        int information = (int) vmcs.read(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION);
        if (information < 0) {
            injections.add(information);
            vmcs.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, information & Integer.MAX_VALUE);
        }
        Script next = scripts.peek();
        if (next == null || next.instructions >= budget) {
            if (next != null) {
                next.instructions -= budget;
            }
            retired += budget;
            last = new Script(ExitReason.BUDGET);
            return ExitReason.BUDGET;
        }
        scripts.remove();
        retired += next.instructions;
        next.before.run();
        last = next;
        return next.reason;
    }

    @Override
    public ExitInformation exitInformation() {
        return last;
    }

    @Override
    public Exit exit() {
        return new Exit.Plain(last.reason, last.qualification, last.length);
    }

    @Override
    public ExitReason emulate(MachineBus bus) {
        return emulation.emulate(bus);
    }

    @Override
    public ExitReason emulateDelivery(int interruption, int errorCode, int instructionLength) {
        injections.add(interruption);
        return ExitReason.NONE;
    }

    @Override
    public long takePendingDebug() {
        return 0;
    }

    @Override
    public void emulatorPaging(GuestPaging paging) {
        // nothing is really emulated here
    }

    @Override
    public void kick() {
        kicked = true;
    }

    @Override
    public FakeRegisters registers() {
        return registers;
    }

    @Override
    public FakeVmcs vmcs() {
        return vmcs;
    }

    @Override
    public long retired() {
        return retired;
    }

    @Override
    public TranslationCounts translation() {
        return TranslationCounts.NONE;
    }

    @Override
    public void retire() {
        retired++;
    }

    @Override
    public void correctRetired(long instructions) {
        retired += instructions;
    }

    @Override
    public long tsc() {
        return retired + idle;
    }

    @Override
    public void advanceTsc(long ticks) {
        idle += ticks;
    }

    @Override
    public ArchState save() {
        List<SegmentRegister> segments = new ArrayList<>();
        for (int i = CpuRegisters.ES; i <= CpuRegisters.TR; i++) {
            segments.add(registers.segment(i));
        }
        long[] general = new long[16];
        for (int i = 0; i < general.length; i++) {
            general[i] = registers.gpr(i);
        }
        return new ArchState(
                new ArchState.General(general, registers.rip(), registers.rflags()),
                new ArchState.Segments(segments, 0, 0, registers.idtrBase(), registers.idtrLimit()),
                new ArchState.Control(registers.cr(0), registers.cr(2), registers.cr(3), registers.cr(4), 0, 1, new long[8], new long[4]),
                new ArchState.Fpu(new byte[832]),
                Map.of(0xc000_0080, registers.msr(0xc000_0080)),
                new ArchState.Events((int) vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE), 0, 0, 0, 0, 0),
                tsc());
    }

    @Override
    public void load(ArchState state) {
        for (int i = 0; i < 16; i++) {
            registers.gpr(i, state.general().gpr()[i]);
        }
        registers.rip(state.general().rip());
        registers.rflags(state.general().rflags());
        for (int i = CpuRegisters.ES; i <= CpuRegisters.TR; i++) {
            registers.segment(i, state.segments().registers().get(i));
        }
        registers.idtr(state.segments().idtrBase(), state.segments().idtrLimit());
        registers.cr(0, state.control().cr0());
        registers.cr(2, state.control().cr2());
        registers.cr(3, state.control().cr3());
        registers.cr(4, state.control().cr4());
        state.msrs().forEach(registers::msr);
        vmcs.write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, state.events().interruptibility());
    }

    @Override
    public WalkReport walk(long gva) {
        return new WalkReport(gva, List.of(), true, gva, gva, 4096, "identity");
    }

    /** What was asked to stop at; this processor never stops by itself. */
    public DebugPoints debugPoints() {
        return debugPoints;
    }

    @Override
    public void debugPoints(DebugPoints points) {
        debugPoints = points;
    }

    @Override
    public Optional<DebugHit> debugHit() {
        return Optional.empty();
    }

    @Override
    public void invalidateEpt() {
        eptInvalidations++;
    }

    @Override
    public void invalidateTlb() {}

    @Override
    public void invalidateVpid(VpidInvalidation type, int vpid, long gva) {}

    @Override
    public void invalidatePage(long gva) {}

    @Override
    public void close() {}
}
