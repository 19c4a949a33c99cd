package dev.tutti.tensor.backend;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The choice of a backend: once, when a process starts, with a line in the log. */
public final class Backends {
    public static final String AUTO = "auto";

    private static final Logger log = LoggerFactory.getLogger(Backends.class);

    private Backends() {}

    /**
     * @param choice {@code auto}, or a backend's name
     * @param threads compute threads, 1 or more
     * @throws BackendUnavailableException if the choice is unknown or cannot be had here, with the reason
     */
    public static Backend select(String choice, int threads) {
        return select(choice, threads, Optional.empty());
    }

    /**
     * The same, with the backends of a plug-in.
     *
     * @param plugins a folder with the plug-in's jars
     */
    public static Backend select(String choice, int threads, Optional<Path> plugins) {
        if (threads < 1) {
            throw new IllegalArgumentException("a backend needs 1 compute thread or more, got " + threads);
        }
        List<BackendProvider> providers = providers(plugins);
        Backend backend = choice.equals(AUTO) ? automatic(providers, threads) : forced(providers, choice, threads);
        log.info("backend {}: {}", backend.name(), backend.numerics());
        return backend;
    }

    private static Backend forced(List<BackendProvider> providers, String choice, int threads) {
        return providers.stream()
                .filter(provider -> provider.name().equals(choice))
                .findFirst()
                .orElseThrow(() -> new BackendUnavailableException("no backend \"" + choice + "\"; there are " + AUTO
                        + ", " + providers.stream().map(BackendProvider::name).collect(Collectors.joining(", "))))
                .create(threads);
    }

    private static Backend automatic(List<BackendProvider> providers, int threads) {
        return providers.stream()
                .filter(provider -> provider.preference() >= 0)
                .flatMap(provider -> attempt(provider, threads).stream())
                .findFirst()
                .orElseThrow(() -> new BackendUnavailableException("no backend is available on this machine"));
    }

    private static Optional<Backend> attempt(BackendProvider provider, int threads) {
        try {
            return Optional.of(provider.create(threads));
        } catch (BackendUnavailableException e) {
            log.warn("backend {} is not available: {}", provider.name(), e.getMessage());
            return Optional.empty();
        }
    }

    private static List<BackendProvider> providers(Optional<Path> plugins) {
        ClassLoader own = Backends.class.getClassLoader();
        ClassLoader loader =
                plugins.map(folder -> PluginClassLoader.of(folder, own)).orElse(own);
        return ServiceLoader.load(BackendProvider.class, loader).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(BackendProvider::preference).reversed())
                .toList();
    }
}
