package dev.tutti.node;

import dev.tutti.proto.launch.LaunchException;
import java.net.BindException;
import org.jspecify.annotations.Nullable;

/** Says which port is taken and which key moves it. */
final class PortTaken {
    private static final int USAGE = 2;

    private PortTaken() {}

    /** @param key of the port, e.g. {@code tutti.grpc.port} */
    static LaunchException failure(String bindHost, int port, String key, Throwable cause) {
        if (isBindFailure(cause)) {
            return new LaunchException(
                    USAGE,
                    "port " + port + " is already in use; set " + key + " to another one, or 0 for any free port",
                    cause);
        }
        return new LaunchException(
                USAGE,
                "cannot listen on " + bindHost + ":" + port + " (" + key + ", tutti.bind-host): " + rootMessage(cause),
                cause);
    }

    private static boolean isBindFailure(Throwable failure) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            if ((cause instanceof BindException || message.contains("BindException")) && message.contains("in use")) {
                return true;
            }
        }
        return false;
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            root = cause;
        }
        return String.valueOf(root.getMessage());
    }
}
