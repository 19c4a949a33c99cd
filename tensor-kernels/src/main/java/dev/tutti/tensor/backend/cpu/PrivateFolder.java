package dev.tutti.tensor.backend.cpu;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A folder for one user in a folder for all, {@code tutti-natives-<user number>}. Code is loaded from it, so nobody else may write to it: one that
 * somebody else made, or opened to others, is refused.
 */
final class PrivateFolder {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private PrivateFolder() {}

    /** @throws IOException if it is not ours alone, or cannot be created */
    static Path in(Path shared) throws IOException {
        Path probe = Files.createTempFile(shared, "tutti-", "");
        try {
            Path folder = shared.resolve("tutti-natives-" + Files.getAttribute(probe, "unix:uid"));
            try {
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            } catch (FileAlreadyExistsException _) {
                // The usual case. Whose it is stands below.
            }
            PosixFileAttributes found =
                    Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!found.isDirectory()
                    || !found.owner().equals(Files.getOwner(probe))
                    || !found.permissions().equals(OWNER_ONLY)) {
                throw new AccessDeniedException(folder.toString(), null, "it is not a folder of this user alone");
            }
            return folder;
        } finally {
            Files.delete(probe);
        }
    }
}
