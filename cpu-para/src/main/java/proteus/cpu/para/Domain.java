package proteus.cpu.para;

import proteus.api.cpu.CpuContext;
import proteus.api.cpu.ParavirtualServices;
import proteus.api.io.Timers;
import proteus.api.memory.MemoryContext;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.x86.xen.StartInfo;
import proteus.x86.xen.Width;

/** One life of a paravirtual guest: all that the hypervisor keeps of it, made from the state its builder left. */
final class Domain implements AutoCloseable {
    final FrameTable frames;
    final AddressSpace space;
    final GuestMode mode;
    final SharedInfo shared;
    final TrapTable traps;
    final EventChannels events;
    final ConsoleRing console;
    final DomainClock clock;
    final VcpuCalls vcpu;
    final PageTables tables;
    final PageTableWrites writes;
    final PrivilegedInstructions privileged;
    final Hypercalls hypercalls;
    final Work work = new Work();
    private final XenArea area;
    private final Processor processor;

    /**
     * @param width of its kernel
     * @param root host-physical address of the root of the initial tables
     * @param startInfo virtual address of the start information
     * @throws Refusal when the tables are not good, or do not lead to the start information
     */
    Domain(CpuContext context, MemoryContext memoryContext, ParavirtualServices services, Timers.Timer timer, Timers.Timer periodic, Width width, long root, long startInfo) {
        processor = context.processor();
        HostMemory memory = memoryContext.hostMemory();
        frames = new FrameTable(memoryContext.map());
        area = new XenArea(memory, frames, memoryContext.owner(), width);
        try {
            space = new AddressSpace(memory, width);
            tables = new PageTables(memory, frames, area, new Descriptors(memory, width), work, this::flush, width);
            work.begin();
            space.root(root);
            tables.pin(root >>> FrameTable.SHIFT, (byte) width.levels);
            tables.use(root >>> FrameTable.SHIFT, (byte) width.levels); // by CR3
            shared = new SharedInfo(memory, ours(word(startInfo, StartInfo.SHARED_INFO)), width);
            shared.mask(true);
            traps = new TrapTable(space);
            mode = width.wide()
                    ? new WideMode(processor, space, shared, traps, area, context.counters(), root)
                    : new NarrowMode(processor.registers(), space, shared, traps, area, context.counters(), root);
            mode.kernelRoot(root);
            events = new EventChannels(shared, space);
            clock = new DomainClock(services, processor, shared, space, timer, periodic);
            vcpu = new VcpuCalls(shared, space, frames, tables, clock, events, services);
            privileged = new PrivilegedInstructions(processor.registers(), space, mode, shared, context.contract());
            privileged.begin();
            writes = new PageTableWrites(processor, memory, frames, tables, space, context.counters());
            MmuCalls mmu = new MmuCalls(processor, memory, frames, tables, area, space, mode, work, this::flush, context.counters());
            long pages = word(startInfo, StartInfo.NR_PAGES);
            ReservationCalls reservation = new ReservationCalls(memory, frames, area, space, work, pages);
            hypercalls = new Hypercalls(
                    processor.registers(), space, mode, traps, mmu, reservation, events, vcpu, clock, privileged, services, context.counters(), work);
            long list = word(startInfo, StartInfo.MFN_LIST);
            for (long pfn = 0; pfn < Math.min(pages, frames.ownedFrames()); pfn++) {
                long mfn = space.readWord(list, pfn);
                if (!frames.owns(mfn)) {
                    throw Refusal.INVALID;
                }
                area.pseudoPhysical(mfn, pfn);
            }
            console = new ConsoleRing(memory, ours(word(startInfo, StartInfo.CONSOLE_MFN) << FrameTable.SHIFT), services.console());
            events.console(space.read32(startInfo + StartInfo.CONSOLE_EVTCHN.at(width)), this::consoleWork);
        } catch (RuntimeException e) {
            area.close();
            throw e;
        }
    }

    private long word(long startInfo, StartInfo field) {
        return space.readWord(startInfo + field.at(space.width()));
    }

    /** A frame that the hypervisor writes: it stays ordinary memory for the domain's life. */
    private long ours(long machineAddress) {
        tables.use(machineAddress >>> FrameTable.SHIFT, FrameTable.WRITABLE);
        frames.mapped(machineAddress >>> FrameTable.SHIFT);
        return machineAddress;
    }

    private void flush() {
        processor.invalidateTlb();
        frames.flushed();
    }

    /** The guest wrote to its console, or has read from it. */
    private void consoleWork() {
        boolean taken = console.takeOutput();
        boolean given = console.giveInput();
        if (taken || given) {
            events.raiseConsole();
        }
    }

    /** Something was typed. */
    void consoleInput() {
        if (console.giveInput()) {
            events.raiseConsole();
        }
    }

    @Override
    public void close() {
        area.close();
    }
}
