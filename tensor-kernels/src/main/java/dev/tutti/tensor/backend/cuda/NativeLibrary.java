package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.BackendUnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A shared library of C functions, as method handles. Loaded for good. */
final class NativeLibrary {
    /** The folder in which CUDA's libraries are looked for, instead of where the system has them. */
    static final String FOLDER = "tutti.cuda.libraries";

    private final String name;
    private final SymbolLookup symbols;
    private final Map<String, FunctionDescriptor> bound = new TreeMap<>();

    private NativeLibrary(String name, SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /**
     * The first of them that is there.
     *
     * @param names such as {@code libcuda.so.1}, the best first
     * @throws BackendUnavailableException naming them, if none is there or none can be loaded
     */
    static NativeLibrary load(List<String> names) {
        Optional<Path> folder = Optional.ofNullable(System.getProperty(FOLDER)).map(Path::of);
        StringBuilder reasons = new StringBuilder();
        for (String name : names) {
            try {
                return new NativeLibrary(name, open(name, folder));
            } catch (IllegalArgumentException e) {
                reasons.append(reasons.isEmpty() ? "" : "; ").append(e.getMessage());
            }
        }
        throw new BackendUnavailableException(String.join(" or ", names) + " cannot be loaded"
                + folder.map(path -> " from " + path).orElse("") + ": " + reasons);
    }

    @SuppressWarnings("restricted")
    private static SymbolLookup open(String name, Optional<Path> folder) {
        return folder.isPresent()
                ? SymbolLookup.libraryLookup(folder.get().resolve(name), Arena.global())
                : SymbolLookup.libraryLookup(name, Arena.global());
    }

    /** A function that returns a status. */
    MethodHandle status(String function, MemoryLayout... parameters) {
        return bind(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    /** @throws BackendUnavailableException if the library has no such function */
    @SuppressWarnings("restricted")
    MethodHandle bind(String function, FunctionDescriptor descriptor) {
        MemorySegment address = symbols.find(function)
                .orElseThrow(() -> new BackendUnavailableException(name + " has no " + function + ": it is too old"));
        bound.put(function, descriptor);
        return Linker.nativeLinker().downcallHandle(address, descriptor);
    }

    /** What has been bound, by name. */
    Map<String, FunctionDescriptor> bound() {
        return Map.copyOf(bound);
    }
}
