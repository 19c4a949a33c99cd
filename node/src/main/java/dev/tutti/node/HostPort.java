package dev.tutti.node;

import java.util.Optional;

/** An address as users write it, {@code host:port}; an IPv6 host in brackets. */
record HostPort(String host, int port) {
    static Optional<HostPort> parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            return Optional.empty();
        }
        String host = text.substring(0, colon);
        try {
            int port = Integer.parseInt(text, colon + 1, text.length(), 10);
            return port < 0 || port > 65535 ? Optional.empty() : Optional.of(new HostPort(host, port));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
