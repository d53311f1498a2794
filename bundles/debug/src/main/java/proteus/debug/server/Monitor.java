package proteus.debug.server;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.WalkReport;
import proteus.api.state.ArchState;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmStatistics;
import proteus.debug.rsp.Hex;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;

/** GDB's {@code monitor} commands: what a machine has and a program has not. */
final class Monitor {
    private static final String EXIT = "exit.";
    private static final String[] GENERAL = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
    private static final String HELP = """
            exits            how often the guest exited, by reason
            walk ADDRESS     translates a linear address step by step, in all dimensions
            regs             all registers, with hidden parts of segments
            stats            instructions, times and counters
            interrupts on    a step takes an interrupt that waits; off (as at first): not
            """;
    /** Bytes of text in an answer. */
    private static final int CHUNK = 2048;

    private final VirtualMachine vm;
    private final Guest guest;

    Monitor(VirtualMachine vm, Guest guest) {
        this.vm = vm;
        this.guest = guest;
    }

    /** Packets that answer qRcmd. */
    List<String> answer(String command) {
        byte[] text = say(command.strip()).getBytes(StandardCharsets.UTF_8);
        List<String> packets = new ArrayList<>();
        for (int at = 0; at < text.length; at += CHUNK) {
            packets.add("O" + Hex.encode(Arrays.copyOfRange(text, at, Math.min(text.length, at + CHUNK))));
        }
        packets.add("OK");
        return packets;
    }

    String say(String command) {
        String[] words = command.split("\\s+", 2);
        String argument = words.length > 1 ? words[1] : "";
        return switch (words[0].toLowerCase(Locale.ROOT)) {
            case "", "help" -> HELP;
            case "exits" -> exits();
            case "walk" -> walk(argument);
            case "regs" -> registers(guest.state());
            case "stats" -> statistics();
            case "interrupts" -> interrupts(argument);
            case "reset" -> "a VM cannot be reset: kill it and run it again\n";
            default -> "'" + words[0] + "' is no monitor command; monitor help lists them\n";
        };
    }

    private String interrupts(String argument) {
        if (!argument.equals("on") && !argument.equals("off")) {
            return "write interrupts on, or interrupts off\n";
        }
        guest.interruptsInSteps(argument.equals("on"));
        return "";
    }

    private String exits() {
        StringBuilder table = new StringBuilder();
        vm.statistics().counters().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(EXIT))
                .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()).thenComparing(Map.Entry.comparingByKey()))
                .forEach(entry -> table.append("%-28s %,14d%n".formatted(entry.getKey().substring(EXIT.length()), entry.getValue())));
        return table.isEmpty() ? "no exits yet\n" : table.toString();
    }

    private String statistics() {
        VmStatistics all = vm.statistics();
        StringBuilder text = new StringBuilder();
        text.append("%-28s %,14d%n".formatted("instructions", all.retired()));
        text.append("%-28s %,14d ns%n".formatted("virtual time", all.virtualNanos()));
        text.append("%-28s %,14d ns%n".formatted("run time", all.runNanos()));
        all.counters().forEach((name, count) -> text.append("%-28s %,14d%n".formatted(name, count)));
        return text.toString();
    }

    private String walk(String argument) {
        long address;
        try {
            String digits = argument.toLowerCase(Locale.ROOT);
            address = digits.startsWith("0x") ? Long.parseUnsignedLong(digits.substring(2), 16) : Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return "'" + argument + "' is no address: write it as 0x1000\n";
        }
        WalkReport report = vm.inspect(inside -> inside.processor().walk(address));
        StringBuilder text = new StringBuilder();
        report.steps().forEach(step -> text.append("%-10s at %12x  %016x%n".formatted(step.level(), step.hpa(), step.entry())));
        return text.append(report.summary()).append('\n').toString();
    }

    private static String registers(ArchState state) {
        StringBuilder text = new StringBuilder();
        ArchState.General general = state.general();
        long[] gpr = general.gpr();
        for (int i = 0; i < gpr.length; i += 4) {
            StringJoiner line = new StringJoiner("  ", "", "\n");
            for (int j = i; j < i + 4; j++) {
                line.add("%-3s %016x".formatted(GENERAL[j], gpr[j]));
            }
            text.append(line);
        }
        text.append("rip %016x  rflags %08x  %s%n".formatted(general.rip(), general.rflags(), Rflags.describe(general.rflags())));
        for (int i = 0; i < SEGMENTS.length; i++) {
            SegmentRegister s = state.segments().registers().get(i);
            text.append("%-4s %04x  %s%n".formatted(SEGMENTS[i], s.selector(),
                    s.unusable() ? "unusable" : "base %016x  limit %08x  rights %04x".formatted(s.base(), s.limit(), s.rights())));
        }
        ArchState.Segments segments = state.segments();
        text.append("gdtr base %016x  limit %04x%n".formatted(segments.gdtrBase(), segments.gdtrLimit()));
        text.append("idtr base %016x  limit %04x%n".formatted(segments.idtrBase(), segments.idtrLimit()));
        ArchState.Control c = state.control();
        text.append("cr0 %08x  %s%n".formatted(c.cr0(), Cr0.describe(c.cr0())));
        text.append("cr2 %016x  cr3 %016x  cr8 %x%n".formatted(c.cr2(), c.cr3(), c.cr8()));
        text.append("cr4 %08x  %s%n".formatted(c.cr4(), Cr4.describe(c.cr4())));
        text.append("efer %x  xcr0 %x%n".formatted(state.msrs().getOrDefault(Msr.IA32_EFER, 0L), c.xcr0()));
        long[] dr = c.dr();
        text.append("dr0 %x  dr1 %x  dr2 %x  dr3 %x  dr6 %x  dr7 %x%n".formatted(dr[0], dr[1], dr[2], dr[3], dr[6], dr[7]));
        return text.toString();
    }
}
