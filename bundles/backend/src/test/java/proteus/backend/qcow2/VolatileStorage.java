package proteus.backend.qcow2;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import proteus.backend.file.Storage;

/** A drive with a write cache that loses power: of each sector any of the states since the last force may be what stays. */
final class VolatileStorage implements Storage {
    private static final int SECTOR = 512;

    private byte[] current;
    private int size;
    private byte[] stable;
    private final List<int[]> touched = new ArrayList<>();
    private final List<byte[]> sectors = new ArrayList<>();
    /** Writes until the power fails; negative for never. */
    private int left = -1;

    VolatileStorage(byte[] content) {
        current = content.clone();
        size = content.length;
        stable = content.clone();
    }

    /** Thrown where the power fails. */
    static final class PowerFailure extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    void failAfter(int writes) {
        left = writes;
    }

    private void spend() {
        if (left == 0) {
            throw new PowerFailure();
        }
        left--;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean writable() {
        return true;
    }

    @Override
    public void read(long offset, byte[] target, int at, int length) {
        int there = (int) Math.clamp(size - offset, 0, length);
        if (there > 0) {
            System.arraycopy(current, (int) offset, target, at, there);
        }
        Arrays.fill(target, at + there, at + length, (byte) 0);
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) {
        spend();
        size = (int) Math.max(size, offset + length);
        if (size > current.length) {
            current = Arrays.copyOf(current, size + size / 4);
        }
        System.arraycopy(source, at, current, (int) offset, length);
        for (int sector = (int) (offset / SECTOR); sector * SECTOR < offset + length; sector++) {
            touched.add(new int[] {sector});
            sectors.add(Arrays.copyOfRange(current, sector * SECTOR, (sector + 1) * SECTOR));
        }
    }

    @Override
    public void force() {
        spend();
        stable = stable.length < size ? Arrays.copyOf(stable, size + size / 4) : stable;
        for (int i = 0; i < touched.size(); i++) {
            arrive(stable, i);
        }
        touched.clear();
        sectors.clear();
    }

    @Override
    public void close() {}

    /** What is there when the power is back: for each sector any of its states, independently of the others. */
    byte[] afterwards(SplittableRandom random) {
        // Each sector has a moment up to which its writes arrived; writes to the same sector arrive in their order.
        int whole = random.nextInt(4) == 0 ? random.nextInt(touched.size() + 1) : -1;
        byte[] content = Arrays.copyOf(stable, size);
        long salt = random.nextLong();
        for (int i = 0; i < touched.size(); i++) {
            int sector = touched.get(i)[0];
            int arrivedUntil = whole >= 0 ? whole : new SplittableRandom(salt ^ sector).nextInt(touched.size() + 1);
            if (i < arrivedUntil) {
                arrive(content, i);
            }
        }
        return content;
    }

    private void arrive(byte[] target, int write) {
        int at = touched.get(write)[0] * SECTOR;
        System.arraycopy(sectors.get(write), 0, target, at, Math.min(SECTOR, target.length - at));
    }
}
