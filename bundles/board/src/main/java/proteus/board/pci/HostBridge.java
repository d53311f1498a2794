package proteus.board.pci;

import proteus.api.io.PciFunction.Identity;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** The i440FX host bridge (Intel 290549-001). Its PAM registers keep their value; memory from 0xc0000 on is RAM always. */
public final class HostBridge implements Part {
    private final RegisterFunction function = new RegisterFunction("i440FX host bridge", new Identity(0x8086, 0x1237, 2, 0x060000, 0, 0, 0)) {};

    public HostBridge(PciHost host) {
        host.plug(0, 0, function);
    }

    @Override
    public String name() {
        return function.name();
    }

    @Override
    public void reset() {
        function.clear();
    }

    @Override
    public void save(StateWriter out) {
        function.save(out);
    }

    @Override
    public void load(StateReader in) {
        function.load(in);
    }
}
