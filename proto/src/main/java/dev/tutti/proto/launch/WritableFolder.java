package dev.tutti.proto.launch;

import dev.tutti.proto.wording.FileTrouble;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A folder somebody is going to write to, tried before anything depends on it. */
public final class WritableFolder {
    private static final int USAGE = 2;

    private WritableFolder() {}

    /**
     * Creates the folder if need be, and a file in it, which it takes away again.
     *
     * @param otherwise how to name another folder
     * @return the folder
     * @throws LaunchException with exit code 2, naming the folder, if either fails
     */
    public static Path ensure(Path folder, String otherwise) throws LaunchException {
        try {
            Files.createDirectories(folder);
            Files.delete(Files.createTempFile(folder, ".writable-", ""));
            return folder;
        } catch (IOException e) {
            throw new LaunchException(
                    USAGE, "cannot write to %s: %s; %s".formatted(folder, reason(folder, e), otherwise), e);
        }
    }

    /** Such as /proc. */
    private static String reason(Path folder, IOException failure) {
        return failure instanceof NoSuchFileException && Files.isDirectory(folder)
                ? "no file can be created in it"
                : FileTrouble.reason(failure);
    }
}
