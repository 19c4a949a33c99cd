package dev.tutti.client.local;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.launch.WritableFolder;
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

    private static final String OTHERWISE = "name another folder with --state or TUTTI_STATE";

    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /**
     * Creates it, if need be.
     *
     * @param more folders in it
     * @throws LaunchException if this folder, the one for checkpoints or one of those in it can not be written
     */
    public void ensureWritable(Path... more) throws LaunchException {
        WritableFolder.ensure(path, OTHERWISE);
        WritableFolder.ensure(checkpoints(), OTHERWISE);
        for (Path folder : more) {
            WritableFolder.ensure(folder, OTHERWISE);
        }
    }

    /** Where one run of a cluster is to keep its files; no other run has it. */
    public Path run(InstantSource clock) {
        return path.resolve("runs")
                .resolve(RUN.format(clock.instant()) + "-"
                        + ProcessHandle.current().pid());
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
