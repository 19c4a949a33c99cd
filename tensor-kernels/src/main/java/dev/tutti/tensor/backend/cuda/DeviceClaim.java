package dev.tutti.tensor.backend.cuda;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which devices of this machine processes of this user have taken: by locks on files, which end with the process however it ends. Thread-safe. */
final class DeviceClaim {
    private static final Logger log = LoggerFactory.getLogger(DeviceClaim.class);
    /** Those of this process. Their files are not opened again: to close one would unlock it. */
    private static final Map<Path, FileLock> HELD = new HashMap<>();

    private final Path folder;

    DeviceClaim(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
    }

    static DeviceClaim usual() {
        return new DeviceClaim(
                Path.of(System.getProperty("java.io.tmpdir"), "tutti-devices-" + System.getProperty("user.name")));
    }

    /**
     * Which one is for this worker: the first that nobody has, or the first of all if everybody has one or nothing can be locked.
     *
     * @param devices their names on the bus, 1 or more
     * @return an index
     */
    int take(List<String> devices) {
        synchronized (HELD) {
            try {
                Files.createDirectories(folder);
                OptionalInt free = OptionalInt.empty();
                for (int device = 0; device < devices.size() && free.isEmpty(); device++) {
                    free = claim(folder.resolve(devices.get(device))) ? OptionalInt.of(device) : free;
                }
                if (free.isEmpty()) {
                    log.info("every GPU is used by another worker of this machine, so the first one is shared");
                }
                return free.orElse(0);
            } catch (IOException e) {
                log.warn("{} cannot be written, so workers of this machine may share a GPU: {}", folder, e.toString());
                return 0;
            }
        }
    }

    /** Whether it was free; now it is taken. */
    private static boolean claim(Path file) throws IOException {
        if (HELD.containsKey(file)) {
            return false;
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            return false;
        }
        HELD.put(file, lock);
        return true;
    }
}
