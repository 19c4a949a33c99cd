package dev.tutti.tensor.backend.cpu;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shared libraries that travel as class path resources, unpacked once for each version and user: into {@code
 * ~/.cache/tutti/natives/<name>-<version>/}, or another folder than {@code ~/.cache/tutti/natives} if the system property {@value #PROPERTY} names one. A
 * user without a home that can be written gets a {@link PrivateFolder} among the temporary files. The folder appears by one rename, so a second process sees all of
 * it or nothing.
 */
final class NativeFolder {
    static final String PROPERTY = "tutti.natives";

    private static final Logger log = LoggerFactory.getLogger(NativeFolder.class);
    private static final String POM = "/META-INF/maven/org.bytedeco/dnnl/pom.properties";

    private NativeFolder() {}

    /** {@code linux-x86_64}: system and processor as bytedeco's artifacts spell them. */
    static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String system = os.startsWith("linux") ? "linux" : os.startsWith("mac") ? "macosx" : os.replaceAll("\\s.*", "");
        return system + "-" + (arch.equals("amd64") ? "x86_64" : arch.equals("aarch64") ? "arm64" : arch);
    }

    /**
     * @param resources absolute names on the class path; their last parts become file names
     * @return the folder in which they all lie
     * @throws IOException if a resource is missing, or no folder can be written; names it
     */
    static Path unpack(String name, List<String> resources) throws IOException {
        String chosen = System.getProperty(PROPERTY);
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        if (chosen != null) {
            return unpack(Path.of(chosen), name, resources);
        }
        Path home = Path.of(System.getProperty("user.home"));
        return unpack(home, temporary, name, resources);
    }

    /**
     * @param home what the system says; nonsense for a user it does not know
     * @param temporary used if home is of no use
     */
    static Path unpack(Path home, Path temporary, String name, List<String> resources) throws IOException {
        Path natives = home.resolve(".cache", "tutti", "natives");
        if (!home.isAbsolute()) {
            return unpack(PrivateFolder.in(temporary), name, resources);
        }
        try {
            return unpack(natives, name, resources);
        } catch (FileSystemException e) {
            log.debug("{} cannot be written, so {} is used", natives, temporary, e);
            try {
                return unpack(PrivateFolder.in(temporary), name, resources);
            } catch (IOException f) {
                f.addSuppressed(e);
                throw new IOException(
                        "neither %s nor %s can be written; name a folder with -D%s=DIR"
                                .formatted(natives, temporary, PROPERTY),
                        f);
            }
        }
    }

    private static Path unpack(Path root, String name, List<String> resources) throws IOException {
        Path folder = root.resolve(name + "-" + version());
        if (isComplete(folder, resources)) {
            return folder;
        }
        log.info("unpacking {} to {}", name, folder);
        Files.createDirectories(root);
        Path aside = Files.createDirectory(root.resolve(name + "-" + UUID.randomUUID() + ".partial"));
        try {
            for (String resource : resources) {
                try (InputStream in = resource(resource).openStream()) {
                    Files.copy(in, aside.resolve(fileName(resource)));
                }
            }
            publish(aside, folder, resources);
        } finally {
            deleteFolder(aside);
        }
        return folder;
    }

    /** A repackaged jar may lack the file; then sizes alone tell versions apart. */
    private static String version() throws IOException {
        Properties pom = new Properties();
        try (InputStream in = NativeFolder.class.getResourceAsStream(POM)) {
            if (in != null) {
                pom.load(in);
            }
        }
        return pom.getProperty("version", "unversioned");
    }

    private static boolean isComplete(Path folder, List<String> resources) throws IOException {
        for (String resource : resources) {
            Path file = folder.resolve(fileName(resource));
            if (!Files.isRegularFile(file)
                    || Files.size(file) != resource(resource).openConnection().getContentLengthLong()) {
                return false;
            }
        }
        return true;
    }

    /** If another process was faster, its folder stands; a damaged one is replaced file by file. */
    private static void publish(Path aside, Path folder, List<String> resources) throws IOException {
        try {
            Files.move(aside, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
            if (!isComplete(folder, resources)) {
                for (String resource : resources) {
                    String file = fileName(resource);
                    Files.move(aside.resolve(file), folder.resolve(file), StandardCopyOption.ATOMIC_MOVE);
                }
            }
        }
    }

    private static void deleteFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (var files = Files.list(folder)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private static URL resource(String name) throws IOException {
        URL url = NativeFolder.class.getResource(name);
        if (url == null) {
            throw new IOException(name + " is not on the class path");
        }
        return url;
    }

    private static String fileName(String resource) {
        return resource.substring(resource.lastIndexOf('/') + 1);
    }
}
