package dev.tutti.tensor.backend.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What compiles C++ and CUDA C++ on this machine. Tests that need what is not there are skipped, saying what it is. */
final class CudaToolkit {
    private CudaToolkit() {}

    /** CUDA's compiler. */
    static Path nvcc() {
        Optional<Path> nvcc = onPath("nvcc");
        assumeTrue(nvcc.isPresent(), "there is no nvcc on the PATH");
        return nvcc.orElseThrow();
    }

    /** The folder with {@code cuda.h}. */
    static Path headers() throws IOException {
        Path include = nvcc().toRealPath().resolveSibling("../include").normalize();
        Optional<Path> headers = Stream.of(include, Path.of("/usr/local/cuda/include"))
                .filter(folder -> Files.exists(folder.resolve("cuda.h")))
                .findFirst();
        assumeTrue(headers.isPresent(), "there is no cuda.h beside nvcc");
        return headers.orElseThrow();
    }

    static Path gxx() {
        Optional<Path> gxx = onPath("g++");
        assumeTrue(gxx.isPresent(), "there is no g++ on the PATH");
        return gxx.orElseThrow();
    }

    /** Runs a command to its end. @throws AssertionError with its output, if it fails */
    static void run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(String.join(" ", command) + "\n" + output);
        }
    }

    private static Optional<Path> onPath(String name) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
