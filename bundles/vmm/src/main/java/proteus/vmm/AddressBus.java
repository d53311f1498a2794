package proteus.vmm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;

/**
 * An address space of devices in sorted arrays. Devices come and go on the VM's thread (or before it runs); accesses are
 * made there too. An access that belongs to one device goes to it as it is, another is cut into bytes.
 */
final class AddressBus implements Bus {
    private final String space;
    private volatile Places places = new Places(new Place[0]);

    AddressBus(String space) {
        this.space = space;
    }

    @Override
    public synchronized Attachment attach(long start, long length, String name, BusDevice device) {
        if (length <= 0 || start < 0 || start + length < 0) {
            throw new IllegalArgumentException("%s cannot be at %s 0x%x, length 0x%x".formatted(name, space, start, length));
        }
        for (Place other : places.sorted) {
            if (start < other.end && other.start < start + length) {
                throw new IllegalArgumentException("%s cannot be at %s 0x%x to 0x%x: %s is at 0x%x to 0x%x"
                        .formatted(name, space, start, start + length - 1, other.name, other.start, other.end - 1));
            }
        }
        Place place = new Place(start, start + length, name, device);
        List<Place> all = new ArrayList<>(Arrays.asList(places.sorted));
        all.add(place);
        places = new Places(all.toArray(Place[]::new));
        return () -> detach(place);
    }

    private synchronized void detach(Place place) {
        places = new Places(Arrays.stream(places.sorted).filter(other -> other != place).toArray(Place[]::new));
    }

    @Override
    public List<Range> ranges() {
        return Arrays.stream(places.sorted).map(place -> new Range(place.start, place.end - place.start, place.name)).toList();
    }

    /** Reads, zero-extended; nobody gives all ones. */
    long read(long address, int size) {
        Place place = places.at(address);
        if (place != null && address + size <= place.end) {
            return place.device.read(address - place.start, size);
        }
        if (place == null && !places.any(address, size)) {
            return -1L >>> 64 - 8 * size;
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            Place part = places.at(address + i);
            value |= (part == null ? 0xff : part.device.read(address + i - part.start, 1) & 0xff) << 8 * i;
        }
        return value;
    }

    /** Writes; without anybody the value is lost. */
    void write(long address, int size, long value) {
        Place place = places.at(address);
        if (place != null && address + size <= place.end) {
            place.device.write(address - place.start, size, value);
            return;
        }
        for (int i = 0; i < size; i++) {
            Place part = places.at(address + i);
            if (part != null) {
                part.device.write(address + i - part.start, 1, value >>> 8 * i & 0xff);
            }
        }
    }

    private record Place(long start, long end, String name, BusDevice device) {}

    /** A snapshot of who is where, for binary search. */
    private static final class Places {
        private final Place[] sorted;
        private final long[] starts;

        Places(Place[] places) {
            this.sorted = places.clone();
            Arrays.sort(sorted, (a, b) -> Long.compare(a.start, b.start));
            this.starts = Arrays.stream(sorted).mapToLong(Place::start).toArray();
        }

        Place at(long address) {
            int low = 0;
            int high = starts.length - 1;
            while (low <= high) {
                int middle = low + high >>> 1;
                if (starts[middle] <= address) {
                    low = middle + 1;
                } else {
                    high = middle - 1;
                }
            }
            return high >= 0 && address < sorted[high].end ? sorted[high] : null;
        }

        boolean any(long address, int size) {
            for (int i = 0; i < size; i++) {
                if (at(address + i) != null) {
                    return true;
                }
            }
            return false;
        }
    }
}
