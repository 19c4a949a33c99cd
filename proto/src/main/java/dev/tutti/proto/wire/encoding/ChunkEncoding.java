package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A way to write f32 elements as bytes, and back. An object has working memory of its own: one thread at a time uses it.
 *
 * <p>All but {@link PlainFloats} lose something. {@link #encodeKeepingRest} leaves what is lost with the sender, who adds it to what he sends next
 * (error feedback: Seide et al. 2014; Karimireddy et al. 2019).
 */
public sealed interface ChunkEncoding permits PlainFloats, HalfFloats, BlockwiseBytes, LargestElements, SparseRows {
    Encoding id();

    /** Bytes that so many elements take at most. */
    long maxByteSize(int elements);

    /**
     * Writes all elements to the start of the target.
     *
     * @param elements f32, only read
     * @return bytes written
     */
    long encode(MemorySegment elements, MemorySegment target);

    /**
     * As {@link #encode}; each element becomes what it was less what the receiver will read.
     *
     * @param elements f32
     */
    long encodeKeepingRest(MemorySegment elements, MemorySegment target);

    /** One sentence with what was expected and what came, if these bytes are not so many elements. */
    Optional<String> problem(Payload payload, int elements);

    /**
     * {@code target[i] = payload[i]}.
     *
     * @param payload without a {@link #problem}
     * @param target f32
     */
    void copyTo(Payload payload, MemorySegment target);

    /** {@code target[i] += payload[i]} in f32; otherwise as {@link #copyTo}. */
    void addTo(Payload payload, MemorySegment target);

    /** As {@link #copyTo}, but that rows which do not travel stay as they are. */
    default void overwrite(Payload payload, MemorySegment target) {
        copyTo(payload, target);
    }

    /**
     * For the reader: whatever the writer's settings were.
     *
     * @return nothing for an encoding of a newer version
     */
    static Optional<ChunkEncoding> reading(Encoding id) {
        return reading(id, 0);
    }

    /**
     * The same, of a chunk with rows.
     *
     * @param rowWidth elements of a row; 0 if the chunk has none
     * @return nothing also for rows of a chunk that has none
     */
    static Optional<ChunkEncoding> reading(Encoding id, int rowWidth) {
        return switch (id) {
            case ENCODING_F32 -> Optional.of(new PlainFloats());
            case ENCODING_BF16, ENCODING_F16 -> Optional.of(new HalfFloats(id));
            case ENCODING_INT8 -> Optional.of(new BlockwiseBytes());
            case ENCODING_TOP_K -> Optional.of(new LargestElements(1));
            case ENCODING_ROWS_F32 -> rows(rowWidth, new PlainFloats());
            case ENCODING_ROWS_BF16 -> rows(rowWidth, new HalfFloats(Encoding.ENCODING_BF16));
            case ENCODING_ROWS_F16 -> rows(rowWidth, new HalfFloats(Encoding.ENCODING_F16));
            case ENCODING_UNSPECIFIED, UNRECOGNIZED -> Optional.empty();
        };
    }

    private static Optional<ChunkEncoding> rows(int rowWidth, ChunkEncoding values) {
        return rowWidth == 0 ? Optional.empty() : Optional.of(new SparseRows(rowWidth, values));
    }
}
