package proteus.debug.server;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import proteus.debug.rsp.Packets;

/** A connection: packets out, acknowledgments in both directions. Reading is one thread's, writing any thread's. */
final class Wire {
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private volatile boolean acknowledging = true;
    private byte[] last = new byte[0];

    Wire(Socket socket) throws IOException {
        this.socket = socket;
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /** The next packet or Ctrl-C; null at the end. */
    Packets.Item receive() throws IOException {
        while (true) {
            Packets.Item item = Packets.read(in);
            switch (item) {
                case Packets.Packet packet -> {
                    if (acknowledging) {
                        raw(new byte[] {'+'});
                    }
                    return packet;
                }
                case Packets.Damaged damaged -> raw(acknowledging ? new byte[] {'-'} : new byte[0]);
                case Packets.Acknowledgment(boolean good) -> {
                    if (!good && acknowledging) {
                        again();
                    }
                }
                case Packets.Interrupt interrupt -> {
                    return interrupt;
                }
                case null -> {
                    return null;
                }
            }
        }
    }

    void send(String data) throws IOException {
        synchronized (out) {
            last = Packets.frame(data);
            out.write(last);
            out.flush();
        }
    }

    /** QStartNoAckMode; its own answer is the last that is acknowledged. */
    void stopAcknowledging() {
        acknowledging = false;
    }

    private void again() throws IOException {
        synchronized (out) {
            out.write(last);
            out.flush();
        }
    }

    private void raw(byte[] bytes) throws IOException {
        synchronized (out) {
            out.write(bytes);
            out.flush();
        }
    }

    void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // it is gone either way
        }
    }
}
