package dev.tutti.tensor.backend.cuda;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which devices of this machine processes of this user have taken: by locks on files, which end with the process however it ends. */
final class DeviceClaim {
    private static final Logger log = LoggerFactory.getLogger(DeviceClaim.class);
    /** Never unlocked, and kept so that nobody closes them. */
    private static final Set<FileLock> HELD = new HashSet<>();

    private final Path folder;

    DeviceClaim(Path folder) {
        this.folder = folder;
    }

    static DeviceClaim usual() {
        return new DeviceClaim(
                Path.of(System.getProperty("java.io.tmpdir"), "tutti-devices-" + System.getProperty("user.name")));
    }

    /**
     * Which one is for this worker: the first that nobody has, or the first of all if everybody has one.
     *
     * @param devices their names on the bus, 1 or more
     * @return an index
     */
    int take(List<String> devices) {
        for (int device = 0; device < devices.size(); device++) {
            if (isFree(devices.get(device))) {
                return device;
            }
        }
        log.warn("every GPU is used by another worker of this machine, so the first one is shared");
        return 0;
    }

    /** Whether it was; now it is taken. */
    private boolean isFree(String device) {
        @Nullable FileChannel channel = null;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve(device), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock != null) {
                synchronized (HELD) {
                    HELD.add(lock);
                }
                return true;
            }
            channel.close();
        } catch (OverlappingFileLockException _) {
            // Another worker of this process.
        } catch (IOException e) {
            log.debug("{} cannot be locked", folder, e);
        }
        return false;
    }
}
