package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Reads chunks in any encoding. One thread at a time uses it. */
public final class ChunkDecoders {
    private final Map<Encoding, ChunkEncoding> known = new EnumMap<>(Encoding.class);

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

    /** @param elements of the chunk */
    public Decoded decode(Encoding id, Payload payload, int elements) {
        Optional<ChunkEncoding> encoding = Optional.ofNullable(known.get(id)).or(() -> ChunkEncoding.reading(id));
        if (encoding.isEmpty()) {
            return new Decoded.Problem("expected f32, bf16, f16, int8 or top-k, got " + id);
        }
        known.put(id, encoding.get());
        Optional<String> problem = encoding.get().problem(payload, elements);
        return problem.isPresent()
                ? new Decoded.Problem(problem.get())
                : new Decoded.Values(new ChunkValues(encoding.get(), payload, elements));
    }
}
