package dev.tutti.tensor.backend.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * CUDA's libraries as {@code src/test/cuda} emulates them on the host, so that what runs on a device also runs where there is none: slowly, one thread
 * after the other, but with barriers, shuffles, streams and graphs. Built once, with g++.
 */
final class EmulatedCuda {
    private static final Path SOURCES = Path.of("src/test/cuda");
    private static @Nullable Path folder;

    private EmulatedCuda() {}

    /** From now on they are CUDA's libraries for this process. */
    static synchronized void install() throws IOException, InterruptedException {
        if (folder == null) {
            folder = build();
        }
        System.setProperty(NativeLibrary.FOLDER, folder.toString());
    }

    private static Path build() throws IOException, InterruptedException {
        Path headers = CudaToolkit.headers();
        String gxx = CudaToolkit.gxx().toString();
        Path built = Files.createDirectories(Path.of("target/emulated-cuda")).toAbsolutePath();
        Files.copy(
                SOURCES.resolve("emulated_device.h"),
                built.resolve("emulated_device.h"),
                StandardCopyOption.REPLACE_EXISTING);
        CudaToolkit.run(List.of(
                gxx,
                "-std=c++17",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-O2",
                "-shared",
                "-fPIC",
                "-I" + headers,
                SOURCES.resolve("fibers.cpp").toString(),
                SOURCES.resolve("driver.cpp").toString(),
                "-Wl,-soname,libcuda.so.1",
                "-o",
                built.resolve("libcuda.so.1").toString(),
                "-ldl"));
        CudaToolkit.run(List.of(
                gxx,
                "-std=c++17",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-O2",
                "-shared",
                "-fPIC",
                SOURCES.resolve("nvrtc.cpp").toString(),
                "-o",
                built.resolve("libnvrtc.so.13").toString(),
                "-ldl"));
        return built;
    }
}
