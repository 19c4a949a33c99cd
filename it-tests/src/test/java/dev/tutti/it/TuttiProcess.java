package dev.tutti.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** One process of the command line, its output in files. Owned by {@link TuttiProcesses}. */
final class TuttiProcess {
    private static final Duration START_PATIENCE = Duration.ofSeconds(90);
    private static final Duration END_PATIENCE = Duration.ofMinutes(4);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name;
    private final Process process;
    private final Path out;
    private final Path err;
    private final Path readyFile;

    /** @param readyFile where the process will write its addresses, if it is a role */
    TuttiProcess(String name, Process process, Path out, Path err, Path readyFile) {
        this.name = name;
        this.process = process;
        this.out = out;
        this.err = err;
        this.readyFile = readyFile;
    }

    /** How a process ended, and what it said. */
    record Ended(int exitCode, String out, String err) {
        JsonNode json() {
            try {
                return JSON.readTree(out);
            } catch (IOException e) {
                throw new AssertionError("expected JSON, got: " + out + "\n" + err, e);
            }
        }
    }

    /** Waits until this role is ready. @return {@code member, cluster, grpc, management} */
    JsonNode ready() {
        Awaitility.await("ready: " + name)
                .atMost(START_PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> Files.exists(readyFile) || !process.isAlive());
        if (!Files.exists(readyFile)) {
            throw new AssertionError(name + " ended with " + process.exitValue() + ":\n" + err());
        }
        try {
            return JSON.readTree(readyFile.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String grpcAddress() {
        return ready().path("grpc").asText();
    }

    String clusterAddress() {
        return ready().path("cluster").asText();
    }

    String managementUrl() {
        return ready().path("management").asText();
    }

    String member() {
        return ready().path("member").asText();
    }

    /** What this role answers at a path of its management address. */
    HttpResponse<String> managed(String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(managementUrl() + path)).build();
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    /** The sum over all lines of a metric of this role. */
    long counted(String metric) throws Exception {
        return managed("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(metric + "{"))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    Ended waitForEnd() {
        try {
            if (!process.waitFor(END_PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError(name + " does not end:\n" + err());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + name, e);
        }
        return new Ended(process.exitValue(), read(out), err());
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** SIGINT, as Ctrl-C sends it. */
    void interrupt() {
        signal("INT");
    }

    /** SIGKILL. Returns once it is dead. */
    void kill() {
        process.destroyForcibly();
        var _ = process.onExit().join();
    }

    /** SIGSTOP. */
    void freeze() {
        signal("STOP");
    }

    /** SIGCONT. */
    void thaw() {
        signal("CONT");
    }

    /** @param signal without SIG, such as INT */
    void signal(String signal) {
        try {
            int exit = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (exit != 0) {
                throw new AssertionError("kill -" + signal + " " + name + " ended with " + exit);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while sending " + signal + " to " + name, e);
        }
    }

    String err() {
        return read(err);
    }

    /** Waits until the process has said this on standard error. */
    void awaitSaid(String words) {
        Awaitility.await(name + " says " + words)
                .atMost(START_PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> err().contains(words) || !process.isAlive());
        if (!err().contains(words)) {
            throw new AssertionError(
                    name + " ended with " + process.exitValue() + " and never said " + words + ":\n" + err());
        }
    }

    List<ProcessHandle> withDescendants() {
        return java.util.stream.Stream.concat(process.descendants(), java.util.stream.Stream.of(process.toHandle()))
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
