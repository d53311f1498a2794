package proteus.shell.lockstep;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;

/**
 * All that a guest can see of its machine but memory, named and comparable.
 *
 * @param values register or device to its value in hexadecimal
 */
record GuestView(Map<String, String> values) {
    private static final String[] GPR = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    private static final String[] SEGMENT = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

    /** @param devices as {@link proteus.api.vm.VirtualMachine.Inspection#deviceStates} gives them */
    static GuestView of(ArchState state, Map<String, byte[]> devices, String console) {
        Map<String, String> all = new LinkedHashMap<>();
        long[] gpr = state.general().gpr();
        for (int i = 0; i < GPR.length; i++) {
            all.put(GPR[i], hex(gpr[i]));
        }
        all.put("rip", hex(state.general().rip()));
        all.put("rflags", hex(state.general().rflags()));
        ArchState.Segments segments = state.segments();
        for (int i = 0; i < SEGMENT.length; i++) {
            all.put(SEGMENT[i], segment(segments.registers().get(i)));
        }
        all.put("gdtr", hex(segments.gdtrBase()) + ":" + hex(segments.gdtrLimit()));
        all.put("idtr", hex(segments.idtrBase()) + ":" + hex(segments.idtrLimit()));
        ArchState.Control control = state.control();
        all.put("cr0", hex(control.cr0()));
        all.put("cr2", hex(control.cr2()));
        all.put("cr3", hex(control.cr3()));
        all.put("cr4", hex(control.cr4()));
        all.put("cr8", hex(control.cr8()));
        all.put("xcr0", hex(control.xcr0()));
        numbered(all, "dr", control.dr());
        numbered(all, "pdpte", control.pdptes());
        all.put("xsave", java.util.HexFormat.of().formatHex(state.fpu().xsave()));
        new TreeMap<>(state.msrs()).forEach((msr, value) -> all.put("msr " + hex(msr & 0xffffffffL), hex(value)));
        ArchState.Events events = state.events();
        all.put("interruptibility", hex(events.interruptibility()));
        all.put("activity", hex(events.activity()));
        all.put("pending debug exceptions", hex(events.pendingDebug()));
        all.put("event to inject", hex(events.pending()) + " " + hex(events.pendingErrorCode()) + " " + hex(events.pendingInstructionLength()));
        all.put("tsc", hex(state.tsc()));
        devices.forEach((name, bytes) -> all.put(name, java.util.HexFormat.of().formatHex(bytes)));
        all.put("console", console);
        return new GuestView(all);
    }

    /** What differs, a sentence each; empty if nothing does. */
    List<String> differences(GuestView other) {
        List<String> all = new ArrayList<>();
        for (Map.Entry<String, String> entry : values.entrySet()) {
            String there = other.values.get(entry.getKey());
            if (!Objects.equals(entry.getValue(), there)) {
                all.add(difference(entry.getKey(), entry.getValue(), there == null ? "not there" : there));
            }
        }
        other.values.keySet().stream().filter(name -> !values.containsKey(name)).forEach(name -> all.add(name + " is only in the second"));
        return all;
    }

    /** Long values are shown from shortly before their first difference. */
    private static String difference(String name, String left, String right) {
        int from = 0;
        while (from < Math.min(left.length(), right.length()) && left.charAt(from) == right.charAt(from)) {
            from++;
        }
        if (left.length() <= 64 && right.length() <= 64) {
            return "%s: %s against %s".formatted(name, left, right);
        }
        return "%s, from position %d: ...%s against ...%s".formatted(name, from, part(left, from), part(right, from));
    }

    private static String part(String text, int from) {
        return text.substring(from, Math.min(text.length(), from + 32)).replace("\r", "\\r").replace("\n", "\\n");
    }

    private static void numbered(Map<String, String> all, String name, long[] values) {
        for (int i = 0; i < values.length; i++) {
            all.put(name + i, hex(values[i]));
        }
    }

    /** The hidden part of an unusable register is nobody's to see. */
    private static String segment(SegmentRegister register) {
        return register.unusable()
                ? hex(register.selector()) + " unusable"
                : "%s base %s limit %s rights %s".formatted(hex(register.selector()), hex(register.base()), hex(register.limit()), hex(register.rights()));
    }

    private static String hex(long value) {
        return Long.toHexString(value);
    }
}
