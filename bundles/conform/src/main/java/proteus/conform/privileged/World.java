package proteus.conform.privileged;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import proteus.x86.asm.Assembly;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss16;
import proteus.x86.format.Tss32;
import proteus.x86.format.Tss64;

/** The first 512 KiB of a machine as every case finds them: descriptor tables, task-state segments, gates to the driver's handlers, page tables. */
final class World {
    static final int INT3 = 0xcc;
    private static final int FLAT = 0xfffff, PAGE_SHIFT = 12;
    /** Granularity and default size, type code or data, both accessed. */
    private static final int CODE32_RIGHTS = 0xc09b, DATA_RIGHTS = 0xc093, CODE16_RIGHTS = 0x9b, DATA16_RIGHTS = 0x93, CODE64_RIGHTS = 0xa09b;
    private static final int PRESENT_LDT = 0x82, PRESENT_TSS = 0x89, PRESENT_TSS16 = 0x81;
    /** The I/O permission bitmap starts behind the interrupt redirection bitmap. */
    static final int IO_MAP = Tss32.SIZE + 32;

    private final ByteBuffer memory = ByteBuffer.allocate(0x8_0000).order(ByteOrder.LITTLE_ENDIAN);

    World(Assembly driver) {
        memory.put(Layout.DRIVER, driver.bytes());
        segments();
        tasks();
        gates(driver);
        pages();
        for (int i = 0; i < Layout.CODE_BYTES; i++) {
            memory.put(Layout.USER_CODE + Layout.CODE_OFFSET + i, (byte) INT3);
            memory.put(Layout.KERNEL_CODE + Layout.CODE_OFFSET + i, (byte) INT3);
        }
        for (int i = 0; i < 0x80; i++) {
            memory.put(Layout.PAGES + 0xfc0 + i, (byte) INT3);
        }
    }

    byte[] bytes(int address, int length) {
        byte[] piece = new byte[length];
        memory.get(address, piece);
        return piece;
    }

