package dev.tutti.tensor.backend.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every kernel compiles for Ampere and for Hopper, in all the element types it is made for. */
class KernelCompilationTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "ELEMENTWISE, A=f32 B=f32 Y=f32 FUNCTION=Gelu",
        "ELEMENTWISE, A=bf16 B=f16 Y=bf16 FUNCTION=Relu",
        "ELEMENTWISE, A=f32 B=bf16 Y=f16 FUNCTION=Tanh",
        "ELEMENTWISE, A=f16 B=f32 Y=f32 FUNCTION=Sigmoid",
        "LAYOUT, X=f32 Y=f32",
        "LAYOUT, X=bf16 Y=bf16",
        "LAYOUT, X=f16 Y=f32",
        "LOSS, X=f32 Y=f32",
        "LOSS, X=f32 Y=bf16",
        "NORMALIZATION, X=f32 G=f32 Y=f32",
        "NORMALIZATION, X=bf16 G=f32 Y=f16",
        "SEQUENCE, X=f32 Y=f32",
        "SEQUENCE, X=f32 Y=bf16",
        "LSTM, P=f32 H=f32 Y=f32",
        "LSTM, P=f32 H=bf16 Y=bf16",
        "IMAGES, X=f32 Y=f32",
        "ATTENTION, X=bf16 Y=f32 HEAD=64 TILE=64",
        "ATTENTION, X=f16 Y=f16 HEAD=128 TILE=32",
        "ATTENTION, X=bf16 Y=bf16 HEAD=16 TILE=64",
        "ATTENTION_ROWS, X=f32 Y=f32",
        "ATTENTION_ROWS, X=bf16 Y=bf16",
    })
    void compilesForDevices(KernelSources kernels, String defines) throws Exception {
        Path source = Files.writeString(folder.resolve("kernels.cu"), kernels.text());
        List<String> command = new ArrayList<>(List.of(
                CudaToolkit.nvcc().toString(),
                "-std=c++17",
                "-gencode=arch=compute_80,code=compute_80",
                "-gencode=arch=compute_90,code=compute_90",
                "-fatbin",
                "-Werror",
                "all-warnings"));
        for (String define : defines.split(" ", -1)) {
            command.add("-D" + define);
        }
        command.addAll(List.of(
                source.toString(), "-o", folder.resolve("kernels.fatbin").toString()));
        CudaToolkit.run(command);
    }
}
