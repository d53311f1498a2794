package proteus.cpu.full;

import java.util.HashSet;
import java.util.Set;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;

/**
 * Translates the guest's kernel code, a run of instructions at a time, to code for the same processor without ring 0: most
 * instructions as they are; CLI, STI, PUSHF and POPF in line on a virtual interrupt flag; calls, returns and indirect jumps so that the
 * guest sees its own addresses only; everything else that is privileged or sensitive as a trap to the VMM.
 */
final class Translator {
    /** Guest instructions of a translation at most. */
    static final int LONGEST = 64;

    /** Bytes of code at most: a sequence is shorter than this, a trap for each exit comes behind. */
    private static final int LONGEST_SEQUENCE = 128;

    static final int LONGEST_CODE = LONGEST * LONGEST_SEQUENCE;
    private static final byte TRAP = (byte) 0xcc;

    /** How an instruction is translated. */
    enum Treatment {
        IDENTICAL,
        CALLOUT,
        CLI,
        STI,
        PUSHF,
        POPF,
        JUMP,
        BRANCH,
        CALL,
        RETURN,
        JUMP_INDIRECT,
        CALL_INDIRECT
    }

    private static final Treatment[] TREATMENTS = Treatment.values();
    private static final int CS = 1, GS = 5, RCX = 1;

    private final TranslationCache cache;
    private final GuestCode code;
    private final Templates wideTemplates = new Templates(true);
    private final Templates narrowTemplates = new Templates(false);
    private final Instruction instruction = new Instruction();
    private final Instruction check = new Instruction();
    /** Guest addresses of instructions that fault each time: they are translated to traps. */
    private final Set<Long> faulting = new HashSet<>();

    private final byte[] out = new byte[LONGEST_CODE + 1024];
    private final byte[] raw = new byte[Instruction.MAX_LENGTH];
    private int length;
    private int origin;
    private boolean wide;
    private Templates templates;

    Translator(TranslationCache cache, GuestCode code) {
        this.cache = cache;
        this.code = code;
    }

    static Treatment treatment(int ordinal) {
        return TREATMENTS[ordinal];
    }

    /** From now on the instruction at a guest address traps at once instead of faulting first. */
    boolean trapAt(long source) {
        return faulting.add(source);
    }

    /**
     * Translates from a guest address on.
     *
     * @return null if there is no code that could be fetched
     */
    Translation translate(long source, boolean wideCode) {
        wide = wideCode;
        templates = wide ? wideTemplates : narrowTemplates;
        int mode = wide ? 64 : 32;
        if (!code.decode(source, mode, instruction)) {
            return null;
        }
        cache.reserve(LONGEST_CODE + 1024);
        origin = cache.free();
        length = 0;
        Translation made = new Translation(source);
        made.gpa = code.pageOf(source) | source & 0xfff;
        made.global = code.globalAt(source);
        if (!wide || source == (int) source) {
            made.arrival = origin;
            append(templates.arrival, (int) -source);
        }
        made.entry = origin + length;
        long at = source;
        boolean ends = false;
        while (!ends && made.count < LONGEST && at - source < Short.MAX_VALUE - 16 && code.decode(at, mode, instruction)) {
            if (!samePages(made, at)) {
                break;
            }
            Treatment treatment = faulting.contains(at) ? Treatment.CALLOUT : treatment(at);
            begin(made, at, treatment);
            ends = emit(made, at, treatment);
            at = wide ? at + instruction.length : at + instruction.length & 0xffffffffL;
        }
        made.distances[made.count] = (short) (at - source);
        made.offsets[made.count] = origin + length;
        if (!ends) {
            // Not chained: a jump would be an instruction that the guest has not.
            made.exits.add(new Translation.Exit(made, at, -1, origin + length));
            out[length++] = TRAP;
        }
        traps(made);
        cache.add(made, out, length);
        return made;
    }

    /** A source lies in two pages at most. */
    private boolean samePages(Translation made, long at) {
        long last = at + instruction.length - 1;
        if ((last & -0x1000L) == (made.source & -0x1000L)) {
            return true;
        }
        long page = code.pageOf(last);
        if (made.secondPage < 0) {
            made.secondPage = page;
            made.global &= code.globalAt(last);
            return true;
        }
        return page == made.secondPage && last - made.source < 0x1000;
    }

