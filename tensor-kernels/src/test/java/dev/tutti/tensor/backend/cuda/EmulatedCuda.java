package dev.tutti.tensor.backend.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.tensor.backend.BackendUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * CUDA's libraries as {@code src/test/cuda} emulates them on the host, so that what runs on a device also runs where there is none: slowly, one thread
 * after the other, but with barriers, shuffles, streams and graphs. Built once, with g++. An extension: they are there while a class is tested.
 */
public final class EmulatedCuda implements BeforeAllCallback, AfterAllCallback {
    private static final Path SOURCES = Path.of("src/test/cuda");
    private static @Nullable Path folder;
    /** Else the libraries are real, and where they are is not ours to forget. */
    private static boolean isInstalled;

    /** From now on they are CUDA's libraries for this process, unless it has real ones and a device. */
    @Override
    public void beforeAll(ExtensionContext context) throws IOException, InterruptedException {
        if (!isThereADevice()) {
            install();
            isInstalled = true;
        }
    }

    /** A real one. */
    public static boolean isThereADevice() {
        if (isInstalled) {
            return false;
        }
        try {
            return Driver.load().deviceCount() > 0;
        } catch (BackendUnavailableException | BackendLostException | CudaException _) {
            return false;
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (isInstalled) {
            System.clearProperty(NativeLibrary.FOLDER);
            System.clearProperty(ImageFolder.PROPERTY);
            isInstalled = false;
        }
    }

    private static synchronized void install() throws IOException, InterruptedException {
        assumeTrue(
                Files.isDirectory(SOURCES),
                "there is no device, and no emulator to build: " + SOURCES + " is not here");
        if (folder == null) {
            folder = build();
        }
        System.setProperty(NativeLibrary.FOLDER, folder.toString());
        System.setProperty(ImageFolder.PROPERTY, folder.resolve("kernels").toString());
    }

    private static Path build() throws IOException, InterruptedException {
        Path built = Files.createDirectories(Path.of("target/emulated-cuda")).toAbsolutePath();
        Files.copy(
                SOURCES.resolve("emulated_device.h"),
                built.resolve("emulated_device.h"),
                StandardCopyOption.REPLACE_EXISTING);
        Path driver = built.resolve("libcuda.so.1");
        compile(driver, source("fibers.cpp"), source("streams.cpp"), source("driver.cpp"));
        compile(built.resolve("libnvrtc.so.13"), source("nvrtc.cpp"));
        compile(built.resolve("libcublasLt.so.13"), source("cublaslt.cpp"), driver.toString());
        return built;
    }

    private static String source(String name) {
        return SOURCES.resolve(name).toString();
    }

    /** @param parts sources, and libraries that they need */
    private static void compile(Path library, String... parts) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                CudaToolkit.gxx().toString(),
                "-std=c++17",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-O2",
                "-shared",
                "-fPIC",
                "-I" + CudaToolkit.headers(),
                "-Wl,-soname,emulated-" + library.getFileName()));
        command.addAll(List.of(parts));
        command.addAll(List.of("-o", library.toString(), "-ldl"));
        CudaToolkit.run(command);
    }
}
