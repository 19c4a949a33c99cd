package dev.tutti.proto.digest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the examples that NIST publishes with FIPS 180-4. */
class Sha256Test {
    private static final String LONGER = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    private static final String LONGER_HEX = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

    @Test
    void bytesInPiecesHaveTheHashOfTheWhole() {
        Sha256 digest = new Sha256();
        digest.update(bytes(LONGER.substring(0, 10)));
        digest.update(bytes(LONGER.substring(10)));
        assertThat(digest.hex()).isEqualTo(LONGER_HEX);
    }

    @Test
    void aFileHasTheHashOfItsBytes(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("file");
        Files.writeString(file, LONGER);
        assertThat(Sha256.ofFile(file)).isEqualTo(LONGER_HEX);
        Files.writeString(file, "");
        assertThat(Sha256.ofFile(file)).isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
