package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.BackendUnavailableException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A shared library of C functions, as method handles. Loaded for good. */
final class NativeLibrary {
    /** The folder in which CUDA's libraries are looked for before others. */
    static final String FOLDER = "tutti.cuda.libraries";

    private static final Logger log = LoggerFactory.getLogger(NativeLibrary.class);
    /** Where NVIDIA's packages put what the system's loader does not find by itself. */
    private static final Path USUAL = Path.of("/usr/local/cuda/lib64");

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
     * @param purpose for people: what it belongs to
     * @param names such as {@code libcuda.so.1}, the best first
     * @throws BackendUnavailableException naming them, if none is there or none can be loaded, or if the folder is none
     */
    static NativeLibrary load(String purpose, List<String> names) {
        Optional<Path> folder = folder();
        List<String> places = new ArrayList<>();
        for (String name : names) {
            folder.ifPresent(chosen -> places.add(chosen.resolve(name).toString()));
            places.add(name);
            places.add(USUAL.resolve(name).toString());
        }
        for (String place : places) {
            Optional<SymbolLookup> symbols = open(place);
            if (symbols.isPresent()) {
                return new NativeLibrary(place, symbols.get());
            }
        }
        String broken = places.stream()
                .filter(place -> place.startsWith("/") && Files.exists(Path.of(place)))
                .map(place -> "; " + place + " is there, but is no library that this machine can load")
                .collect(Collectors.joining());
        throw new BackendUnavailableException("%s cannot be loaded (%s)%s%s"
                .formatted(
                        purpose,
                        String.join(", ", names),
                        folder.map(chosen -> ", neither from " + chosen + " nor from where the system looks")
                                .orElse(""),
                        broken));
    }

    private static Optional<Path> folder() {
        Optional<Path> folder = Optional.of(System.getProperty(FOLDER, ""))
                .filter(name -> !name.isBlank())
                .map(name -> Path.of(name).toAbsolutePath());
        if (folder.isPresent() && !Files.isDirectory(folder.get())) {
            throw new BackendUnavailableException("-D%s names %s, which is no folder".formatted(FOLDER, folder.get()));
        }
        return folder;
    }

    private static Optional<SymbolLookup> open(String place) {
        try {
            if (!place.startsWith("/")) {
                return Optional.of(lookup(place));
            }
            Path file = Path.of(place);
            if (!Files.isReadable(file)) {
                return Optional.empty();
            }
            openPartsOf(file);
            return Optional.of(lookup(place));
        } catch (IllegalArgumentException | IOException e) {
            log.debug("{} cannot be loaded", place, e);
            return Optional.empty();
        }
    }

    @SuppressWarnings("restricted")
    private static SymbolLookup lookup(String place) {
        return SymbolLookup.libraryLookup(place, Arena.global());
    }

    /** {@code libnvrtc.so.13} loads {@code libnvrtc-builtins.so.13.0} when it first compiles, but not from its own folder unless that is there by then. */
    private static void openPartsOf(Path library) throws IOException {
        String name = library.getFileName().toString();
        String parts = name.substring(0, name.indexOf('.')) + "-*.so.*";
        try (DirectoryStream<Path> files = Files.newDirectoryStream(library.resolveSibling(""), parts)) {
            files.forEach(part -> lookup(part.toString()));
        }
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
