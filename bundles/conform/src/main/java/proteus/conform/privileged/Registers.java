package proteus.conform.privileged;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The registers before a case, or after it: one layout for both, the one that the driver knows (see driver.asm). */
final class Registers {
    static final int BYTES = 0x190;
    /** Before: the bytes of the case and its mode; after: the vector it ended with and the mode of the handler (16, 32, 64). */
    static final int LENGTH = 0, VECTOR = 0, MODE = 4, PATCHES = 8, ERROR = 8;
    static final int GPRS = 0x10, RIP = 0x90, CS = 0x98, RFLAGS = 0xa0, RSP = 0xa8, SS = 0xb0, DS = 0xb8, ES = 0xba, FS = 0xbc, GS = 0xbe, LDTR = 0xc0, TR = 0xc2, NESTED = 0xc4;
    static final int CR0 = 0xc8, CR3 = 0xd0, CR4 = 0xd8, EFER = 0xe0, CR2 = 0xe8, DR0 = 0xf0, DR6 = 0x110, DR7 = 0x118, GDTR = 0x120, IDTR = 0x130, MSRS = 0x140;
    /** The model-specific registers, in their order; FS and GS bases come last. */
    static final int[] MSR_INDICES = {0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, 0x174, 0x175, 0x176, 0xc000_0102, 0xc000_0100, 0xc000_0101};
    private static final String[] MSR_NAMES = {"star", "lstar", "cstar", "fmask", "sysenter_cs", "sysenter_esp", "sysenter_eip", "kernel_gs_base", "fs_base", "gs_base"};
    static final int FS_BASE = MSRS + 8 * 8, GS_BASE = MSRS + 8 * 9;
    private static final String[] GPR_NAMES = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};

    /** A piece of the layout with a name; {@code bytes} is 2 or 8. */
    record Field(String name, int offset, int bytes) {}

    /** All of the state; of an outcome besides: vector, handler and error code. */
    static final Field[] FIELDS = fields();

    final ByteBuffer bytes;

    Registers() {
        this(new byte[BYTES]);
    }

    Registers(byte[] from) {
        bytes = ByteBuffer.wrap(from).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Field[] fields() {
        java.util.List<Field> all = new java.util.ArrayList<>();
        for (int i = 0; i < GPR_NAMES.length; i++) {
            if (i != 4) {
                all.add(new Field(GPR_NAMES[i], GPRS + 8 * i, 8));
            }
        }
        String[] frame = {"rip", "cs", "rflags", "rsp", "ss"};
        for (int i = 0; i < frame.length; i++) {
            all.add(new Field(frame[i], RIP + 8 * i, 8));
        }
        String[] selectors = {"ds", "es", "fs", "gs", "ldtr", "tr"};
        for (int i = 0; i < selectors.length; i++) {
            all.add(new Field(selectors[i], DS + 2 * i, 2));
        }
        String[] control = {"cr0", "cr3", "cr4", "efer", "cr2", "dr0", "dr1", "dr2", "dr3", "dr6", "dr7"};
        for (int i = 0; i < control.length; i++) {
            all.add(new Field(control[i], CR0 + 8 * i, 8));
        }
        all.add(new Field("gdtr.limit", GDTR, 2));
        all.add(new Field("gdtr.base", GDTR + 2, 8));
        all.add(new Field("idtr.limit", IDTR, 2));
        all.add(new Field("idtr.base", IDTR + 2, 8));
        for (int i = 0; i < MSR_NAMES.length; i++) {
            all.add(new Field(MSR_NAMES[i], MSRS + 8 * i, 8));
        }
        return all.toArray(new Field[0]);
    }

    long get(Field field) {
        return field.bytes == 2 ? getShort(field.offset) : get(field.offset);
    }

    long get(int offset) {
        return bytes.getLong(offset);
    }

    Registers set(int offset, long value) {
        bytes.putLong(offset, value);
        return this;
    }

    int getShort(int offset) {
        return bytes.getShort(offset) & 0xffff;
    }

    Registers setShort(int offset, int value) {
        bytes.putShort(offset, (short) value);
        return this;
    }

    int getInt(int offset) {
        return bytes.getInt(offset);
    }

    Registers setInt(int offset, int value) {
        bytes.putInt(offset, value);
        return this;
    }

    long gpr(int register) {
        return get(GPRS + 8 * register);
    }

    void table(int offset, long base, int limit) {
        setShort(offset, limit);
        set(offset + 2, base);
    }

    Registers copy() {
        return new Registers(bytes.array().clone());
    }
}
