package dev.tutti.node.sharedmemory;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of the file system that Linux keeps in memory. Each has a name of its own and is locked by the process that made it, so that those of processes which were killed can be
 * told and deleted.
 */
final class SharedFile {
    /** Nothing else is ever mapped, whatever a peer asks for. */
    static final Path FOLDER = Path.of("/dev/shm");

    private static final Logger LOG = LoggerFactory.getLogger(SharedFile.class);
    private static final String PREFIX = "tutti-exchange-";
    private static final Pattern NAME = Pattern.compile(PREFIX + "[0-9a-f-]{36}");
    private static final int ZEROS = 1 << 20;
    private static final Duration LOCKED_WITHIN = Duration.ofMinutes(1);

    private final Path path;
    private final FileChannel channel;

    private SharedFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * A new file of zeros, readable by this user only.
     *
     * @throws IOException if there is no room, or no such file system
     */
    @SuppressWarnings("MustBeClosedChecker")
    static SharedFile create(long byteSize) throws IOException {
        sweep();
        Path path = FOLDER.resolve(PREFIX + UUID.randomUUID());
        FileChannel channel = FileChannel.open(
                path,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        SharedFile file = new SharedFile(path, channel);
        try {
            channel.lock();
            file.fill(byteSize);
            return file;
        } catch (IOException e) {
            file.delete();
            throw e;
        }
    }

    /** Written, not only made longer: a page that the file system has no room for would end the process that touches it. */
    private void fill(long byteSize) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(ZEROS, byteSize));
        for (long left = byteSize; left > 0; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), left));
            left -= channel.write(zeros);
        }
    }

    Path path() {
        return path;
    }

    MemorySegment map(Arena arena) throws IOException {
        return channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
    }

    /** Who has mapped it goes on; nobody finds it any more. */
    void delete() {
        try (channel) {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.debug("{} is left", path, e);
        }
    }

    /**
     * Maps the beginning of a file that another process has made.
     *
     * @throws IOException if it is not such a file, or shorter
     */
    static MemorySegment mapOther(Path path, long byteSize, Arena arena) throws IOException {
        if (!FOLDER.equals(path.getParent())
                || !NAME.matcher(path.getFileName().toString()).matches()) {
            throw new IOException("not a name of shared memory: " + path);
        }
        try (FileChannel channel =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
            if (channel.size() < byteSize) {
                throw new IOException(path + " has " + channel.size() + " bytes, expected " + byteSize);
            }
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, byteSize, arena);
        }
    }

    /** One that was just made may not be locked yet. */
    private static boolean isOld(Path file) throws IOException {
        return Files.getLastModifiedTime(file)
                .toInstant()
                .isBefore(Instant.now().minus(LOCKED_WITHIN));
    }

    private static void sweep() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(FOLDER, PREFIX + "*")) {
            for (Path file : files) {
                deleteIfLeft(file);
            }
        }
    }

    private static void deleteIfLeft(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            if (lock != null && isOld(file)) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | OverlappingFileLockException e) {
            LOG.debug("{} is not ours, or in use", file, e);
        }
    }
}
