package proteus.board;

import java.util.ArrayList;
import java.util.List;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;

/** A view of a bus that remembers what was attached through it, so that the board can leave it. */
final class PlacedPorts implements Bus, AutoCloseable {
    private final Bus bus;
    private final List<Attachment> attachments = new ArrayList<>();

    PlacedPorts(Bus bus) {
        this.bus = bus;
    }

    @Override
    public Attachment attach(long start, long length, String name, BusDevice device) {
        return keep(bus.attach(start, length, name, device));
    }

    Attachment keep(Attachment attachment) {
        attachments.add(attachment);
        return attachment;
    }

    @Override
    public List<Range> ranges() {
        return bus.ranges();
    }

    @Override
    public void close() {
        attachments.reversed().forEach(Attachment::close);
        attachments.clear();
    }
}
