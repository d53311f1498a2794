package proteus.qtest.wire;

/** What is done with bytes that come; on the loop's thread. */
public interface Receiver {
    void received(byte[] bytes);
}
