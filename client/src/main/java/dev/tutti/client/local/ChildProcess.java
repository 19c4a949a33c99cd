package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.RunningRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A role in a JVM of its own. {@link #close} asks it to end, and ends it if it does not. */
final class ChildProcess implements RunningRole {
    private static final Duration START_PATIENCE = Duration.ofMinutes(3);
    private static final Duration END_PATIENCE = Duration.ofSeconds(20);
    private static final long POLL_MILLIS = 20;
    private static final int LOG_LINES_SHOWN = 6;

    private final Process process;
    private final ReadyFile addresses;
    private final CompletableFuture<Void> ended;

    private ChildProcess(Process process, ReadyFile addresses, CompletableFuture<Void> ended) {
        this.process = process;
        this.addresses = addresses;
        this.ended = ended;
    }

    /**
     * Starts the command and waits until the child has written {@code readyFile}.
     *
     * @param name of the role, for errors
     * @param log gets what the child writes to standard output and error
     * @param unwanted whether to end the child instead
     */
    static ChildProcess start(String name, List<String> command, Path readyFile, Path log, BooleanSupplier unwanted)
            throws LaunchException {
        Process process;
        try {
            Files.deleteIfExists(readyFile);
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .redirectInput(ProcessBuilder.Redirect.from(nullDevice()))
                    .start();
        } catch (IOException e) {
            throw new LaunchException(1, "cannot start the process of %s: %s".formatted(name, e.getMessage()), e);
        }
        try {
            awaitReady(name, process, readyFile, log, unwanted);
            return new ChildProcess(process, ReadyFile.read(readyFile), ended(process, log));
        } catch (IOException e) {
            process.destroyForcibly();
            throw new LaunchException(1, "cannot read the addresses of %s: %s".formatted(name, e.getMessage()), e);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new LaunchException(130, "interrupted while " + name + " was starting", e);
        }
    }

    @Override
    public String member() {
        return addresses.member();
    }

    @Override
    public String clusterAddress() {
        return addresses.cluster();
    }

    @Override
    public String grpcAddress() {
        return addresses.grpc();
    }

    @Override
    public String managementUrl() {
        return addresses.management();
    }

    @Override
    public CompletableFuture<Void> ended() {
        return ended;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (process.waitFor(END_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
    }

    private static void awaitReady(String name, Process process, Path readyFile, Path log, BooleanSupplier unwanted)
            throws LaunchException, InterruptedException {
        long deadlineNanos = System.nanoTime() + START_PATIENCE.toNanos();
        while (!Files.exists(readyFile)) {
            if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                throw new LaunchException(
                        process.exitValue() == 0 ? 1 : process.exitValue(),
                        "%s %s while starting; its log is %s%s"
                                .formatted(name, ProcessEnd.sentence(process.exitValue()), log, lastLines(log)),
                        null);
            }
            if (unwanted.getAsBoolean()) {
                process.destroyForcibly();
                throw new LaunchException(130, name + " was given up while it was starting", null);
            }
            if (System.nanoTime() - deadlineNanos > 0) {
                process.destroyForcibly();
                throw new LaunchException(
                        6,
                        "%s was not ready after %d s; its log is %s%s"
                                .formatted(name, START_PATIENCE.toSeconds(), log, lastLines(log)),
                        null);
            }
        }
    }

    private static CompletableFuture<Void> ended(Process process, Path log) {
        return process.onExit().thenAccept(ended -> {
            if (ended.exitValue() != 0) {
                throw new IllegalStateException(
                        "it %s, log in %s%s".formatted(ProcessEnd.sentence(ended.exitValue()), log, lastLines(log)));
            }
        });
    }

    /** The end of the log, indented under the sentence it explains. */
    private static String lastLines(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            List<String> last = lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
            return last.isEmpty() ? "" : "\n  " + String.join("\n  ", last);
        } catch (IOException e) {
            return " (which cannot be read: " + e.getMessage() + ")";
        }
    }

    private static java.io.File nullDevice() {
        return new java.io.File(System.getProperty("os.name", "").startsWith("Windows") ? "NUL" : "/dev/null");
    }
}
