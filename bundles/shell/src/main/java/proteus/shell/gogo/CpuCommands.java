package proteus.shell.gogo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.memory.GuestMemoryException;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.shell.guests.GuestCode;
import proteus.shell.text.Output;
import proteus.shell.text.Table;
import proteus.x86.disasm.Disassembler;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;
import proteus.x86.format.Xcr0;

/** {@code cpu:*}: the vCPU of a VM, as its guest sees it. */
@Component(
        service = CpuCommands.class,
        property = {"osgi.command.scope=cpu", "osgi.command.function=regs", "osgi.command.function=step", "osgi.command.function=disasm"})
public final class CpuCommands {
    private static final String[] GENERAL =
            {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

    /** Places in an XSAVE image. */
    private static final int MXCSR = 24, LOW_HALVES = 160, HIGH_HALVES = 576;

    private final VirtualMachineManager manager;

    @Activate
    public CpuCommands(@Reference VirtualMachineManager manager) {
        this.manager = manager;
    }

    @Descriptor("the registers of a VM's vCPU")
    public String regs(
            @Descriptor("with the vector registers") @Parameter(names = {"-v", "--vectors"}, presentValue = "true", absentValue = "false") boolean vectors,
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        ArchState state = Vms.find(manager, vm).inspect(inside -> inside.cpu().exportState());
        Map<String, String> values = registers(state);
        if (vectors) {
            values.putAll(vectors(state));
        }
        return Output.of(output).show(values);
    }

    @Descriptor("runs a paused VM for some instructions and shows where it is")
    public String step(
            @Descriptor("how many instructions") @Parameter(names = {"-n", "--count"}, absentValue = "1") long count,
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        ArchState state = Vms.find(manager, vm).inspect(inside -> {
            inside.step(count);
            return inside.cpu().exportState();
        });
        return Output.of(output).show(registers(state));
    }

    @Descriptor("disassembles a VM's code, where it is or at an address")
    public String disasm(
            @Descriptor("how many instructions") @Parameter(names = {"-n", "--count"}, absentValue = "10") int count,
            @Descriptor("linear address; absent: CS:RIP") @Parameter(names = {"-a", "--address"}, absentValue = "") String address,
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        Table table = new Table("address", "bytes", "instruction");
        Vms.find(manager, vm).inspect(inside -> {
            ArchState state = inside.cpu().exportState();
            GuestCode code = new GuestCode(state, inside.memory());
            long at = address.isEmpty() ? code.here() : Vms.number(address);
            for (int i = 0; i < count; i++) {
                long start = at;
                Disassembler.Line line;
                try {
                    line = code.line(start);
                } catch (GuestMemoryException e) {
                    table.row("%x".formatted(start), "", "no memory here");
                    break;
                }
                table.row("%x".formatted(start), HexFormat.ofDelimiter(" ").formatHex(line.bytes()), line.text());
                at += line.length();
            }
            return null;
        });
        return Output.of(output).show(table, "");
    }

    private static Map<String, String> registers(ArchState state) {
        Map<String, String> values = new LinkedHashMap<>();
        ArchState.General general = state.general();
        values.put("rip", hex(general.rip()));
        values.put("rflags", hex(general.rflags()) + "  " + Rflags.describe(general.rflags()));
        for (int i = 0; i < GENERAL.length; i++) {
            values.put(GENERAL[i], hex(general.gpr()[i]));
        }
        for (int i = 0; i < SEGMENTS.length; i++) {
            SegmentRegister segment = state.segments().registers().get(i);
            values.put(SEGMENTS[i], segment.unusable()
                    ? "%04x  unusable".formatted(segment.selector())
                    : "%04x  base %x, limit %x, rights %04x".formatted(segment.selector(), segment.base(), segment.limit(), segment.rights()));
        }
        ArchState.Control control = state.control();
        long efer = state.msrs().getOrDefault(Msr.IA32_EFER, 0L);
        values.put("gdtr", "base %x, limit %x".formatted(state.segments().gdtrBase(), state.segments().gdtrLimit()));
        values.put("idtr", "base %x, limit %x".formatted(state.segments().idtrBase(), state.segments().idtrLimit()));
        values.put("cr0", hex(control.cr0()) + "  " + Cr0.describe(control.cr0()));
        values.put("cr2", hex(control.cr2()));
        values.put("cr3", hex(control.cr3()));
        values.put("cr4", hex(control.cr4()) + "  " + Cr4.describe(control.cr4()));
        values.put("cr8", hex(control.cr8()));
        values.put("efer", hex(efer) + "  " + Efer.describe(efer));
        values.put("tsc", Long.toUnsignedString(state.tsc()));
        return values;
    }

    /** MXCSR, XCR0 and the registers at the length that XCR0 enables (XSAVE image: SDM vol. 1, 13.4). */
    private static Map<String, String> vectors(ArchState state) {
        Map<String, String> values = new LinkedHashMap<>();
        ByteBuffer image = ByteBuffer.wrap(state.fpu().xsave()).order(ByteOrder.LITTLE_ENDIAN);
        long xcr0 = state.control().xcr0();
        values.put("xcr0", hex(xcr0));
        values.put("mxcsr", "%04x".formatted(image.getInt(MXCSR)));
        boolean wide = (xcr0 & Xcr0.AVX) != 0;
        for (int i = 0; i < 16; i++) {
            String low = hex(image.getLong(LOW_HALVES + 16 * i + 8)) + hex(image.getLong(LOW_HALVES + 16 * i));
            values.put((wide ? "ymm" : "xmm") + i, wide ? hex(image.getLong(HIGH_HALVES + 16 * i + 8)) + hex(image.getLong(HIGH_HALVES + 16 * i)) + low : low);
        }
        return values;
    }

    private static String hex(long value) {
        return "%016x".formatted(value);
    }
}
