package dev.tutti.worker.training;

import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.encoding.ChunkDecoders;
import dev.tutti.proto.wire.encoding.PlainFloats;
import dev.tutti.proto.wire.encoding.SparseRows;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** What {@link MemoryShards} have sent on one stream: of chunks with rows they send those only that have other bits since. */
final class SentRows {
    private final Map<Integer, Sent> last = new HashMap<>();

    private record Sent(long version, MemorySegment elements) {}

    /** @param header of the chunk, in f32 */
    ExchangeFrame frame(FrameHeader header, float[] values, int rowWidth) {
        MemorySegment elements = MemorySegment.ofArray(values);
        Sent before = last.put(header.getChunk().getChunk(), new Sent(header.getStep(), elements));
        if (rowWidth == 0 || before == null) {
            return new ExchangeFrame(header, Payload.view(elements));
        }
        SparseRows encoding = new SparseRows(rowWidth, new PlainFloats());
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) encoding.maxByteSize(values.length)]);
        long size = encoding.encode(elements, changed(before.elements, elements, rowWidth), bytes);
        FrameHeader.Builder described = header.toBuilder();
        described.getChunkBuilder().setEncoding(encoding.id()).setBasedOn(before.version);
        return new ExchangeFrame(described.build(), Payload.view(bytes.asSlice(0, size)));
    }

    private static BitSet changed(MemorySegment before, MemorySegment after, long rowWidth) {
        BitSet rows = new BitSet();
        long bytes = rowWidth * Float.BYTES;
        for (int row = 0; row < after.byteSize() / bytes; row++) {
            long begin = row * bytes;
            long end = begin + bytes;
            rows.set(row, MemorySegment.mismatch(before, begin, end, after, begin, end) >= 0);
        }
        return rows;
    }

    /** A gradient as it was pushed. */
    static float[] read(ExchangeFrame frame, int elements, int rowWidth) {
        float[] values = new float[elements];
        var decoded =
                new ChunkDecoders().decode(frame.header().getPush().getEncoding(), frame.payload(), elements, rowWidth);
        if (!(decoded instanceof ChunkDecoders.Decoded.Values(var read))) {
            throw new IllegalStateException(decoded.toString());
        }
        read.copyTo(MemorySegment.ofArray(values));
        return values;
    }
}
