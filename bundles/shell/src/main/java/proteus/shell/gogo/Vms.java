package proteus.shell.gogo;

import java.util.List;
import java.util.stream.Collectors;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;

/** Finds the VM that a command means. */
final class Vms {
    private Vms() {}

    static VirtualMachine find(VirtualMachineManager manager, String name) {
        return manager.find(name).orElseThrow(() -> {
            List<VirtualMachine> all = manager.list();
            return new VmException(all.isEmpty()
                    ? "there is no VM '" + name + "', and no other: vm:create makes one"
                    : "there is no VM '" + name + "'; there are: " + all.stream().map(VirtualMachine::name).collect(Collectors.joining(", ")));
        });
    }

    /** A number as people write it: hexadecimal with 0x, else decimal; 64 bits. */
    static long number(String text) {
        try {
            return text.startsWith("0x") || text.startsWith("0X")
                    ? Long.parseUnsignedLong(text.substring(2).replace("_", ""), 16)
                    : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new VmException("'" + text + "' is no number: write decimal, or hexadecimal with 0x");
        }
    }
}
