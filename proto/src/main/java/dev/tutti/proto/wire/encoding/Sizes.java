package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.util.Optional;

/** What encodings say of payloads that have the wrong length. */
final class Sizes {
    private Sizes() {}

    static Optional<String> problem(Payload payload, long expected, Encoding encoding) {
        return payload.byteSize() == expected
                ? Optional.empty()
                : Optional.of("expected " + expected + " bytes of " + name(encoding) + ", got " + payload.byteSize());
    }

    static String name(Encoding encoding) {
        return switch (encoding) {
            case ENCODING_F32 -> "f32";
            case ENCODING_BF16 -> "bf16";
            case ENCODING_F16 -> "f16";
            case ENCODING_INT8 -> "int8";
            case ENCODING_TOP_K -> "top-k";
            case ENCODING_ROWS_F32 -> "rows of f32";
            case ENCODING_ROWS_BF16 -> "rows of bf16";
            case ENCODING_ROWS_F16 -> "rows of f16";
            case ENCODING_UNSPECIFIED, UNRECOGNIZED -> encoding.toString();
        };
    }
}
