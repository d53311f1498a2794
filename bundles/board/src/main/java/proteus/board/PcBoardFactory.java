package proteus.board;

import org.osgi.service.component.annotations.Component;
import proteus.api.io.Board;
import proteus.api.io.BoardContext;
import proteus.api.io.BoardFactory;

/** Makes PC boards with i440FX, PIIX3 and a separate IOAPIC. */
@Component
public final class PcBoardFactory implements BoardFactory {
    @Override
    public Board create(BoardContext context) {
        return new PcBoard(context);
    }
}
