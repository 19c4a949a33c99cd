package dev.tutti.tensor.backend.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiled kernels on disk, so that a process finds what others have compiled before it: in {@code ~/.cache/tutti/kernels}, or the folder that the system
 * property {@value #PROPERTY} names. A file's name is the SHA-256 of all that went into it, its last 32 bytes are that of the rest, so that a damaged one is made again. Where
 * nothing can be written kernels are compiled by each process. Not thread-safe.
 */
final class ImageFolder {
    static final String PROPERTY = "tutti.kernels";

    private static final Logger log = LoggerFactory.getLogger(ImageFolder.class);
    private static final int DIGEST_BYTES = 32;

    private final Path folder;
    private boolean isWarned;

    ImageFolder(Path folder) {
        this.folder = folder;
    }

    /** Where the system property or the user's home says. */
    static ImageFolder usual() {
        return new ImageFolder(Optional.of(System.getProperty(PROPERTY, ""))
                .filter(name -> !name.isBlank())
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("user.home"), ".cache", "tutti", "kernels")));
    }

    /** @param origin whatever the image depends on */
    byte[] get(String origin, Supplier<byte[]> compile) {
        Path file =
                folder.resolve(HexFormat.of().formatHex(sha256(origin.getBytes(StandardCharsets.UTF_8))) + ".cubin");
        return read(file).orElseGet(() -> {
            byte[] image = compile.get();
            write(file, image);
            return image;
        });
    }

    private static Optional<byte[]> read(Path file) {
        try {
            byte[] bytes = Files.readAllBytes(file);
            int end = bytes.length - DIGEST_BYTES;
            if (end > 0
                    && Arrays.equals(sha256(Arrays.copyOf(bytes, end)), Arrays.copyOfRange(bytes, end, bytes.length))) {
                return Optional.of(Arrays.copyOf(bytes, end));
            }
            log.warn("{} is damaged: its kernels are compiled again", file);
        } catch (NoSuchFileException _) {
            // The usual case, the first time.
        } catch (IOException e) {
            log.debug("{} cannot be read", file, e);
        }
        return Optional.empty();
    }

    private void write(Path file, byte[] image) {
        try {
            Files.createDirectories(folder);
            Path aside = Files.createTempFile(folder, "", ".partial");
            try {
                byte[] bytes = Arrays.copyOf(image, image.length + DIGEST_BYTES);
                System.arraycopy(sha256(image), 0, bytes, image.length, DIGEST_BYTES);
                Files.write(aside, bytes);
                Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(aside);
            }
        } catch (IOException e) {
            if (!isWarned) {
                isWarned = true;
                log.warn(
                        "compiled kernels cannot be kept in {}, so each process compiles them: {}",
                        folder,
                        e.toString());
            }
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }
}
