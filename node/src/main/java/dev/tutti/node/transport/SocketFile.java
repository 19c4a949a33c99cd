package dev.tutti.node.transport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The place of a Unix domain socket: alone in a new folder among the temporary files, which only this user may enter. Its path is never used twice, so whoever
 * finds it exists sees the same files as the process that made it.
 */
record SocketFile(Path path) {
    private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);
    private static final String PREFIX = "tutti-socket-";
    private static final String NAME = "s";
    /** What fits into the kernel's address structure. */
    private static final int MAX_PATH_BYTES = 100;

    /** Nothing where there is no place for one. Also clears away those of processes that were killed. */
    static Optional<SocketFile> create() {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
        sweep(temporary);
        try {
            SocketFile file =
                    new SocketFile(Files.createTempDirectory(temporary, PREFIX).resolve(NAME));
            if (file.path.toString().length() <= MAX_PATH_BYTES) {
                return Optional.of(file);
            }
            LOG.info("No Unix domain socket: {} is too long a path for one", file.path);
            file.delete();
        } catch (IOException | UnsupportedOperationException e) {
            LOG.info("No Unix domain socket in {}: {}", temporary, e.toString());
        }
        return Optional.empty();
    }

    /** Whether somebody listens there. */
    static boolean answers(Path path) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            return channel.isConnected();
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException _) {
            return false;
        }
    }

    private Path folder() {
        return Objects.requireNonNull(path.getParent());
    }

    void delete() {
        try {
            Files.deleteIfExists(path);
            Files.deleteIfExists(folder());
        } catch (IOException e) {
            LOG.debug("{} is left", path, e);
        }
    }

    private static void sweep(Path temporary) {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(temporary, PREFIX + "*")) {
            for (Path folder : folders) {
                Path socket = folder.resolve(NAME);
                if (Files.isWritable(folder) && Files.exists(socket) && !answers(socket)) {
                    new SocketFile(socket).delete();
                }
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("{} could not be searched for old sockets", temporary, e);
        }
    }
}
