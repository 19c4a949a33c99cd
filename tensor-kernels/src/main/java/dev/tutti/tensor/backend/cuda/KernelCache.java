package dev.tutti.tensor.backend.cuda;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Kernels that have been compiled for the device, by source, macros and name. Thread-safe; its modules live as long as the process. */
final class KernelCache {
    private final Driver driver;
    private final Nvrtc compiler;
    private final String architecture;
    private final ImageFolder images;
    private final Map<Specialization, Long> modules = new HashMap<>();

    private record Specialization(KernelSources kernels, List<String> macros) {}

    /** @param architecture such as {@code sm_90} */
    KernelCache(Driver driver, Nvrtc compiler, String architecture, ImageFolder images) {
        this.driver = driver;
        this.compiler = compiler;
        this.architecture = architecture;
        this.images = images;
    }

    /** @param macros such as {@code X=f32} */
    synchronized long function(KernelSources kernels, List<String> macros, String name) {
        long module = modules.computeIfAbsent(
                new Specialization(kernels, macros), specialization -> driver.loadModule(image(specialization)));
        return driver.function(module, name);
    }

    private byte[] image(Specialization specialization) {
        String source = specialization.kernels.text();
        List<String> options = options(architecture, specialization.kernels, specialization.macros);
        return images.get(compiler.version() + options + source, () -> compiler.compile(source, options));
    }

    /** NVRTC's. */
    static List<String> options(String architecture, KernelSources kernels, List<String> macros) {
        return Stream.of(
                        Stream.of("--gpu-architecture=" + architecture, "--std=c++17"),
                        kernels == KernelSources.OPTIMIZER ? Stream.of("--fmad=false") : Stream.<String>of(),
                        macros.stream().map(macro -> "-D" + macro))
                .flatMap(options -> options)
                .toList();
    }
}
