package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * Only the elements of the largest magnitude, each with its index: 8 bytes for each that travels (Aji and Heafield 2017). Of equal ones the first
 * travel. The others are 0 for the receiver.
 */
public final class LargestElements implements ChunkEncoding {
    private static final ValueLayout.OfFloat LITTLE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAGNITUDE = 0x7fffffff;
    /** Magnitudes are counted by their upper bits first, then by their lower. */
    private static final int LOWER_BITS = 15;

    private final double share;
    private final int[] upper = new int[1 << (Integer.SIZE - 1 - LOWER_BITS)];

    private final int[] lower = new int[1 << LOWER_BITS];
    private int[] bits = {};

    /** @param share of a chunk's elements that travel, more than 0 and at most 1 */
    public LargestElements(double share) {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("A share is more than 0 and at most 1, got " + share);
        }
        this.share = share;
    }

    @Override
    public Encoding id() {
        return Encoding.ENCODING_TOP_K;
    }

    @Override
    public long maxByteSize(int elements) {
        return byteSize(kept(elements));
    }

    static long byteSize(int kept) {
        return Integer.BYTES + (long) kept * (Integer.BYTES + Float.BYTES);
    }

    private int kept(int elements) {
        return (int) Math.min(elements, Math.ceil(share * elements));
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
        int count = Math.toIntExact(elements.byteSize() / Float.BYTES);
        int kept = kept(count);
        if (bits.length < count) {
            bits = new int[count];
        }
        MemorySegment.copy(elements, ValueLayout.JAVA_INT_UNALIGNED, 0, bits, 0, count);
        int threshold = threshold(count, kept);
        int equal = kept - larger(count, threshold);
        target.set(Sizes.LITTLE_INT, 0, kept);
        long index = Integer.BYTES;
        long value = index + (long) kept * Integer.BYTES;
        for (int i = 0; i < count; i++) {
            int magnitude = bits[i] & MAGNITUDE;
            if (magnitude > threshold || (magnitude == threshold && equal-- > 0)) {
                target.set(Sizes.LITTLE_INT, index, i);
                target.set(Sizes.LITTLE_INT, value, bits[i]);
                index += Integer.BYTES;
                value += Float.BYTES;
                if (keepsRest) {
                    elements.set(ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, 0);
                }
            }
        }
        return byteSize(kept);
    }

    /** The magnitude, as bits, of the kept-largest element. The bits of positive floats are ordered as the floats are. */
    private int threshold(int count, int kept) {
        Arrays.fill(upper, 0);
        for (int i = 0; i < count; i++) {
            upper[(bits[i] & MAGNITUDE) >>> LOWER_BITS]++;
        }
        int high = upper.length;
        int left = kept;
        do {
            high--;
            left -= upper[high];
        } while (left > 0);
        left += upper[high];
        Arrays.fill(lower, 0);
        for (int i = 0; i < count; i++) {
            if ((bits[i] & MAGNITUDE) >>> LOWER_BITS == high) {
                lower[bits[i] & (lower.length - 1)]++;
            }
        }
        int low = lower.length;
        do {
            low--;
            left -= lower[low];
        } while (left > 0);
        return high << LOWER_BITS | low;
    }

    private int larger(int count, int threshold) {
        int larger = 0;
        for (int i = 0; i < count; i++) {
            larger += (bits[i] & MAGNITUDE) > threshold ? 1 : 0;
        }
        return larger;
    }

    @Override
    public Optional<String> problem(Payload payload, int elements) {
        if (payload.byteSize() < Integer.BYTES) {
            return Optional.of("expected 4 bytes of top-k or more, got " + payload.byteSize());
        }
        MemorySegment bytes = bytes(payload);
        int count = bytes.get(Sizes.LITTLE_INT, 0);
        if (count < 0 || count > elements || byteSize(count) != payload.byteSize()) {
            return Optional.of("expected up to " + elements + " elements of top-k in " + payload.byteSize()
                    + " bytes, got " + Integer.toUnsignedString(count));
        }
        return Sizes.problem(bytes.asSlice(indexAt(0)), count, elements, "indices", id());
    }

    @Override
    public void copyTo(Payload payload, MemorySegment target) {
        target.fill((byte) 0);
        addTo(payload, target);
    }

    @Override
    public void addTo(Payload payload, MemorySegment target) {
        MemorySegment bytes = bytes(payload);
        int count = bytes.get(Sizes.LITTLE_INT, 0);
        long values = indexAt(count);
        for (int i = 0; i < count; i++) {
            long at = (long) bytes.get(Sizes.LITTLE_INT, indexAt(i)) * Float.BYTES;
            float sum = target.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at)
                    + bytes.get(LITTLE_FLOAT, values + (long) i * Float.BYTES);
            target.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, sum);
        }
    }

    private static long indexAt(int i) {
        return Integer.BYTES + (long) i * Integer.BYTES;
    }

    private static MemorySegment bytes(Payload payload) {
        byte[] bytes = new byte[Math.toIntExact(payload.byteSize())];
        payload.reader().read(bytes, bytes.length);
        return MemorySegment.ofArray(bytes);
    }
}
