package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Binds kernels to the memory of one program. */
record Launches(Driver driver, KernelCache cache, DeviceMemory memory, Arena arena) {
    /** A kernel with its argument; fields are as the source declares them. */
    Launch of(KernelSources kernels, List<String> macros, String name, Grid grid, Struct argument) {
        long function = cache.function(kernels, macros, name);
        MemorySegment struct = argument.in(arena);
        return stream -> driver.launch(function, grid, struct, stream);
    }

    /** One after the other. */
    static Launch all(Launch... launches) {
        List<Launch> list = List.of(launches);
        return stream -> list.forEach(launch -> launch.on(stream));
    }

    static String macro(String name, Tensor tensor) {
        return name + "=" + tensor.type();
    }

    long at(Tensor tensor) {
        return memory.of(tensor);
    }

    Place place(Tensor tensor) {
        return new Place(tensor.type(), at(tensor));
    }

    /** Memory for so many bytes until the next instruction. */
    long scratch(long bytes) {
        return memory.scratch().take(bytes);
    }
}
