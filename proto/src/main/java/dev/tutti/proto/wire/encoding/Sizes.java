package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/** What encodings say of payloads that have the wrong length, or name elements that are not there. */
final class Sizes {
    static final ValueLayout.OfInt LITTLE_INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Sizes() {}

    static Optional<String> problem(Payload payload, long expected, Encoding encoding) {
        return payload.byteSize() == expected
                ? Optional.empty()
                : Optional.of("expected " + expected + " bytes of " + name(encoding) + ", got " + payload.byteSize());
    }

    /**
     * Of numbers that are not in ascending order from 0 on.
     *
     * @param numbers 32 bits each
     * @param below what all of them have to be
     * @param what they are called
     */
    static Optional<String> problem(MemorySegment numbers, int count, int below, String what, Encoding encoding) {
        int last = -1;
        for (int i = 0; i < count; i++) {
            int number = numbers.get(LITTLE_INT, (long) i * Integer.BYTES);
            if (number <= last || number >= below) {
                return Optional.of("expected ascending " + what + " below " + below + " in " + name(encoding) + ", got "
                        + Integer.toUnsignedString(number) + " after " + last);
            }
            last = number;
        }
        return Optional.empty();
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
