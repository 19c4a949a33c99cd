package dev.tutti.tensor.backend.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Holds what we say of the driver's functions against what {@code cuda.h} says: a compiler compares the sizes of all parameters. */
@ExtendWith(EmulatedCuda.class)
class DriverSignaturesTest {
    @TempDir
    Path folder;

    @Test
    void functionsHaveTheParametersOfTheHeader() throws Exception {
        Map<String, FunctionDescriptor> functions = new TreeMap<>(Driver.load().functions());
        Path source = Files.writeString(folder.resolve("signatures.cpp"), """
            #include <cuda.h>
            #include <initializer_list>
            template <typename... P>
            constexpr bool has(CUresult (*)(P...), std::initializer_list<unsigned long> sizes) {
              const unsigned long actual[] = {sizeof(P)..., 0};
              if (sizes.size() != sizeof...(P)) return false;
              int i = 0;
              for (unsigned long size : sizes)
                if (actual[i++] != size) return false;
              return true;
            }
            %s
            """.formatted(functions.entrySet().stream()
                .map(function -> "static_assert(has(&%s, {%s}), \"%s\");"
                        .formatted(function.getKey(), sizes(function.getValue()), function.getKey()))
                .collect(Collectors.joining("\n"))));

        CudaToolkit.run(List.of(
                CudaToolkit.gxx().toString(),
                "-std=c++17",
                "-fsyntax-only",
                "-I" + CudaToolkit.headers(),
                source.toString()));
    }

    private static String sizes(FunctionDescriptor function) {
        return function.argumentLayouts().stream()
                .map(MemoryLayout::byteSize)
                .map(size -> size + "ul")
                .collect(Collectors.joining(", "));
    }
}