    /** The windows, one behind the other. */
    byte[] windows() {
        int length = 0;
        for (int[] window : Layout.WINDOWS) {
            length += window[1];
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (int[] window : Layout.WINDOWS) {
            all.put(bytes(window[0], window[1]));
        }
        return all.array();
    }

    private void descriptor(int selector, long descriptor) {
        memory.putLong(Layout.GDT + (selector & ~7), descriptor);
    }

    private void segments() {
        descriptor(Layout.CODE32, SegmentDescriptor.of(0, FLAT, CODE32_RIGHTS));
        descriptor(Layout.DATA, SegmentDescriptor.of(0, FLAT, DATA_RIGHTS));
        descriptor(Layout.CODE16, SegmentDescriptor.of(0, 0xffff, CODE16_RIGHTS));
        descriptor(Layout.DATA16, SegmentDescriptor.of(0, 0xffff, DATA16_RIGHTS));
        descriptor(Layout.CODE64, SegmentDescriptor.of(0, FLAT, CODE64_RIGHTS));
        descriptor(Layout.CODE_1, SegmentDescriptor.of(0, FLAT, CODE32_RIGHTS | 1 << SegmentDescriptor.DPL_SHIFT));
        descriptor(Layout.DATA_1, SegmentDescriptor.of(0, FLAT, DATA_RIGHTS | 1 << SegmentDescriptor.DPL_SHIFT));
        descriptor(Layout.CODE_2, SegmentDescriptor.of(0, FLAT, CODE32_RIGHTS | 2 << SegmentDescriptor.DPL_SHIFT));
        descriptor(Layout.DATA_2, SegmentDescriptor.of(0, FLAT, DATA_RIGHTS | 2 << SegmentDescriptor.DPL_SHIFT));
        descriptor(Layout.CODE_3, SegmentDescriptor.of(0, FLAT, CODE32_RIGHTS | SegmentDescriptor.DPL));
        descriptor(Layout.DATA_3, SegmentDescriptor.of(0, FLAT, DATA_RIGHTS | SegmentDescriptor.DPL));
        descriptor(Layout.CODE64_3, SegmentDescriptor.of(0, FLAT, CODE64_RIGHTS | SegmentDescriptor.DPL));
        // 16-bit code of ring 3 sees the user's 64 KiB only
        descriptor(Layout.CODE16_3, SegmentDescriptor.of(Layout.USER_CODE, 0xffff, CODE16_RIGHTS | SegmentDescriptor.DPL));
        descriptor(Layout.DATA16_3, SegmentDescriptor.of(Layout.USER_STACK - 0x1000, 0xffff, DATA16_RIGHTS | SegmentDescriptor.DPL));
        descriptor(Layout.CONFORMING_SEL, SegmentDescriptor.of(0, FLAT, CODE32_RIGHTS | SegmentDescriptor.CONFORMING));
        descriptor(Layout.LDT_SEL, SegmentDescriptor.of(Layout.LDT, Layout.LDT_LIMIT, PRESENT_LDT));
        descriptor(Layout.LDT64_SEL, SegmentDescriptor.of(Layout.LDT, Layout.LDT_LIMIT, PRESENT_LDT));
        descriptor(Layout.TSS32_SEL, SegmentDescriptor.of(Layout.TSS32, Layout.TSS32_LIMIT, PRESENT_TSS));
        descriptor(Layout.TSS16_SEL, SegmentDescriptor.of(Layout.TSS16, Tss16.SIZE - 1, PRESENT_TSS16));
        descriptor(Layout.TSS64_SEL, SegmentDescriptor.of(Layout.TSS64, Layout.TSS64_LIMIT, PRESENT_TSS));
        descriptor(Layout.TASK32_SEL, SegmentDescriptor.of(Layout.TASK32, Tss32.SIZE - 1, PRESENT_TSS));
        descriptor(Layout.TASK16_SEL, SegmentDescriptor.of(Layout.TASK16, Tss16.SIZE - 1, PRESENT_TSS16));
    }

    private void tasks() {
        int[] stacks = {Layout.STACK0, Layout.STACK1, Layout.STACK2};
        int[] selectors = {Layout.DATA, Layout.DATA_1, Layout.DATA_2};
        int[] offsets32 = {Tss32.ESP0, Tss32.ESP1, Tss32.ESP2};
        int[] offsets16 = {Tss16.SP0, Tss16.SP1, Tss16.SP2};
        for (int level = 0; level < 3; level++) {
            memory.putInt(Layout.TSS32 + offsets32[level], stacks[level]);
            memory.putShort(Layout.TSS32 + offsets32[level] + 4, (short) selectors[level]);
            // a 16-bit TSS reaches 64 KiB: cases give its stacks a base
            memory.putShort(Layout.TSS16 + offsets16[level], (short) (stacks[level] & 0xffff));
            memory.putShort(Layout.TSS16 + offsets16[level] + 2, (short) selectors[level]);
            memory.putLong(Layout.TSS64 + Tss64.rsp(level), stacks[level]);
        }
        for (int i = 1; i < 8; i++) {
            memory.putLong(Layout.TSS64 + Tss64.ist(i), Layout.STACK0 - 0x80 * (i & 3));
        }
        memory.putShort(Layout.TSS32 + Tss32.IO_MAP_BASE, (short) IO_MAP);
        memory.putShort(Layout.TSS64 + Tss64.IO_MAP_BASE, (short) Tss64.SIZE);
    }

    private void gates(Assembly driver) {
        for (int vector = 0; vector < Layout.VECTORS; vector++) {
            int dpl = vector == 3 ? 3 : 0;
            memory.putLong(Layout.IDT32 + 8 * vector, GateDescriptor.of(Layout.CODE32, driver.symbol("stub32_" + vector), SegmentDescriptor.INTERRUPT_GATE, dpl, 0));
            memory.putLong(Layout.IDT64 + 16 * vector, GateDescriptor.of(Layout.CODE64, driver.symbol("stub64_" + vector), SegmentDescriptor.INTERRUPT_GATE, dpl, 0));
            memory.putInt(4 * vector, (int) driver.symbol("stub16_" + vector));
        }
    }

    private void pages() {
        long all = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER;
        for (int page = 0; page < 0x100; page++) {
            int at = page << PAGE_SHIFT;
            boolean user = at == 0 || at == Layout.USER_STACK - 0x1000 || at == Layout.USER_DATA || at >= Layout.USER_CODE && at < Layout.KERNEL_CODE
                || at >= Layout.PAGES && at < Layout.PAGES + 0x1_0000;
            long entry = at | (user ? all : PageTable.PRESENT | PageTable.WRITABLE);
            memory.putInt(Layout.PT32 + 4 * page, (int) entry);
            memory.putLong(Layout.PT + 8 * page, entry);
        }
        memory.putInt(Layout.PD32, (int) (Layout.PT32 | all));
        memory.putInt(Layout.PD32 + 4, (int) (Layout.PT32 | all));
        memory.putLong(Layout.PD, Layout.PT | all);
        memory.putLong(Layout.PD + 16, Layout.PT | all);
        memory.putLong(Layout.PDPT_PAE, Layout.PD | PageTable.PRESENT);
        memory.putLong(Layout.PDPT_PAE + 8, Layout.PD | PageTable.PRESENT);
        memory.putLong(Layout.PDPT, Layout.PD | all);
        memory.putLong(Layout.PDPT + 8, Layout.PD | all);
        memory.putLong(Layout.PML4, Layout.PDPT | all);
        memory.putLong(Layout.PML4 + 8, Layout.PDPT | all);
        memory.putLong(Layout.PML4 + 0x800, Layout.PDPT | all);
    }
}
