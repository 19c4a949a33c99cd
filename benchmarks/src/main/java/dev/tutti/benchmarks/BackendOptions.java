package dev.tutti.benchmarks;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendUnavailableException;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.graph.ElementType;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** What benchmarks are told about where, and how exactly, to compute. */
public final class BackendOptions {
    /** The exit code of a command line that is wrong. */
    public static final int USAGE = 2;

    private BackendOptions() {}

    /** @throws LaunchException if there is no such backend here */
    public static Backend backend(String choice, int threads, Optional<Path> plugins) throws LaunchException {
        try {
            return Backends.select(choice, threads, plugins);
        } catch (BackendUnavailableException e) {
            throw new LaunchException(USAGE, "--backend: " + e.getMessage(), e);
        }
    }

    /** @throws LaunchException naming those that there are */
    public static ElementType precision(String name) throws LaunchException {
        return Stream.of(ElementType.values())
                .filter(ElementType::isFloat)
                .filter(type -> type.toString().equals(name))
                .findFirst()
                .orElseThrow(
                        () -> new LaunchException(USAGE, "--precision must be f32, bf16 or f16, got " + name, null));
    }
}
