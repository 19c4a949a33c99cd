package dev.tutti.proto.digest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A SHA-256 in the making. Not thread-safe. */
public final class Sha256 {
    private static final int BUFFER_BYTES = 1 << 20;

    private final MessageDigest digest;

    public Sha256() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("Every JDK has SHA-256", e);
        }
    }

    /** Of a file's bytes: lower-case hex. */
    public static String ofFile(Path path) throws IOException {
        Sha256 digest = new Sha256();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            while (file.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        }
        return digest.hex();
    }

    /** Takes the buffer's remaining bytes. */
    public void update(ByteBuffer bytes) {
        digest.update(bytes);
    }

    /** Of all bytes so far, lower-case. Call it once, at the end. */
    public String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
