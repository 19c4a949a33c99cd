package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** NVIDIA's own compiler at run time, which needs no device, takes every kernel as the backend hands it over, and makes machine code from Ampere to Blackwell. */
class NvrtcCompilationTest {
    private static final String FOLDER = "/org/bytedeco/cuda/linux-x86_64/";
    private static final List<String> FILES = List.of("libnvrtc.so.13", "libnvrtc-builtins.so.13.1");
    private static final int CUDA_13 = 13_000;
    private static Nvrtc compiler;

    @BeforeAll
    static void load() throws Exception {
        Path folder = Files.createDirectories(Path.of("target/nvrtc")).toAbsolutePath();
        for (String file : FILES) {
            try (InputStream library = NvrtcCompilationTest.class.getResourceAsStream(FOLDER + file)) {
                assumeTrue(library != null, "there is no " + file + " on the class path");
                Files.copy(library, folder.resolve(file), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        System.setProperty(NativeLibrary.FOLDER, folder.toString());
        compiler = Nvrtc.load(CUDA_13);
    }

    @AfterAll
    static void forget() {
        System.clearProperty(NativeLibrary.FOLDER);
    }

    @ParameterizedTest
    @MethodSource("dev.tutti.tensor.backend.cuda.KernelCases#all")
    void compilesForDevices(KernelSources kernels, List<String> macros) {
        for (String architecture : List.of("sm_80", "sm_90", "sm_100")) {
            assertThat(compiler.compile(kernels.text(), KernelCache.options(architecture, kernels, macros)))
                    .startsWith(0x7f, 'E', 'L', 'F');
        }
    }
}
