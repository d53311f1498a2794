package proteus.io.emul.ata;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;

/** A device on a cable: what its channel and the bus master want of it. */
interface Drive {
    TaskFile task();

    /** A command was written to the command register. */
    void execute(int code);

    /** Puts what it is into the registers. */
    void signature();

    /** Software reset; settings stay. */
    void reset();

    /** Power on: settings too. */
    void powerOn();

    /** One or two words of the data register. */
    int readData(int size);

    void writeData(int size, int value);

    // --- DMA, driven by the bus master

    /** Whether there are bytes to move. A drive that has given all of them to regions too short for it waits for its reset. */
    boolean wantsDma();

    /** Whether the waiting DMA goes from the drive to memory. */
    boolean dmaIn();

    /** Bytes that are still to cross the bus. */
    long dmaBytes();

    /** Hands out or takes the next bytes, whole sectors of a disk; false when the drive failed and has said so. */
    boolean dma(byte[] data, int bytes);

    /** The regions of memory were too few for the data: the command stays without an end, and without an interrupt. */
    void dmaCut();

    /** All data has crossed the bus. */
    void dmaDone();

    void save(DataOutputStream out) throws IOException;

    /** Takes state over; nothing in it can make a later access go beyond the medium or a buffer. */
    void load(DataInputStream in) throws IOException;
}
