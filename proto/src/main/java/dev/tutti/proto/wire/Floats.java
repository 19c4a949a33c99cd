package dev.tutti.proto.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** f32 arithmetic on memory as it came from the wire: little-endian, at any byte address. */
final class Floats {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * Elements in a block: two arrays of this length stay in the first-level cache. The sums are made in arrays because the JIT
     * compiler vectorizes loops over arrays, which cannot overlap in part, but not over two native segments, which might.
     */
    private static final int BLOCK = 1024;

    private Floats() {}

    /** {@code target[targetElement + i] += source[i]} for i in [0, count), source starting at a byte. */
    static void add(MemorySegment source, long sourceByte, MemorySegment target, long targetElement, long count) {
        float[] addends = new float[BLOCK];
        float[] sums = new float[BLOCK];
        for (long done = 0; done < count; done += BLOCK) {
            int length = (int) Math.min(BLOCK, count - done);
            long at = (targetElement + done) * Float.BYTES;
            MemorySegment.copy(source, F32, sourceByte + done * Float.BYTES, addends, 0, length);
            MemorySegment.copy(target, F32, at, sums, 0, length);
            for (int i = 0; i < length; i++) {
                sums[i] += addends[i];
            }
            MemorySegment.copy(sums, 0, target, F32, at, length);
        }
    }

    static void addOne(int bits, MemorySegment target, long element) {
        float sum = target.get(F32, element * Float.BYTES) + Float.intBitsToFloat(bits);
        target.set(F32, element * Float.BYTES, sum);
    }

    static int unsignedByte(MemorySegment bytes, long at) {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, at));
    }

    static void requireSameSize(long payloadBytes, MemorySegment target) {
        if (payloadBytes != target.byteSize()) {
            throw new IllegalArgumentException(
                    "The payload has " + payloadBytes + " bytes, its target " + target.byteSize());
        }
    }
}
