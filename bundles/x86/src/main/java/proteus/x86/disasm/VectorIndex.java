package proteus.x86.disasm;

import proteus.x86.decode.Instruction;

/** The index vector of gathers and scatters, whose size only the name of the instruction tells. */
final class VectorIndex {
    private static final String[] FAMILIES = {"VGATHER", "VPGATHER", "VSCATTER", "VPSCATTER"};
    private static final int SMALLEST = 128;

    private VectorIndex() {}

    /**
     * Bits of the index vector, 0 if the instruction has none. The name has the size of the indices, then that of the elements:
     * VPGATHERDQ, VGATHERQPS. The larger of the two fills the vector.
     */
    static int bits(Instruction in) {
        String name = in.mnemonic.name();
        for (String family : FAMILIES) {
            if (name.startsWith(family)) {
                boolean wideIndex = name.charAt(family.length()) == 'Q';
                boolean wideElement = name.endsWith("Q") || name.endsWith("PD");
                return wideIndex || !wideElement ? in.vectorLength : Math.max(SMALLEST, in.vectorLength / 2);
            }
        }
        return 0;
    }
}
