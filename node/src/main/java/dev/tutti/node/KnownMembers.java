package dev.tutti.node;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The other members' addresses, in a file, so that a coordinator started again finds the cluster that went on without it instead
 * of beginning another. One address a line. Used by one thread at a time.
 */
final class KnownMembers {
    private static final Logger LOG = LoggerFactory.getLogger(KnownMembers.class);

    private final Path file;

    /** @param clusterPort the coordinator's own; two coordinators may share a state folder */
    KnownMembers(Path stateFolder, int clusterPort) {
        file = stateFolder.resolve("members-" + clusterPort);
    }

    List<String> read() {
        try {
            return Files.exists(file)
                    ? Files.readAllLines(file).stream()
                            .filter(line -> HostPort.parse(line).isPresent())
                            .toList()
                    : List.of();
        } catch (IOException e) {
            LOG.warn("cannot read the last members from {}: {}", file, e.toString());
            return List.of();
        }
    }

    void write(Collection<String> addresses) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Path aside = file.resolveSibling(file.getFileName() + ".new");
            Files.write(aside, addresses);
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn(
                    "cannot keep the members in {}; after a crash this coordinator would not find them: {}",
                    file,
                    e.toString());
        }
    }
}
