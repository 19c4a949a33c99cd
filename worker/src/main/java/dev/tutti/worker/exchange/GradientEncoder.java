package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.TouchedRows;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.ChunkValues;
import dev.tutti.proto.wire.encoding.JobEncodings;
import dev.tutti.proto.wire.encoding.PlainFloats;
import dev.tutti.proto.wire.encoding.SparseRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Writes gradients as they travel. Where an encoding drops much of a gradient, what it drops is kept for each element and added to the next one that is pushed
 * (error feedback). It begins at zero with each generation. Training thread only.
 */
final class GradientEncoder {
    private final ChunkEncoding encoding;
    /** f32, as long as all parameters. */
    private final Optional<MemorySegment> rest;
    /** By their width. */
    private final Map<Integer, Optional<SparseRows>> rows = new HashMap<>();

    /** @param arena of the memory for what is kept, if anything is */
    GradientEncoder(ChunkEncoding encoding, long parameterBytes, Arena arena) {
        this.encoding = encoding;
        this.rest = JobEncodings.keepsRest(encoding)
                ? Optional.of(arena.allocate(parameterBytes, Float.BYTES))
                : Optional.empty();
    }

    Encoding id() {
        return encoding.id();
    }

    /** Whether the gradients' own memory can be sent as it is. */
    boolean isPlain() {
        return encoding instanceof PlainFloats;
    }

    /** How the rows of a chunk travel that its gradient touches; none if it has none, or if the whole chunk takes no more. */
    Optional<FewRows> fewRows(ChunkTable.Chunk chunk, MemorySegment gradient) {
        Optional<SparseRows> its = rows.computeIfAbsent(chunk.rowWidth(), width -> JobEncodings.rows(encoding, width));
        return its.flatMap(sparse -> {
            BitSet touched = TouchedRows.of(gradient, chunk.rowWidth());
            return sparse.paysFor(touched.cardinality(), chunk.elementCount())
                    ? Optional.of(new FewRows(sparse, touched))
                    : Optional.empty();
        });
    }

    /** Rows of a chunk. */
    record FewRows(SparseRows encoding, BitSet rows) {
        long encode(MemorySegment gradient, MemorySegment target) {
            return encoding.encode(gradient, rows, target);
        }
    }

    /** Bytes of a gradient of so many at most. */
    long maxByteSize(long f32Bytes) {
        return encoding.maxByteSize(Math.toIntExact(f32Bytes / Float.BYTES));
    }

    /**
     * Writes a chunk's gradient to the start of the target.
     *
     * @return bytes written
     */
    long encode(ChunkTable.Chunk chunk, MemorySegment gradient, MemorySegment target) {
        if (rest.isEmpty()) {
            return encoding.encode(gradient, target);
        }
        MemorySegment kept = rest.get().asSlice(chunk.byteOffset(), chunk.byteSize());
        ChunkValues.of(gradient).addTo(kept);
        return encoding.encodeKeepingRest(kept, target);
    }
}
