package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.PayloadReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * A signed byte an element and a scale for each block of 256: element = byte · scale, scale = the block's largest magnitude ÷ 127 (as in Dettmers et al. 2022,
 * with linear steps). About a quarter of f32.
 */
public final class BlockwiseBytes implements ChunkEncoding {
    private static final int BLOCK = 256;
    private static final int LARGEST = 127;
    private static final ValueLayout.OfFloat LITTLE =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final F32Block block = new F32Block();
    private final int[] steps = new int[BLOCK];
    private final byte[] bytes = new byte[Float.BYTES + BLOCK];

    @Override
    public Encoding id() {
        return Encoding.ENCODING_INT8;
    }

    @Override
    public long maxByteSize(int elements) {
        return elements + (long) Math.ceilDiv(elements, BLOCK) * Float.BYTES;
    }

    @Override
    public long encode(MemorySegment elements, MemorySegment target) {
        return encode(elements, target, false);
    }

    @Override
    public long encodeKeepingRest(MemorySegment elements, MemorySegment target) {
        return encode(elements, target, true);
    }

    private long encode(MemorySegment elements, MemorySegment target, boolean keepsRest) {
        long count = elements.byteSize() / Float.BYTES;
        long written = 0;
        for (long first = 0; first < count; first += BLOCK) {
            int length = (int) Math.min(BLOCK, count - first);
            block.load(elements, first, length);
            float scale = largest(block.values, length) / LARGEST;
            target.set(LITTLE, written, scale);
            quantize(block.values, scale == 0 ? 0 : 1 / scale, steps, length);
            takeLower(steps, bytes, length);
            MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, written + Float.BYTES, length);
            if (keepsRest) {
                multiply(bytes, 0, scale, block.values, length);
                block.subtractFrom(elements, first, length);
            }
            written += Float.BYTES + length;
        }
        return written;
    }

    @Override
    public Optional<String> problem(Payload payload, int elements) {
        return Sizes.problem(payload, maxByteSize(elements), id());
    }

    @Override
    public void copyTo(Payload payload, MemorySegment target) {
        PayloadReader reader = payload.reader();
        long count = target.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += BLOCK) {
            int length = (int) Math.min(BLOCK, count - first);
            read(reader, length);
            block.store(target, first, length);
        }
    }

    @Override
    public void addTo(Payload payload, MemorySegment target) {
        PayloadReader reader = payload.reader();
        long count = target.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += BLOCK) {
            int length = (int) Math.min(BLOCK, count - first);
            read(reader, length);
            block.addTo(target, first, length);
        }
    }

    private void read(PayloadReader reader, int count) {
        reader.read(bytes, Float.BYTES + count);
        float scale = MemorySegment.ofArray(bytes).get(LITTLE, 0);
        multiply(bytes, Float.BYTES, scale, block.values, count);
    }

    private static float largest(float[] x, int count) {
        float largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return largest;
    }

    /** To the nearest step. */
    private static void quantize(float[] x, float inverse, int[] y, int count) {
        for (int i = 0; i < count; i++) {
            float step = x[i] * inverse;
            y[i] = (int) (step + Math.copySign(0.5f, step));
        }
    }

    private static void takeLower(int[] x, byte[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = (byte) x[i];
        }
    }

    private static void multiply(byte[] x, int from, float scale, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = x[from + i] * scale;
        }
    }
}
