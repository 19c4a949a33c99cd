package dev.tutti.tensor.backend;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backends of this process, and the choice of one: once, when the process starts, with a line in the log. Immutable. */
public final class Backends {
    public static final String AUTO = "auto";

    private static final Logger log = LoggerFactory.getLogger(Backends.class);

    private final List<BackendProvider> providers;

    private Backends(List<BackendProvider> providers) {
        this.providers = providers;
    }

    /**
     * Tutti's own, and those of a plug-in.
     *
     * @param plugins a folder with the plug-in's jars
     * @throws BackendUnavailableException if it cannot be read or has no jars
     */
    public static Backends with(Optional<Path> plugins) {
        return new Backends(providers(plugins));
    }

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
        return with(plugins).choose(choice, threads);
    }

    /** What can be chosen: {@code auto} first, then the backends, the preferred ones first. */
    public List<String> names() {
        return Stream.concat(Stream.of(AUTO), providers.stream().map(BackendProvider::name))
                .toList();
    }

    /**
     * @param choice {@code auto}, or a backend's name
     * @param threads compute threads, 1 or more
     * @throws BackendUnavailableException if the choice is unknown or cannot be had here, with the reason
     */
    public Backend choose(String choice, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("a backend needs 1 compute thread or more, got " + threads);
        }
        if (choice.equals(AUTO)) {
            return automatic(threads);
        }
        Backend backend = forced(choice, threads);
        log.info("backend {}", backend.numerics());
        return backend;
    }

    private Backend forced(String choice, int threads) {
        return providers.stream()
                .filter(provider -> provider.name().equals(choice))
                .findFirst()
                .orElseThrow(() -> new BackendUnavailableException(
                        "no backend \"" + choice + "\"; there are " + String.join(", ", names())))
                .create(threads);
    }

    /** Says why it is not one of a higher preference. */
    private Backend automatic(int threads) {
        StringBuilder reasons = new StringBuilder();
        for (BackendProvider provider : providers) {
            if (provider.preference() >= 0) {
                try {
                    Backend backend = provider.create(threads);
                    log.info("backend {}{}", backend.numerics(), reasons);
                    return backend;
                } catch (BackendUnavailableException e) {
                    reasons.append("; not ")
                            .append(provider.name())
                            .append(": ")
                            .append(e.getMessage());
                }
            }
        }
        throw new BackendUnavailableException("no backend is available on this machine" + reasons);
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
