package dev.tutti.node;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Tries a port once. */
final class Knock {
    private static final int TIMEOUT_MILLIS = 2_000;

    private Knock() {}

    /** Whether the host is there and says that nobody listens. Anything else, silence too, is no. Blocks for up to two seconds. */
    static boolean isRefused(String host, int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
            return false;
        } catch (ConnectException e) {
            return String.valueOf(e.getMessage()).contains("refused");
        } catch (IOException _) {
            return false;
        }
    }
}
