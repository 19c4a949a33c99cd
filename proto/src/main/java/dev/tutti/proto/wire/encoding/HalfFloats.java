package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.PayloadReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;

/** bf16 or f16: 2 bytes an element. A number that is too large for f16 becomes the largest, so that it does not turn into an infinity on the way. */
public final class HalfFloats implements ChunkEncoding {
    private static final ValueLayout.OfShort LITTLE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float LARGEST_F16 = 65504;

    private final Encoding id;
    private final F32Block block = new F32Block();
    private final int[] bits = new int[F32Block.LENGTH];
    private final short[] halves = new short[F32Block.LENGTH];
    private final byte[] bytes = new byte[F32Block.LENGTH * Short.BYTES];

    /** @param id {@link Encoding#ENCODING_BF16} or {@link Encoding#ENCODING_F16} */
    public HalfFloats(Encoding id) {
        if (id != Encoding.ENCODING_BF16 && id != Encoding.ENCODING_F16) {
            throw new IllegalArgumentException("Expected bf16 or f16, got " + id);
        }
        this.id = id;
    }

    @Override
    public Encoding id() {
        return id;
    }

    @Override
    public long maxByteSize(int elements) {
        return (long) elements * Short.BYTES;
    }

    @Override
    public long encode(MemorySegment elements, MemorySegment target) {
        long count = elements.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += F32Block.LENGTH) {
            narrow(elements, first, F32Block.length(elements, first), target);
        }
        return count * Short.BYTES;
    }

    @Override
    public long encodeKeepingRest(MemorySegment elements, MemorySegment target) {
        long count = elements.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += F32Block.LENGTH) {
            int length = F32Block.length(elements, first);
            narrow(elements, first, length, target);
            widen(length);
            block.subtractFrom(elements, first, length);
        }
        return count * Short.BYTES;
    }

    private void narrow(MemorySegment elements, long first, int count, MemorySegment target) {
        if (id == Encoding.ENCODING_BF16) {
            MemorySegment.copy(elements, ValueLayout.JAVA_INT_UNALIGNED, first * Float.BYTES, bits, 0, count);
            roundToBf16(bits, count);
            takeLower(bits, halves, count);
        } else {
            block.load(elements, first, count);
            narrowToF16(block.values, halves, count);
        }
        MemorySegment.copy(halves, 0, target, LITTLE, first * Short.BYTES, count);
    }

    @Override
    public Optional<String> problem(Payload payload, int elements) {
        return Sizes.problem(payload, maxByteSize(elements), id);
    }

    @Override
    public void copyTo(Payload payload, MemorySegment target) {
        PayloadReader reader = payload.reader();
        long count = target.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += F32Block.LENGTH) {
            int length = F32Block.length(target, first);
            read(reader, length);
            block.store(target, first, length);
        }
    }

    @Override
    public void addTo(Payload payload, MemorySegment target) {
        PayloadReader reader = payload.reader();
        long count = target.byteSize() / Float.BYTES;
        for (long first = 0; first < count; first += F32Block.LENGTH) {
            int length = F32Block.length(target, first);
            read(reader, length);
            block.addTo(target, first, length);
        }
    }

    private void read(PayloadReader reader, int count) {
        reader.read(bytes, count * Short.BYTES);
        MemorySegment.copy(MemorySegment.ofArray(bytes), LITTLE, 0, halves, 0, count);
        widen(count);
    }

    /** Of the halves, to the block's values. */
    private void widen(int count) {
        if (id == Encoding.ENCODING_BF16) {
            widenBf16(halves, bits, count);
            MemorySegment.copy(
                    MemorySegment.ofArray(bits), 0, MemorySegment.ofArray(block.values), 0, (long) count * Float.BYTES);
        } else {
            widenF16(halves, block.values, count);
        }
    }

    /** To nearest, ties to even; of a NaN the upper half with the quiet bit. */
    private static void roundToBf16(int[] x, int count) {
        for (int i = 0; i < count; i++) {
            int value = x[i];
            int notANumber = (0x7f800000 - (value & 0x7fffffff)) >> 31;
            int rounded = (value + 0x7fff + ((value >>> 16) & 1)) & ~notANumber;
            x[i] = (rounded | ((value | 0x00400000) & notANumber)) >>> 16;
        }
    }

    private static void takeLower(int[] x, short[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = (short) x[i];
        }
    }

    private static void widenBf16(short[] x, int[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = x[i] << 16;
        }
    }

    private static void narrowToF16(float[] x, short[] y, int count) {
        for (int i = 0; i < count; i++) {
            x[i] = Math.max(-LARGEST_F16, Math.min(LARGEST_F16, x[i]));
        }
        for (int i = 0; i < count; i++) {
            y[i] = Float.floatToFloat16(x[i]);
        }
    }

    private static void widenF16(short[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = Float.float16ToFloat(x[i]);
        }
    }
}
