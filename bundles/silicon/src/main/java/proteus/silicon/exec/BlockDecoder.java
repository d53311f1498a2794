package proteus.silicon.exec;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.CodeSource;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Finds or makes the block at an instruction pointer: fetch translation, decoding, lowering. */
final class BlockDecoder implements CodeSource {
    private static final Logger LOG = LoggerFactory.getLogger(BlockDecoder.class);

    private final Cpu cpu;
    private final BlockCache blocks;
    private final Lowering lowering;
    private final Instruction instruction = new Instruction();
    private final Op[] ops = new Op[Block.MOST];
    private final Operation[] operations = new Operation[Block.MOST];
    private final Map<Mnemonic, Integer> missing = new EnumMap<>(Mnemonic.class);
    private boolean reusable;

    // The source of bytes: a page, and the page after it for an instruction that crosses.
    private long host, secondHost, secondPage;
    private long nextPageLinear;
    private int offset;
    private boolean first, outside;

    BlockDecoder(Cpu cpu, BlockCache blocks, HandlerTable handlers) {
        this.cpu = cpu;
        this.blocks = blocks;
        lowering = new Lowering(cpu.s, cpu.isa, handlers, this::report);
    }

    Map<Mnemonic, Integer> missing() {
        return missing;
    }

    private void report(Mnemonic mnemonic) {
        if (missing.merge(mnemonic, 1, Integer::sum) == 1) {
            LOG.warn("the silicon does not execute {} yet: it is #UD (RIP 0x{})", mnemonic, Long.toHexString(cpu.rip()));
        }
    }

    /** Whether the last block holds for every visit by the same linear address until translations change. */
    boolean reusable() {
        return reusable;
    }

    /**
     * The block at an instruction pointer.
     *
     * @param limit last offset that may be fetched, -1 for no limit
     */
    Block block(long rip, long base, long limit, int mode) {
        reusable = true;
        if (Long.compareUnsigned(rip, limit) > 0 || mode == 64 && !Control.canonical(cpu, rip)) {
            throw cpu.protection(0);
        }
        long mask = mode == 64 ? -1 : 0xffffffffL;
        long linear = rip + base & mask;
        long hpa = cpu.mmu.fetch(linear);
        nextPageLinear = (linear | 4095) + 1 & mask;
        Block block = hpa < 0 ? null : blocks.find(hpa, mode);
        if (block != null && block.secondPage >= 0 && cpu.mmu.fetch(nextPageLinear) != block.secondPage) {
            block = null;
        }
        if (block == null) {
            block = decode(hpa, mode);
        }
        if (Long.compareUnsigned(rip + block.bytes - 1, limit) > 0) {
            block = within(block, rip, limit);
        }
        return block;
    }

    /** The part of a block that the limit of CS leaves. */
    private Block within(Block block, long rip, long limit) {
        int n = 0;
        while (Long.compareUnsigned(rip + block.ops[n].start + block.ops[n].length - 1, limit) <= 0) {
            n++;
        }
        if (n == 0) {
            throw cpu.protection(0);
        }
        reusable = false;
        return block.first(n);
    }

    private Block decode(long hpa, int mode) {
        host = hpa < 0 ? 0 : cpu.mmu.hostAddress(hpa & -4096L);
        secondHost = 0;
        secondPage = -1;
        int page = (int) (hpa < 0 ? nextPageLinear - 1 : hpa) & 4095;
        int start = 0;
        int n = 0;
        while (n < Block.MOST) {
            first = n == 0;
            outside = false;
            offset = page + start;
            int length = Decoder.decode(this, mode, instruction);
            if (outside && !first) {
                break;
            }
            Op op = lowering.lower(instruction, start, mode);
            operations[n] = lowering.operation();
            ops[n++] = op;
            // one that is too long also depends on the bytes it was found to be too long by
            start += length == Decoder.TOO_LONG ? Instruction.MAX_LENGTH : length;
            if (op.endsBlock || hpa < 0 || page + start >= 4096) {
                break;
            }
        }
        Block block = new Block(hpa, mode, start, Arrays.copyOf(ops, n), Arrays.copyOf(operations, n), secondPage);
        // an instruction behind the first that crosses the page's end is no part of the block
        if (hpa < 0 || first && outside && secondPage < 0) {
            reusable = false;
        } else {
            blocks.add(block);
        }
        return block;
    }

    @Override
    public int byteAt(int index) {
        int at = offset + index;
        if (at < 4096) {
            return host == 0 ? 0xff : Raw.getByte(host + at) & 0xff;
        }
        outside = true;
        if (!first) {
            return 0; // the instruction is thrown away: it begins a block of its own
        }
        if (secondHost == 0) {
            long hpa = cpu.mmu.fetch(nextPageLinear);
            secondPage = hpa;
            secondHost = hpa < 0 ? -1 : cpu.mmu.hostAddress(hpa);
        }
        return secondHost == -1 ? 0xff : Raw.getByte(secondHost + at - 4096) & 0xff;
    }
}
