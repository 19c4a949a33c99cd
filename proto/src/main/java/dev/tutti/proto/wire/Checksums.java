package dev.tutti.proto.wire;

import dev.tutti.proto.v1.Frame;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalInt;
import java.util.zip.CRC32C;

/** CRC-32C of payloads: what TCP's own sum does not find, and what a memory or a network card turned over. */
final class Checksums {
    static final int TAG = Frame.PAYLOAD_CRC32C_FIELD_NUMBER << 3 | 5;
    /** Tag and value. */
    static final int FIELD_BYTES = 1 + Integer.BYTES;

    private Checksums() {}

    /** The field as protobuf writes it. */
    static byte[] field(int checksum) {
        return ByteBuffer.allocate(FIELD_BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) TAG)
                .putInt(checksum)
                .array();
    }

    static void verify(List<ByteBuffer> payload, OptionalInt sent) throws CorruptPayloadException {
        if (sent.isEmpty()) {
            throw new CorruptPayloadException("a payload without its CRC-32C");
        }
        CRC32C checksum = new CRC32C();
        payload.forEach(slice -> checksum.update(slice.duplicate()));
        int got = (int) checksum.getValue();
        if (got != sent.getAsInt()) {
            throw new CorruptPayloadException(
                    "a payload whose CRC-32C is %08x, expected %08x".formatted(got, sent.getAsInt()));
        }
    }
}
