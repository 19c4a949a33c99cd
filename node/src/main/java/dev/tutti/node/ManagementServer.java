package dev.tutti.node;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tutti.proto.launch.LaunchException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** Serves {@code /livez}, {@code /readyz} and {@code /metrics} over HTTP. */
final class ManagementServer implements AutoCloseable {
    private static final String TEXT = "text/plain; charset=utf-8";
    private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    private final int port;
    private final ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor();
    private final Supplier<List<ReadinessCheck>> checks;
    private final Supplier<String> metrics;

    ManagementServer(NodeConfig config, Supplier<List<ReadinessCheck>> checks, Supplier<String> metrics)
            throws LaunchException {
        this.checks = checks;
        this.metrics = metrics;
        int wanted = config.management().port();
        try {
            server = HttpServer.create(new InetSocketAddress(config.bindHost(), wanted), 0);
        } catch (IOException e) {
            throw PortTaken.failure(config.bindHost(), wanted, "tutti.management.port", e);
        }
        port = server.getAddress().getPort();
        server.setExecutor(requests);
        server.createContext("/", this::answer);
        server.start();
    }

    int port() {
        return port;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                send(exchange, 405, TEXT, "only GET and HEAD\n");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/livez" -> send(exchange, 200, TEXT, "live\n");
                case "/readyz" -> ready(exchange);
                case "/metrics" -> send(exchange, 200, PROMETHEUS, metrics.get());
                default -> send(exchange, 404, TEXT, "there are /livez, /readyz and /metrics\n");
            }
        }
    }

    private void ready(HttpExchange exchange) throws IOException {
        List<String> missing = checks.get().stream()
                .filter(check -> !check.holds().getAsBoolean())
                .map(ReadinessCheck::name)
                .toList();
        if (missing.isEmpty()) {
            send(exchange, 200, TEXT, "ready\n");
        } else {
            send(exchange, 503, TEXT, "not ready: " + String.join(", ", missing) + "\n");
        }
    }

    private static void send(HttpExchange exchange, int status, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
        if (!head) {
            exchange.getResponseBody().write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        requests.shutdownNow();
    }
}
