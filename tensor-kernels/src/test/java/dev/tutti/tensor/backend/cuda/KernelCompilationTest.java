package dev.tutti.tensor.backend.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel compiles for Ampere and for Hopper, in all the element types it is made for. */
class KernelCompilationTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @MethodSource("dev.tutti.tensor.backend.cuda.KernelCases#all")
    void compilesForDevices(KernelSources kernels, List<String> macros) throws Exception {
        Path source = Files.writeString(folder.resolve("kernels.cu"), kernels.text());
        List<String> command = new ArrayList<>(List.of(
                CudaToolkit.nvcc().toString(),
                "-std=c++17",
                "-gencode=arch=compute_80,code=compute_80",
                "-gencode=arch=compute_90,code=compute_90",
                "-fatbin",
                "-Werror",
                "all-warnings"));
        macros.forEach(macro -> command.add("-D" + macro));
        command.addAll(List.of(
                source.toString(), "-o", folder.resolve("kernels.fatbin").toString()));
        CudaToolkit.run(command);
    }
}
