package proteus.board.pci;

import java.util.Optional;
import proteus.api.io.PciFunction.Identity;
import proteus.api.io.ShadowMemory;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * The i440FX host bridge (Intel 290549-001). On a machine that starts from ROM its PAM registers (3.2.18) say who answers from
 * 0xc0000 on; without ROM all is RAM and the registers keep their value only.
 */
public final class HostBridge implements Part {
    private static final int PAM = 0x59;
    private static final int PAM_LAST = 0x5f;
    /** System management RAM control (3.2.23): after a reset its segment is A0000-BFFFF, as it always is. */
    private static final int SMRAM = 0x72;
    private static final int SMRAM_SEGMENT = 0x02;
    private static final int READ_RAM = 1;
    private static final int WRITE_RAM = 2;
    /** PAM0 has one field, in its upper half: the BIOS area of 64 KiB. The others have two of 16 KiB each. */
    private static final long BIOS_AREA = 0xf_0000;

    private final RegisterFunction function;
    private final Optional<ShadowMemory> shadow;

    public HostBridge(PciHost host, Optional<ShadowMemory> shadow) {
        this.shadow = shadow;
        // The subsystem says to firmware and kernels that this is the virtual PC they know.
        function = new RegisterFunction("i440FX host bridge", new Identity(0x8086, 0x1237, 2, 0x060000, 0x1af4, 0x1100, 0)) {
            @Override
            public void writeConfig(int offset, int value) {
                super.writeConfig(offset, value);
                if (offset >= PAM && offset <= PAM_LAST) {
                    apply(offset);
                }
            }
        };
        host.plug(0, 0, function);
        defaults();
    }

    private void defaults() {
        function.clear();
        function.writeConfig(SMRAM, SMRAM_SEGMENT);
    }

    private void apply(int register) {
        shadow.ifPresent(memory -> {
            int value = function.readConfig(register);
            if (register == PAM) {
                give(memory, BIOS_AREA, ShadowMemory.END - BIOS_AREA, value >> 4);
            } else {
                long gpa = ShadowMemory.START + (register - PAM - 1) * 2 * ShadowMemory.PIECE;
                give(memory, gpa, ShadowMemory.PIECE, value);
                give(memory, gpa + ShadowMemory.PIECE, ShadowMemory.PIECE, value >> 4);
            }
        });
    }

    private static void give(ShadowMemory memory, long gpa, long bytes, int field) {
        memory.give(gpa, bytes, (field & READ_RAM) != 0, (field & WRITE_RAM) != 0);
    }

    private void applyAll() {
        for (int register = PAM; register <= PAM_LAST; register++) {
            apply(register);
        }
    }

    @Override
    public String name() {
        return function.name();
    }

    @Override
    public void reset() {
        defaults();
        applyAll();
    }

    @Override
    public void save(StateWriter out) {
        function.save(out);
    }

    @Override
    public void load(StateReader in) {
        function.load(in);
        applyAll();
    }
}
