package dev.tutti.it;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What this build delivers, started as the launcher starts it: the jars of deploy/target/lib, the launcher's JVM flags, and an ahead-of-time cache, recorded
 * once for all tests of a run.
 */
final class Distribution {
    private static final Path LIB = root().resolve("deploy/target/lib");

    private Distribution() {}

    /** Recorded when the first process is started, not when somebody asks where the repository is. */
    private static final class Java {
        static final List<String> COMMAND = java();
    }

    /** The repository. */
    static Path root() {
        return Path.of(System.getProperty("tutti.root", "..")).toAbsolutePath().normalize();
    }

    /**
     * The command up to the main class, which follows.
     *
     * @param flags further ones for the JVM
     */
    static List<String> command(List<String> flags) {
        List<String> command = new ArrayList<>(Java.COMMAND);
        command.addAll(flags);
        command.addAll(List.of("-cp", classPath()));
        return command;
    }

    private static List<String> java() {
        List<String> java = new ArrayList<>(listening());
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String flag : System.getProperty("tutti.jvm.flags", "").split(" ", -1)) {
            if (!flag.isBlank()) {
                java.add(flag);
            }
        }
        java.addAll(List.of("-Xmx1g", "-XX:+UseSerialGC"));
        java.addAll(List.of("-XX:AOTCache=" + recordCache(java), "-XX:AOTMode=auto", "-Xlog:aot=off", "-Xlog:cds=off"));
        return java;
    }

    /** A shell that starts a program in the background lets it ignore SIGINT, and so all that it starts; these tests send that signal. */
    private static List<String> listening() {
        List<String> withDefault = List.of("env", "--default-signal=INT");
        List<String> probe = new ArrayList<>(withDefault);
        probe.add("true");
        try {
            Process process =
                    new ProcessBuilder(probe).redirectErrorStream(true).start();
            return process.waitFor() == 0 ? withDefault : List.of();
        } catch (IOException _) {
            return List.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while asking for env", e);
        }
    }

    /** A cache that could not be recorded makes the tests slower, and nothing else. */
    private static Path recordCache(List<String> java) {
        Path folder = Path.of("target").toAbsolutePath();
        Path cache = folder.resolve("tutti.aot");
        List<String> command = new ArrayList<>(java);
        command.addAll(List.of("-XX:AOTCacheOutput=" + cache, "-cp", classPath(), "dev.tutti.client.cli.WarmUp"));
        try {
            Files.createDirectories(folder);
            Files.deleteIfExists(cache);
            Process recording = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("tutti-aot.log").toFile())
                    .start();
            if (!recording.waitFor(3, TimeUnit.MINUTES)) {
                recording.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while recording " + cache, e);
        }
        return cache;
    }

    private static String classPath() {
        try (var jars = Files.list(LIB)) {
            return jars.map(Path::toString)
                    .filter(jar -> jar.endsWith(".jar"))
                    .sorted()
                    .collect(Collectors.joining(File.pathSeparator));
        } catch (IOException e) {
            throw new UncheckedIOException(LIB + " is missing: build deploy first", e);
        }
    }
}
