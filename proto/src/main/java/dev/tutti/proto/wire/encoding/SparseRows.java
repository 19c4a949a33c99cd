package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.TouchedRows;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.Optional;

/**
 * Some rows of a chunk, each with its number: 4 bytes, and those of its elements. Of a gradient the rows that are touched travel, and all others are 0 for the
 * receiver (never −0); of parameters those that have changed, and the others stay as they are ({@link #overwrite}).
 */
public final class SparseRows implements ChunkEncoding {
    private final int width;
    private final ChunkEncoding values;
    private final float[] sums;
    /** Rows back to back. */
    private float[] gathered = {};

    private byte[] bytes = {};

    /**
     * @param width elements of a row
     * @param values how the elements of rows travel: as f32, bf16 or f16
     */
    public SparseRows(int width, ChunkEncoding values) {
        if (width < 1) {
            throw new IllegalArgumentException("A row has an element at least, got " + width);
        }
        this.width = width;
        this.values = values;
        this.sums = new float[width];
        requireId(values.id());
    }

    @Override
    public Encoding id() {
        return requireId(values.id());
    }

    private static Encoding requireId(Encoding values) {
        return switch (values) {
            case ENCODING_F32 -> Encoding.ENCODING_ROWS_F32;
            case ENCODING_BF16 -> Encoding.ENCODING_ROWS_BF16;
            case ENCODING_F16 -> Encoding.ENCODING_ROWS_F16;
            case ENCODING_INT8,
                    ENCODING_TOP_K,
                    ENCODING_ROWS_F32,
                    ENCODING_ROWS_BF16,
                    ENCODING_ROWS_F16,
                    ENCODING_UNSPECIFIED,
                    UNRECOGNIZED ->
                throw new IllegalArgumentException("Rows travel as f32, bf16 or f16, got " + values);
        };
    }

    /** Bytes that so many rows take. */
    public long byteSizeOf(int rows) {
        return rows * (Integer.BYTES + values.maxByteSize(width));
    }

    /** Whether they take less than the whole chunk does without numbers. */
    public boolean paysFor(int rows, int elements) {
        return byteSizeOf(rows) < values.maxByteSize(elements);
    }

    @Override
    public long maxByteSize(int elements) {
        return byteSizeOf(elements / width);
    }

    @Override
    public long encode(MemorySegment elements, MemorySegment target) {
        return encode(elements, TouchedRows.of(elements, width), target);
    }

    /**
     * Writes these rows to the start of the target.
     *
     * @return bytes written
     */
    public long encode(MemorySegment elements, BitSet rows, MemorySegment target) {
        MemorySegment picked = gather(elements, rows, target);
        int count = rows.cardinality();
        values.encode(picked, target.asSlice((long) count * Integer.BYTES));
        return byteSizeOf(count);
    }

    @Override
    public long encodeKeepingRest(MemorySegment elements, MemorySegment target) {
        BitSet rows = TouchedRows.of(elements, width);
        MemorySegment picked = gather(elements, rows, target);
        int count = rows.cardinality();
        values.encodeKeepingRest(picked, target.asSlice((long) count * Integer.BYTES));
        int index = 0;
        for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
            MemorySegment.copy(picked, byteAt(index++), elements, byteAt(row), byteAt(1));
        }
        return byteSizeOf(count);
    }

    /** Writes their numbers to the target. */
    private MemorySegment gather(MemorySegment elements, BitSet rows, MemorySegment target) {
        MemorySegment picked = gathered(rows.cardinality());
        int index = 0;
        for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
            target.set(Sizes.LITTLE_INT, (long) index * Integer.BYTES, row);
            MemorySegment.copy(elements, byteAt(row), picked, byteAt(index), byteAt(1));
            index++;
        }
        return picked;
    }

    @Override
    public Optional<String> problem(Payload payload, int elements) {
        int rows = elements / width;
        long count = payload.byteSize() / byteSizeOf(1);
        if (count > rows || payload.byteSize() != byteSizeOf((int) count)) {
            return Optional.of("expected up to " + rows + " rows of " + byteSizeOf(1) + " bytes in " + Sizes.name(id())
                    + ", got " + payload.byteSize() + " bytes");
        }
        return Sizes.problem(bytes(payload, (int) count * Integer.BYTES), (int) count, rows, "rows", id());
    }

    @Override
    public void copyTo(Payload payload, MemorySegment target) {
        target.fill((byte) 0);
        addTo(payload, target);
    }

    @Override
    public void addTo(Payload payload, MemorySegment target) {
        int count = read(payload);
        for (int i = 0; i < count; i++) {
            long at = byteAt(rowAt(i));
            MemorySegment.copy(target, ValueLayout.JAVA_FLOAT_UNALIGNED, at, sums, 0, width);
            add(sums, gathered, i * width);
            MemorySegment.copy(sums, 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, at, width);
        }
    }

    private static void add(float[] sums, float[] rows, int first) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += rows[first + i];
        }
    }

    @Override
    public void overwrite(Payload payload, MemorySegment target) {
        int count = read(payload);
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(gathered, i * width, target, ValueLayout.JAVA_FLOAT_UNALIGNED, byteAt(rowAt(i)), width);
        }
    }

    /** All rows' elements are gathered then, and their numbers at the start of the bytes. */
    private int read(Payload payload) {
        int count = (int) (payload.byteSize() / byteSizeOf(1));
        MemorySegment all = bytes(payload, (int) payload.byteSize());
        values.copyTo(Payload.view(all.asSlice((long) count * Integer.BYTES)), gathered(count));
        return count;
    }

    private int rowAt(int index) {
        return MemorySegment.ofArray(bytes).get(Sizes.LITTLE_INT, (long) index * Integer.BYTES);
    }

    /** The first of a payload. */
    private MemorySegment bytes(Payload payload, int count) {
        if (bytes.length < count) {
            bytes = new byte[count];
        }
        payload.reader().read(bytes, count);
        return MemorySegment.ofArray(bytes).asSlice(0, count);
    }

    private MemorySegment gathered(int rows) {
        if (gathered.length < rows * width) {
            gathered = new float[rows * width];
        }
        return MemorySegment.ofArray(gathered).asSlice(0, byteAt(rows));
    }

    private long byteAt(int row) {
        return (long) row * width * Float.BYTES;
    }
}
