package dev.tutti.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The launcher in a repository of a few files. Its PATH has the tools it may use and a Maven that takes no time: it notes its calls and
 * builds {@link EchoProgram}. A test steers that Maven with files in the repository: {@code mvn.fails} makes it fail, {@code mvn.held}
 * makes it wait until the file is gone.
 */
final class LauncherTree implements AutoCloseable {
    static final String SOURCE = "worker/src/main/java/Worker.java";

    private static final List<String> TOOLS =
            List.of("bash cat cksum dirname find grep head ls mkdir mv ps readlink rm rmdir sleep sort tr xargs"
                    .split(" ", -1));
    private static final String MAVEN = """
        #!/usr/bin/env bash
        mkdir -p deploy/target/lib
        echo half >deploy/target/lib/half.jar
        echo "$JAVA_HOME" >>mvn.calls
        echo $$ >mvn.pid
        while [ -e mvn.held ]; do sleep 0.02; done
        if [ -e mvn.fails ]; then
          echo '[INFO] compiling'
          echo '[ERROR] Worker.java:[1,7] cannot find symbol'
          exit 1
        fi
        rm deploy/target/lib/half.jar
        cat echo.jar >deploy/target/lib/echo.jar
        """;
    private static final String FAKE_JAVA = """
        #!/usr/bin/env bash
        printf '<%s>\\n' "$0" "$@"
        for argument in "$@"; do
          case $argument in
            -XX:AOTCacheOutput=*)
              # The real one writes its cache before it ends.
              trap '' TERM
              while [ -e "${0%/*}/held" ]; do sleep 0.02; done
              echo cache >"${argument#*=}"
              ;;
          esac
        done
        """;

    private final Path folder;
    private final Path root;
    private final Path tools;
    private final Map<String, String> environment = new TreeMap<>();
    private final List<TuttiProcess> started = new ArrayList<>();

    /**
     * @param folder of the test
     * @param name of the repository in it
     */
    LauncherTree(Path folder, String name) throws IOException {
        this.folder = folder;
        root = Files.createDirectories(folder.resolve(name));
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        script(Files.readString(Path.of(System.getProperty("tutti.root", ".."), "tutti")));
        write("pom.xml", "<project/>");
        write("worker/pom.xml", "<project/>");
        write("client/src/main/java/Client.java", "class Client {}");
        write(SOURCE, "class Worker {}");
        EchoProgram.writeJar(root.resolve("echo.jar"));
        tools = Files.createDirectories(folder.resolve("tools"));
        for (String tool : TOOLS) {
            Files.createSymbolicLink(tools.resolve(tool), onPath(tool));
        }
        executable(folder.resolve("maven/mvn"), MAVEN);
        environment.put("PATH", folder.resolve("maven") + ":" + tools);
        environment.put("HOME", folder.resolve("home").toString());
        environment.put("JAVA_HOME", System.getProperty("java.home", ""));
        environment.put("TUTTI_SKIP_AOT", "yes");
    }

    Path root() {
        return root;
    }

    /** What the launcher is started with, and nothing else. A test changes it. */
    Map<String, String> environment() {
        return environment;
    }

    /** The launcher itself, so that a test can have it look elsewhere. */
    void script(String text) throws IOException {
        executable(root.resolve("tutti"), text);
    }

    void write(String file, String text) throws IOException {
        Path path = root.resolve(file);
        Files.createDirectories(path.resolveSibling("."));
        Files.writeString(path, text);
    }

    void delete(String file) throws IOException {
        Files.delete(root.resolve(file));
    }

    boolean has(String file) {
        return Files.exists(root.resolve(file), LinkOption.NOFOLLOW_LINKS);
    }

    /** A JDK by its looks, whose {@code java} prints its own path and its arguments. Makes an ahead-of-time cache unless held. */
    Path fakeJdk(String name, String version) throws IOException {
        Path jdk = folder.resolve(name);
        executable(jdk.resolve("bin/java"), FAKE_JAVA);
        executable(jdk.resolve("bin/javac"), "#!/bin/sh\n");
        Files.writeString(
                jdk.resolve("release"), "IMPLEMENTOR=\"us\"\nJAVA_VERSION=\"" + version + "\"\nOS_NAME=\"any\"\n");
        return jdk;
    }

    /** The JDK each build so far was run with, in their order. */
    List<String> builds() throws IOException {
        Path calls = root.resolve("mvn.calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    TuttiProcess.Ended run(String... arguments) {
        return start(arguments).waitForEnd();
    }

    TuttiProcess start(String... arguments) {
        return start(folder, root.resolve("tutti").toString(), arguments);
    }

    /** @param command how the launcher is called from that folder */
    TuttiProcess start(Path workingFolder, String command, String... arguments) {
        String unique = "launcher-" + started.size();
        Path out = folder.resolve(unique + ".out");
        Path err = folder.resolve(unique + ".err");
        ProcessBuilder builder = new ProcessBuilder(
                        Stream.concat(Stream.of(command), Stream.of(arguments)).toList())
                .directory(workingFolder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        try {
            TuttiProcess process = new TuttiProcess(unique, builder.start(), out, err, folder.resolve("no-role"));
            started.add(process);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts a call whose build does not end, and waits until Maven runs. @return the launcher */
    TuttiProcess startHeldBuild() throws IOException {
        write("mvn.held", "");
        Files.deleteIfExists(root.resolve("mvn.pid"));
        TuttiProcess launcher = start("held");
        await(this::isMavenRunning);
        return launcher;
    }

    boolean isMavenRunning() {
        return maven().isPresent();
    }

    private Optional<ProcessHandle> maven() {
        Path file = root.resolve("mvn.pid");
        try {
            String pid = Files.exists(file) ? Files.readString(file).strip() : "";
            // The number may be another process's by now.
            return (pid.isEmpty() ? Optional.<ProcessHandle>empty() : ProcessHandle.of(Long.parseLong(pid)))
                    .filter(handle -> handle.info().commandLine().orElse("").contains(folder.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void await(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(10))
                .until(condition);
    }

    /** Also ends a Maven whose launcher was killed. */
    @Override
    public void close() {
        List<ProcessHandle> all = Stream.concat(
                        started.stream().flatMap(process -> process.withDescendants().stream()), maven().stream())
                .toList();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(handle -> handle.onExit().join());
        // JUnit warns of every link out of its folder.
        TOOLS.forEach(tool -> tools.resolve(tool).toFile().delete());
    }

    private static void executable(Path file, String text) throws IOException {
        Files.createDirectories(file.resolveSibling("."));
        Files.writeString(file, text);
        if (!file.toFile().setExecutable(true)) {
            throw new IOException("cannot make executable: " + file);
        }
    }

    private static Path onPath(String tool) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
                .map(entry -> Path.of(entry, tool))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new AssertionError("not on the PATH: " + tool));
    }
}
