package dev.tutti.benchmarks.backend;

import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.spec.DidYouMean;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.tensor.backend.BackendUnavailableException;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.graph.ElementType;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What benchmarks are told about where, and how exactly, to compute. */
public final class BackendOptions {
    /** The exit code of a command line that is wrong. */
    public static final int USAGE = 2;

    private static final int FAILED = 1;

    private BackendOptions() {}

    /** @throws LaunchException if there is no such backend here, or no such folder of plug-ins */
    public static Backend backend(String choice, int threads, Optional<Path> plugins) throws LaunchException {
        Backends backends = backends(plugins);
        if (!backends.names().contains(choice)) {
            throw new LaunchException(
                    USAGE,
                    "--backend must be one of %s, got %s%s"
                            .formatted(
                                    String.join(", ", backends.names()), choice, suggestion(choice, backends.names())),
                    null);
        }
        try {
            return backends.choose(choice, threads);
        } catch (BackendUnavailableException e) {
            throw new LaunchException(USAGE, "--backend %s: %s".formatted(choice, e.getMessage()), e);
        } catch (BackendLostException e) {
            throw lost(choice, e);
        }
    }

    private static Backends backends(Optional<Path> plugins) throws LaunchException {
        try {
            return Backends.with(plugins);
        } catch (BackendUnavailableException e) {
            throw new LaunchException(USAGE, "--plugins: " + e.getMessage(), e);
        }
    }

    /** Of all backends' names "cpu" is the nearest to "gpu", and the last to be meant. */
    private static String suggestion(String choice, List<String> names) {
        return choice.equalsIgnoreCase("gpu") ? " (did you mean cuda?)" : DidYouMean.hint(choice, names);
    }

    /** What a backend says that computes nothing any more. */
    public static LaunchException lost(String backend, BackendLostException e) {
        return new LaunchException(FAILED, "backend %s: %s".formatted(backend, e.getMessage()), e);
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
