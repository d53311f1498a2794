package proteus.silicon.translate;

import proteus.x86.disasm.Disassembler;

/** Generated code did what it never should: the processor's state is not to be trusted any more, that of the JVM is. */
public final class HostFaultException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    HostFaultException(String message) {
        super(message);
    }

    static HostFaultException in(Translation t, byte[] code, long pc, int signal) {
        StringBuilder text = new StringBuilder("generated code faulted (signal %d) at +0x%x in the block of RIP 0x%x:".formatted(signal, pc - t.entry, t.rip));
        for (var op : t.ops) {
            text.append(" %s".formatted(op.mnemonic));
        }
        return new HostFaultException(text.append('\n').append(listing(code, t.entry, pc)).toString());
    }

    /** The block's host code, the faulting instruction marked. */
    private static String listing(byte[] code, long entry, long pc) {
        StringBuilder text = new StringBuilder();
        Disassembler disassembler = new Disassembler();
        for (int at = 0; at < code.length; ) {
            int start = at;
            var line = disassembler.line(offset -> start + offset < code.length ? code[start + offset] & 0xff : 0x90, 64, entry + at);
            text.append("%s%x: %s%n".formatted(entry + at == pc ? "> " : "  ", entry + at, line.text()));
            at += Math.max(1, line.length());
        }
        return text.toString();
    }
}
