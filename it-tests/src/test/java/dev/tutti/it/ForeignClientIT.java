package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client in another language, written from the .proto files alone. */
class ForeignClientIT {
    @TempDir
    Path folder;

    @Test
    void nodeSubmitsAndWatchesAJob() throws Exception {
        Path client = installed();
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            HandStartedCluster cluster = new HandStartedCluster(processes, folder, 1, 1);
            Path protos = Distribution.root().resolve("proto/src/main/protobuf");

            Path out = run(
                    client, "node", "submit-and-watch.js", cluster.coordinator().grpcAddress(), protos.toString());

            JsonNode seen = new ObjectMapper().readTree(out.toFile());
            assertThat(seen.path("states")).extracting(JsonNode::asText).last().isEqualTo("JOB_STATE_SUCCEEDED");
            assertThat(seen.path("states")).extracting(JsonNode::asText).contains("JOB_STATE_RUNNING");
            assertThat(seen.path("job").path("result").path("steps").asInt()).isEqualTo(40);
            assertThat(seen.path("job").path("result").path("parameters_sha256").asText())
                    .matches("[0-9a-f]{64}");
        }
    }

    /** The script with its two libraries, in the build folder; installed once. */
    private Path installed() throws Exception {
        Skips.unless(Skips.isOnPath("node") && Skips.isOnPath("npm"), "there is no node or no npm on the PATH");
        Path sources = Distribution.root().resolve("it-tests/src/test/node");
        Path client = Files.createDirectories(Distribution.root().resolve("it-tests/target/node"));
        for (String file : List.of("package.json", "submit-and-watch.js")) {
            Files.copy(sources.resolve(file), client.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        if (!Files.isDirectory(client.resolve("node_modules/@grpc/proto-loader"))) {
            int exit = new ProcessBuilder(
                            "npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
                    .directory(client.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("npm.log").toFile())
                    .start()
                    .waitFor();
            Skips.unless(exit == 0, "npm cannot install @grpc/grpc-js: " + Files.readString(folder.resolve("npm.log")));
        }
        return client;
    }

    /** @return its output */
    private Path run(Path workingFolder, String... command) throws Exception {
        Path out = folder.resolve("foreign.out");
        Path err = folder.resolve("foreign.err");
        Process process = new ProcessBuilder(command)
                .directory(workingFolder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).as("node ends").isTrue();
            assertThat(process.exitValue()).as(Files.readString(err)).isZero();
            return out;
        } finally {
            process.destroyForcibly();
        }
    }
}
