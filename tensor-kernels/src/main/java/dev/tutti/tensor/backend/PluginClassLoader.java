package dev.tutti.tensor.backend;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The classes of a plug-in: from its own jars, whatever versions Tutti itself uses of the same libraries. Only what the two speak to each other with comes from
 * Tutti: its own classes, and SLF4J. Lives as long as the process.
 */
final class PluginClassLoader extends URLClassLoader {
    private static final List<String> SHARED = List.of("dev.tutti.tensor.", "org.slf4j.");

    static {
        registerAsParallelCapable();
    }

    private PluginClassLoader(URL[] jars, ClassLoader parent) {
        super("plugins", jars, parent);
    }

    /** @throws BackendUnavailableException if the folder cannot be read or has no jars */
    static ClassLoader of(Path folder, ClassLoader parent) {
        List<URL> jars = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            throw new BackendUnavailableException("the plug-ins' folder " + folder + " is not there");
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.jar")) {
            for (Path file : files) {
                jars.add(url(file));
            }
        } catch (IOException e) {
            throw new BackendUnavailableException("the plug-ins' folder " + folder + " cannot be read: " + e, e);
        }
        if (jars.isEmpty()) {
            throw new BackendUnavailableException("the plug-ins' folder " + folder + " has no jars");
        }
        return new PluginClassLoader(jars.toArray(URL[]::new), parent);
    }

    private static URL url(Path file) {
        try {
            return file.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (SHARED.stream().anyMatch(name::startsWith)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            try {
                return findClass(name);
            } catch (ClassNotFoundException _) {
                return super.loadClass(name, resolve);
            }
        }
    }
}
