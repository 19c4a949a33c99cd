package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Reads chunks in any encoding. One thread at a time uses it. */
public final class ChunkDecoders {
    private final Map<Kind, ChunkEncoding> known = new HashMap<>();

    private record Kind(Encoding id, int rowWidth) {}

    /** Payloads that are what their encoding says, and what is wrong with others. */
    public sealed interface Decoded {
        record Values(ChunkValues values) implements Decoded {}

        /** @param reason one sentence's part: expected …, got … */
        record Problem(String reason) implements Decoded {}
    }

    /** Bytes that a chunk takes at most, in whatever encoding. */
    public static long maxByteSize(int elements) {
        return LargestElements.byteSize(elements);
    }

    /**
     * Of a chunk.
     *
     * @param elements that it has
     * @param rowWidth elements of each of its rows; 0 if it has none
     */
    public Decoded decode(Encoding id, Payload payload, int elements, int rowWidth) {
        Kind kind = new Kind(id, rowWidth);
        Optional<ChunkEncoding> encoding =
                Optional.ofNullable(known.get(kind)).or(() -> ChunkEncoding.reading(id, rowWidth));
        if (encoding.isEmpty()) {
            return new Decoded.Problem("expected f32, bf16, f16, int8"
                    + (rowWidth == 0 ? " or top-k" : ", top-k or rows") + ", got " + id);
        }
        known.put(kind, encoding.get());
        Optional<String> problem = encoding.get().problem(payload, elements);
        return problem.isPresent()
                ? new Decoded.Problem(problem.get())
                : new Decoded.Values(new ChunkValues(encoding.get(), payload, elements));
    }
}
