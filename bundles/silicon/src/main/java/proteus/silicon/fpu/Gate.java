package proteus.silicon.fpu;

import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.system.Features;
import proteus.x86.decode.Mnemonic;

/** Instructions of extensions that a CPU model may lack: #UD without the feature. MMX, SSE and SSE2 are checked in {@link Guard}. */
final class Gate {
    private Gate() {}

    static void put(HandlerTable t, int feature, Mnemonic mnemonic, Handler handler) {
        t.put(mnemonic, (cpu, op) -> {
            if (!Features.has(cpu, feature)) {
                throw cpu.undefined();
            }
            handler.execute(cpu, op);
        });
    }
}
