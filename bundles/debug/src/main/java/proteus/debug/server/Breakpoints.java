package proteus.debug.server;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.debug.rsp.MalformedPacketException;

/** What Z packets have set. A software breakpoint is not written into the guest's memory: the processor compares addresses. */
final class Breakpoints {
    private static final int SOFTWARE = 0, HARDWARE = 1, WRITE = 2, READ = 3, ACCESS = 4;
    /** More than any person sets, and little enough to look through at each access to a watched page. */
    private static final int MOST = 4096;
    private static final long LONGEST = 1 << 20;

    private record Point(int type, long address, long length) {}

    private final Set<Point> points = new LinkedHashSet<>();

    /** False for a type that GDB does not have yet. */
    static boolean known(int type) {
        return type >= SOFTWARE && type <= ACCESS;
    }

    void insert(int type, long address, long length) {
        if (points.size() >= MOST || type >= WRITE && (length < 1 || length > LONGEST)) {
            throw new MalformedPacketException("too many breakpoints, or too long a range");
        }
        points.add(new Point(type, address, length));
    }

    void remove(int type, long address, long length) {
        points.remove(new Point(type, address, length));
    }

    DebugPoints debugPoints() {
        Set<Long> instructions = new HashSet<>();
        List<DebugPoints.Watch> data = new ArrayList<>();
        for (Point point : points) {
            if (point.type() <= HARDWARE) {
                instructions.add(point.address());
            } else {
                data.add(new DebugPoints.Watch(point.address(), point.length(), point.type() != WRITE, point.type() != READ));
            }
        }
        return new DebugPoints(instructions, data);
    }

    /** What a stop reply says of a hit, such as {@code swbreak:;} or {@code watch:6000;}. */
    String reason(DebugHit hit) {
        return switch (hit.kind()) {
            case INSTRUCTION -> points.stream().anyMatch(p -> p.type() == SOFTWARE && p.address() == hit.address()) ? "swbreak:;"
                    : points.stream().anyMatch(p -> p.type() == HARDWARE && p.address() == hit.address()) ? "hwbreak:;" : "";
            case READ, WRITE -> points.stream().filter(p -> p.type() >= WRITE && covers(p, hit)).findFirst()
                    .map(p -> "%s:%x;".formatted(p.type() == WRITE ? "watch" : p.type() == READ ? "rwatch" : "awatch", hit.address())).orElse("");
        };
    }

    private static boolean covers(Point p, DebugHit hit) {
        boolean kind = hit.kind() == DebugHit.Kind.READ ? p.type() != WRITE : p.type() != READ;
        return kind && Long.compareUnsigned(hit.address() - p.address(), p.length()) < 0;
    }
}
