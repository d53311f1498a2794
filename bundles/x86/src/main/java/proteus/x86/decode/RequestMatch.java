package proteus.x86.decode;

/** Compares what was wanted with what the decoder says of the bytes. */
final class RequestMatch {
    private RequestMatch() {
    }

    static boolean matches(EncodeRequest want, int[] given, Instruction got) {
        if (got.mnemonic != want.mnemonic || got.condition != want.condition || got.operandCount != given.length) {
            return false;
        }
        if (got.lock != want.lock || got.rep != want.rep || got.repne != want.repne || got.segmentOverride != want.segmentOverride) {
            return false;
        }
        if (want.operandSize != 0 && want.operandSize != got.operandSize || want.addressSize != 0 && want.addressSize != got.addressSize) {
            return false;
        }
        if (got.maskRegister != want.maskRegister || got.zeroing != want.zeroing || got.broadcast != (want.broadcast || want.rounding >= 0)) {
            return false;
        }
        for (int i = 0; i < given.length; i++) {
            if (given[i] >= 0 && !operand(want, want.operands.get(given[i]), got, i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean operand(EncodeRequest want, EncodeRequest.Operand operand, Instruction got, int i) {
        return switch (operand.kind()) {
            case Instruction.MEMORY -> got.kind[i] == Instruction.MEMORY && memory(want, got);
            // Values were checked against the width they have when they were written
            case Instruction.IMMEDIATE -> got.kind[i] == Instruction.IMMEDIATE || got.kind[i] == Instruction.RELATIVE;
            case Instruction.FAR_POINTER -> got.kind[i] == Instruction.FAR_POINTER;
            default -> got.kind[i] == operand.kind() && got.register[i] == operand.register();
        };
    }

    private static boolean memory(EncodeRequest want, Instruction got) {
        EncodeRequest.Memory memory = want.memory;
        long displacement = memory.displacement() - (memory.target() ? want.address + got.length : 0);
        int bits = got.addressSize;
        boolean same = bits == 64 ? displacement == got.displacement : (displacement - got.displacement & (1L << bits) - 1) == 0;
        if (!same) {
            return false;
        }
        boolean straight = got.base == memory.base() && got.index == memory.index();
        // Which of two 16-bit registers is the base does not show in the code
        boolean crossed = bits == 16 && got.base == memory.index() && got.index == memory.base();
        return (straight || crossed) && (got.index == Instruction.NO_REGISTER || got.scale == memory.scale());
    }
}