    private void begin(Translation made, long at, Treatment treatment) {
        made.distances[made.count] = (short) (at - made.source);
        made.offsets[made.count] = origin + length;
        made.treatments[made.count] = (byte) treatment.ordinal();
        made.count++;
    }

    /** The traps of exits, which had no place in the run itself. */
    private void traps(Translation made) {
        for (int i = 0; i < made.exits.size(); i++) {
            Translation.Exit exit = made.exits.get(i);
            if (exit.trapAt >= 0) {
                continue;
            }
            int trapAt = origin + length;
            out[length++] = TRAP;
            made.exits.set(i, new Translation.Exit(made, exit.target, exit.displacementAt, trapAt));
            put32(exit.displacementAt - origin, trapAt - (exit.displacementAt + 4));
        }
    }

    // ---- what is done with an instruction

    private Treatment treatment(long at) {
        Instruction i = instruction;
        boolean full = i.operandSize == (wide ? 64 : 32);
        return switch (i.mnemonic) {
            case CLI -> Treatment.CLI;
            case STI -> Treatment.STI;
            case PUSHF -> full ? Treatment.PUSHF : Treatment.CALLOUT;
            case POPF -> full ? Treatment.POPF : Treatment.CALLOUT;
            case JMP -> i.kind[0] == Instruction.RELATIVE ? plain(Treatment.JUMP, full) : indirect(Treatment.JUMP_INDIRECT, at, full);
            case JCC -> plain(Treatment.BRANCH, full);
            case CALL -> {
                boolean pushable = !wide || at + i.length == (int) (at + i.length);
                Treatment call = i.kind[0] == Instruction.RELATIVE ? plain(Treatment.CALL, full) : indirect(Treatment.CALL_INDIRECT, at, full);
                yield pushable ? call : Treatment.CALLOUT;
            }
            case RET -> plain(Treatment.RETURN, full);
            default -> Sensitivity.needsVmm(i) || !reachesOnlyGuest(i) || !relocatable(at) ? Treatment.CALLOUT : Treatment.IDENTICAL;
        };
    }

    private Treatment plain(Treatment wanted, boolean full) {
        return full || wide ? wanted : Treatment.CALLOUT;
    }

    private Treatment indirect(Treatment wanted, long at, boolean full) {
        // Where the rewritten instruction will stand is known to a few bytes only.
        boolean rewritable = instruction.base != Instruction.RIP
                || instruction.addressSize == 64 && displacementFor(at, Monitor.address(origin, true)) != Long.MIN_VALUE
                        && displacementFor(at, Monitor.address(origin + LONGEST_CODE, true)) != Long.MIN_VALUE;
        return full && reachesOnlyGuest(instruction) && rewritable ? wanted : Treatment.CALLOUT;
    }

    /** In 32-bit code CS and GS are the VMM's own and reach everything. */
    private boolean reachesOnlyGuest(Instruction i) {
        return wide || i.segmentOverride != CS && i.segmentOverride != GS;
    }

    /** Whether an operand relative to RIP can be reached from the translation. */
    private boolean relocatable(long at) {
        if (instruction.base != Instruction.RIP) {
            return true;
        }
        return displacementFor(at, Monitor.address(origin + length, true)) != Long.MIN_VALUE && instruction.addressSize == 64;
    }

    private long displacementFor(long at, long copyAt) {
        long moved = instruction.displacement + at - copyAt;
        return moved == (int) moved ? moved : Long.MIN_VALUE;
    }

