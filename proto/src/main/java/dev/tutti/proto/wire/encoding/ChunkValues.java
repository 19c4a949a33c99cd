package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;

/**
 * The f32 elements of a chunk, whatever they travelled as. The payload stays its owner's.
 *
 * @param encoding that found no {@link ChunkEncoding#problem} with the payload
 * @param count of elements
 */
public record ChunkValues(ChunkEncoding encoding, Payload payload, int count) {
    /** Of elements that never travelled. */
    public static ChunkValues of(MemorySegment elements) {
        return new ChunkValues(
                new PlainFloats(), Payload.view(elements), Math.toIntExact(elements.byteSize() / Float.BYTES));
    }

    /** In f32. */
    public long byteSize() {
        return (long) count * Float.BYTES;
    }

    /** {@code target[i] = this[i]}. */
    public void copyTo(MemorySegment target) {
        encoding.copyTo(payload, target);
    }

    /** {@code target[i] = this[i]} where this has an element: rows that did not travel stay as they are. */
    public void overwrite(MemorySegment target) {
        encoding.overwrite(payload, target);
    }

    /** {@code target[i] += this[i]} in f32. */
    public void addTo(MemorySegment target) {
        encoding.addTo(payload, target);
    }
}
