package proteus.board.pci;

import java.util.List;
import proteus.api.io.PciFunction;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** A function of the chip set: no BARs, registers from 0x40 on that keep what is written. */
abstract class RegisterFunction implements PciFunction {
    private final byte[] registers = new byte[256];
    private final Identity identity;
    private final String name;

    RegisterFunction(String name, Identity identity) {
        this.name = name;
        this.identity = identity;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Identity identity() {
        return identity;
    }

    @Override
    public List<Bar> bars() {
        return List.of();
    }

    @Override
    public int readConfig(int offset) {
        return registers[offset] & 0xff;
    }

    @Override
    public void writeConfig(int offset, int value) {
        registers[offset] = (byte) value;
    }

    int readWord(int offset) {
        return readConfig(offset) | readConfig(offset + 1) << 8;
    }

    void clear() {
        java.util.Arrays.fill(registers, (byte) 0);
    }

    void save(StateWriter out) {
        out.putBytes(registers);
    }

    void load(StateReader in) {
        in.takeBytes(registers);
    }
}