    /** @return whether the run ends with it */
    private boolean emit(Translation made, long at, Treatment treatment) {
        long next = wide ? at + instruction.length : at + instruction.length & 0xffffffffL;
        switch (treatment) {
            case IDENTICAL -> copy(at);
            case CALLOUT -> {
                out[length++] = TRAP;
                return Sensitivity.leaves(instruction);
            }
            case CLI -> append(templates.cli, 0);
            case STI -> append(templates.sti, 0);
            case PUSHF -> append(templates.pushf, 0);
            case POPF -> append(templates.popf, 0);
            case JUMP -> {
                out[length++] = (byte) 0xe9;
                exit(made, next + instruction.immediate);
                return true;
            }
            case BRANCH -> {
                out[length++] = 0x0f;
                out[length++] = (byte) (0x80 | instruction.condition);
                exit(made, next + instruction.immediate);
            }
            case CALL -> {
                append(templates.save, 0);
                append(templates.push, (int) next);
                append(templates.callTail, 0);
                out[length++] = (byte) 0xe9;
                exit(made, next + instruction.immediate);
                return true;
            }
            case RETURN -> {
                boolean release = instruction.operandCount > 0 && instruction.immediate != 0;
                append(templates.save, 0);
                append(templates.popReturn, 0);
                if (release) {
                    append(templates.release, (int) instruction.immediate & 0xffff);
                }
                append(templates.takeTarget, 0);
                append(release ? templates.goReturnRelease : templates.goReturn, 0);
                return true;
            }
            case JUMP_INDIRECT -> {
                append(templates.save, 0);
                loadTarget(at);
                append(templates.takeTarget, 0);
                append(templates.goJump, 0);
                return true;
            }
            case CALL_INDIRECT -> {
                append(templates.save, 0);
                loadTarget(at);
                append(templates.takeTarget, 0);
                append(templates.push, (int) next);
                append(templates.goCall, 0);
                return true;
            }
        }
        return false;
    }

    private void exit(Translation made, long target) {
        made.exits.add(new Translation.Exit(made, wide ? target : target & 0xffffffffL, origin + length, -1));
        length += 4;
    }

    private void append(Templates.Piece piece, int operand) {
        System.arraycopy(piece.bytes(), 0, out, length, piece.bytes().length);
        if (piece.hole() >= 0) {
            put32(length + piece.hole(), operand);
        }
        length += piece.bytes().length;
    }

    private void put32(int at, int value) {
        for (int i = 0; i < 4; i++) {
            out[at + i] = (byte) (value >>> 8 * i);
        }
    }

    /** The instruction as it is; an operand relative to RIP is made relative to where it stands now. */
    private void copy(long at) {
        int size = instruction.length;
        for (int i = 0; i < size; i++) {
            out[length + i] = (byte) code.byteAt(i);
        }
        if (instruction.base == Instruction.RIP) {
            relocate(length, size, displacementFor(at, Monitor.address(origin + length, true)));
        }
        length += size;
    }

    /**
     * Changes the displacement of an instruction relative to RIP. It is followed by an immediate of at most four bytes: the place is
     * right when the decoder reads the wanted value.
     */
    private void relocate(int at, int size, long displacement) {
        int start = at;
        for (int immediate = 0; immediate <= 4; immediate++) {
            int place = at + size - 4 - immediate;
            System.arraycopy(out, place, raw, 0, 4);
            put32(place, (int) displacement);
            Decoder.decode(i -> out[start + i] & 0xff, 64, check);
            if (check.length == size && check.mnemonic == instruction.mnemonic && check.base == Instruction.RIP
                    && check.displacement == (int) displacement && check.immediate == instruction.immediate) {
                return;
            }
            System.arraycopy(raw, 0, out, place, 4);
        }
        throw new IllegalStateException("an instruction %s with an operand relative to RIP could not be moved".formatted(instruction.mnemonic));
    }

    /** JMP or CALL through a register or memory becomes MOV RCX from there: FF /4 or /2 becomes 8B /1, with REX.W in 64-bit code. */
    private void loadTarget(long at) {
        int size = instruction.length;
        int opcode = 0;
        while ((code.byteAt(opcode) & 0xff) != 0xff) {
            opcode++;
        }
        int start = length;
        boolean rex = false;
        for (int i = 0; i < opcode; i++) {
            int prefix = code.byteAt(i) & 0xff;
            boolean last = i == opcode - 1 && wide && (prefix & 0xf0) == 0x40;
            boolean hint = prefix == 0x3e || prefix == 0x2e || prefix == 0x66 || prefix == 0xf2 || prefix == 0xf3;
            if (last) {
                rex = true;
                out[length++] = (byte) (prefix & ~4 | 8);
            } else if (!hint) {
                out[length++] = (byte) prefix;
            }
        }
        if (wide && !rex) {
            out[length++] = 0x48;
        }
        out[length++] = (byte) 0x8b;
        out[length++] = (byte) (code.byteAt(opcode + 1) & ~0x38 | RCX << 3);
        for (int i = opcode + 2; i < size; i++) {
            out[length++] = (byte) code.byteAt(i);
        }
        if (instruction.base == Instruction.RIP) {
            long target = at + instruction.length + instruction.displacement;
            put32(length - 4, (int) (target - Monitor.address(origin + length, true)));
        }
    }
}
