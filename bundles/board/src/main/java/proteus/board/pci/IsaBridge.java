package proteus.board.pci;

import proteus.api.io.PciFunction.Identity;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** Function 0 of PIIX3, the ISA bridge (Intel 290550-002, 2.2), with its four PIRQ route control registers. */
public final class IsaBridge implements Part {
    private static final int PIRQ_ROUTE = 0x60;
    private static final int LINKS = 4;
    private static final int NOT_ROUTED = 0x80;
    /** Interrupts that may be routed to: 3..7, 9..12, 14, 15 (PIIX3 2.2.6). */
    private static final int ROUTABLE = 0xdef8;

    private final PciHost host;
    private final RegisterFunction function;

    public IsaBridge(PciHost host) {
        this.host = host;
        this.function = new RegisterFunction("PIIX3 ISA bridge", new Identity(0x8086, 0x7000, 0, 0x060100, 0, 0, 0)) {
            @Override
            public void writeConfig(int offset, int value) {
                super.writeConfig(offset, value);
                if (offset >= PIRQ_ROUTE && offset < PIRQ_ROUTE + LINKS) {
                    host.route();
                }
            }
        };
        host.plug(1, 0, function);
        host.isaBridge(this);
        reset();
    }

    /** The ISA interrupt a link goes to, or -1. */
    int route(int link) {
        int value = function.readConfig(PIRQ_ROUTE + link);
        int irq = value & 0xf;
        return (value & NOT_ROUTED) == 0 && (ROUTABLE & 1 << irq) != 0 ? irq : -1;
    }

    /** Routes a link as firmware does. */
    public void route(int link, int irq) {
        function.writeConfig(PIRQ_ROUTE + link, irq);
    }

    @Override
    public String name() {
        return function.name();
    }

    @Override
    public void reset() {
        function.clear();
        for (int link = 0; link < LINKS; link++) {
            function.writeConfig(PIRQ_ROUTE + link, NOT_ROUTED);
        }
    }

    @Override
    public void save(StateWriter out) {
        function.save(out);
    }

    @Override
    public void load(StateReader in) {
        function.load(in);
        host.route();
    }
}
