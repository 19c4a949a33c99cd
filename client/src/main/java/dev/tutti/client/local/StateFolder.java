package dev.tutti.client.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;

/** Where this machine's clusters keep what outlives them: {@code checkpoints/<job>/} and, while they run, {@code runs/<time-pid>/}. */
public record StateFolder(Path path) {
    private static final DateTimeFormatter RUN =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** A new folder for one run of a cluster. */
    public Path newRun(InstantSource clock) throws IOException {
        return Files.createDirectories(path.resolve("runs")
                .resolve(RUN.format(clock.instant()) + "-"
                        + ProcessHandle.current().pid()));
    }

    /** Removes a folder and what is in it. */
    public static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
