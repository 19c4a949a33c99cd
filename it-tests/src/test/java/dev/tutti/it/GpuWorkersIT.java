package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that compute on GPUs: on those of the emulator that tensor-kernels' tests have built. */
class GpuWorkersIT {
    private static final Path EMULATOR = Distribution.root().resolve("tensor-kernels/target/emulated-cuda");
    private static final String JOB = """
        name: gpu
        seed: 7
        model: {preset: mlp, hidden: [16]}
        data:
          source: {digits: {train: 600, test: 200}}
          split: {validation: 0.1}
        training:
          epochs: 4
          batch: 30
          loss: cross-entropy
          optimizer: {adam: {rate: 0.005}}
        cluster:
          workers: {min: 1, max: 2}
          parameter-servers: 1
          slices: 2
        """;

    @TempDir
    Path folder;

    @Test
    void aJobGoesOnWithTheSameBitsWhenAGpuIsLost() throws Exception {
        Skips.unless(
                Files.exists(EMULATOR.resolve("libcuda.so.1")),
                "the tests of tensor-kernels have not built " + EMULATOR);
        List<String> flags =
                List.of("-Dtutti.cuda.libraries=" + EMULATOR, "-Dtutti.kernels=" + EMULATOR.resolve("kernels"));
        try (TuttiProcesses processes = new TuttiProcesses(folder, flags)) {
            HandStartedCluster cluster =
                    new HandStartedCluster(processes, folder, 1, 2, Map.of("worker.backend", "cuda"));
            Path job = JobFiles.write(folder, JOB);
            var undisturbed = cluster.result(cluster.submit(job, "--set", "cluster.workers={min: 2, max: 2}"));
            TuttiProcess unlucky = cluster.workers().getFirst();
            String disturbed = cluster.submit(job);
            Path lost = EMULATOR.resolve("lost-" + unlucky.pid());
            TuttiProcess.Ended ended;
            try {
                unlucky.awaitSaid("Job " + disturbed + ", generation 1: starting");
                Files.createFile(lost);
                ended = unlucky.waitForEnd();
            } finally {
                Files.deleteIfExists(lost);
            }
            var result = cluster.result(disturbed);

            assertThat(undisturbed.path("backend").asText()).isEqualTo("cuda");
            assertThat(ended.exitCode()).isNotZero();
            assertThat(ended.err()).contains("the GPU is lost to this process", "700");
            assertThat(result.path("workers").asInt()).isEqualTo(1);
            assertThat(result.path("parameters_sha256")).isEqualTo(undisturbed.path("parameters_sha256"));
        }
    }

    @Test
    void withoutAGpuWhoeverWantsOneIsToldWhyThereIsNone() throws Exception {
        Skips.unless(!isThereADriver(), "this machine has NVIDIA's driver");
        try (TuttiProcesses processes = new TuttiProcesses(folder)) {
            TuttiProcess.Ended worker =
                    processes.role("worker", Map.of("worker.backend", "cuda")).waitForEnd();
            TuttiProcess.Ended bench = processes.run("bench", "step", "--backend", "cuda");
            TuttiProcess.Ended automatic = processes
                    .role("worker", Map.of("cluster.seeds", "127.0.0.1:1", "cluster.join-timeout", "1s"))
                    .waitForEnd();

            assertThat(worker.exitCode()).isEqualTo(2);
            assertThat(worker.err()).contains("tutti.worker.backend: NVIDIA's driver cannot be loaded (libcuda.so.1)");
            assertThat(bench.exitCode()).isEqualTo(2);
            assertThat(bench.err()).contains("--backend cuda: NVIDIA's driver cannot be loaded (libcuda.so.1)");
            assertThat(automatic.err())
                    .contains("backend cpu: ", "; not cuda: NVIDIA's driver cannot be loaded (libcuda.so.1)");
        }
    }

    private static boolean isThereADriver() throws Exception {
        Process known = new ProcessBuilder("/sbin/ldconfig", "-p").start();
        return new String(known.getInputStream().readAllBytes(), StandardCharsets.UTF_8).contains("libcuda.so.1");
    }
}
