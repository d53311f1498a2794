package proteus.silicon.exec;

/** Operations of the hot switch ({@link proteus.silicon.cpu.Op#code}): dense, so that the JIT makes one jump table of them. */
final class Code {
    // The handler; the handler, last of its block; the block was overwritten and ends here.
    static final int HANDLER = 0, ENDING = 1, STALE = 2, NOP = 3;

    // Moves; R register, I immediate, M memory, destination first; PART: 8 and 16 bits.
    static final int MOV_RR = 4, MOV_RR_PART = 5, MOV_RI = 6, MOV_RM8 = 7, MOV_RM16 = 8, MOV_RM32 = 9, MOV_RM64 = 10, MOV_M8R = 11, MOV_M16R = 12,
        MOV_M32R = 13, MOV_M64R = 14, MOV_MI = 15, MOVZX_RR8 = 16, MOVZX_RR16 = 17, MOVSX_RR8 = 18, MOVSX_RR16 = 19, MOVSX_RR32 = 20, MOVZX_RM8 = 21,
        MOVZX_RM16 = 22, MOVSX_RM8 = 23, MOVSX_RM16 = 24, MOVSX_RM32 = 25, LEA = 26, XCHG_RR = 27;

    // Arithmetic and logic.
    static final int ADD_RR = 28, ADD_RI = 29, ADD_RM = 30, ADD_MR = 31, ADD_MI = 32, SUB_RR = 33, SUB_RI = 34, SUB_RM = 35, SUB_MR = 36,
        SUB_MI = 37, AND_RR = 38, AND_RI = 39, AND_RM = 40, AND_MR = 41, AND_MI = 42, OR_RR = 43, OR_RI = 44, OR_RM = 45, OR_MR = 46, OR_MI = 47,
        XOR_RR = 48, XOR_RI = 49, XOR_RM = 50, XOR_MR = 51, XOR_MI = 52, CMP_RR = 53, CMP_RI = 54, CMP_RM = 55, CMP_MR = 56, CMP_MI = 57,
        TEST_RR = 58, TEST_RI = 59, TEST_MR = 60, TEST_MI = 61, ADC_RR = 62, ADC_RI = 63, SBB_RR = 64, SBB_RI = 65;

    // One operand, shifts by an immediate count, products.
    static final int INC_R = 66, INC_M = 67, DEC_R = 68, DEC_M = 69, NEG_R = 70, NOT_R = 71, SHL_RI = 72, SHR_RI = 73, SAR_RI = 74, ROL_RI = 75,
        ROR_RI = 76, IMUL_RR = 77, IMUL_RM = 78, IMUL_RRI = 79;

    // Stack, sized where it pays.
    static final int PUSH_R64 = 80, PUSH_I64 = 81, POP_R64 = 82, PUSH_R32 = 83, POP_R32 = 84;

    // Conditional jumps in the order of their condition codes.
    static final int JO = 85, JNO = 86, JB = 87, JAE = 88, JE = 89, JNE = 90, JBE = 91, JA = 92, JS = 93, JNS = 94, JP = 95, JNP = 96, JL = 97,
        JGE = 98, JLE = 99, JG = 100;

    // Near control flow.
    static final int JMP = 101, JMP_R = 102, JMP_M = 103, CALL = 104, CALL_R = 105, CALL_M = 106, RET = 107;

    // The rest.
    static final int SETCC_R = 108, CMOV_RR = 109, CMOV_RM = 110, CDQE = 111, CDQ = 112;

    private Code() {}
}
