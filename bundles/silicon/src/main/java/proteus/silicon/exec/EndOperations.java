package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.RIP;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.exec.Operation.Ending;

/** Ends of blocks: near control flow, and handlers after which interrupts, modes or code may differ. */
final class EndOperations {
    private EndOperations() {}

    private static final Operation JO = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.overflow(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JNO = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.overflow(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JB = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.below(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JAE = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.below(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JE = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.equal(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JNE = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.equal(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JBE = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.belowOrEqual(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JA = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.belowOrEqual(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JS = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.sign(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JNS = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.sign(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JP = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.parity(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JNP = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.parity(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JL = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.less(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JGE = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.less(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JLE = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Alu.lessOrEqual(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    private static final Operation JG = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return !Alu.lessOrEqual(cpu.s) ? Control.relative(cpu, op) : FALL_THROUGH;
        }
    };
    /** Conditional jumps in the order of their condition codes (SDM vol. 1, appendix B). */
    static final Operation[] JCC = {JO, JNO, JB, JAE, JE, JNE, JBE, JA, JS, JNS, JP, JNP, JL, JGE, JLE, JG};

    static final Operation JMP = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.relative(cpu, op);
        }
    };
    static final Operation JMP_R = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.checked(cpu, op, Raw.getLong(op.a0) & op.ripMask);
        }
    };
    static final Operation JMP_M = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.checked(cpu, op, Memory.load(cpu, op) & op.ripMask);
        }
    };
    static final Operation CALL = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.call(cpu, op, Control.relative(cpu, op));
        }
    };
    static final Operation CALL_R = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.call(cpu, op, Raw.getLong(op.a0) & op.ripMask);
        }
    };
    static final Operation CALL_M = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.call(cpu, op, Memory.load(cpu, op) & op.ripMask);
        }
    };
    static final Operation RET = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            return Control.ret(cpu, op);
        }
    };
    /** What has a handler and ends its block. */
    static final Operation HANDLER = new Ending() {
        @Override
        long leave(Cpu cpu, Op op) {
            Raw.putLong(cpu.s + RIP, cpu.nextRip(op));
            cpu.unfinished = false;
            op.handler.execute(cpu, op);
            if (!cpu.unfinished) {
                cpu.retired++;
            }
            return ENDED;
        }
    };
    /** The bytes of the block were overwritten: what was here must not be executed any more. */
    static final Operation STALE = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            throw StaleBlock.SIGNAL;
        }
    };
}
