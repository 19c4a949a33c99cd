package dev.tutti.it;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Tests that need what a machine may not have say so, and are never silently green. */
final class Skips {
    private Skips() {}

    static void unless(boolean condition, String reason) {
        if (!condition) {
            System.err.println("skipped: " + reason);
        }
        Assumptions.assumeTrue(condition, reason);
    }

    /** The folder that mnist is in. */
    static Path unlessThereIsMnist() {
        String variable = System.getenv("TUTTI_DATA");
        unless(
                variable != null && Files.isDirectory(Path.of(variable, "mnist")),
                "TUTTI_DATA is not set to a folder with mnist in it");
        return Path.of(String.valueOf(variable)).toAbsolutePath();
    }

    static boolean isOnPath(String program) {
        String path = System.getenv().getOrDefault("PATH", "");
        return List.of(path.split(File.pathSeparator, -1)).stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
