package dev.tutti.proto.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** f32 arithmetic on memory as it came from the wire: little-endian, at any byte address. */
final class Floats {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Elements in a block: loops with an int counter and no further bounds are the ones C2 turns into vector code. */
    private static final int BLOCK = 1 << 16;

    private Floats() {}

    /** {@code target[targetElement + i] += source[i]} for i in [0, count), source starting at a byte. */
    static void add(MemorySegment source, long sourceByte, MemorySegment target, long targetElement, long count) {
        for (long done = 0; done < count; done += BLOCK) {
            int length = (int) Math.min(BLOCK, count - done);
            addBlock(
                    source.asSlice(sourceByte + done * Float.BYTES, (long) length * Float.BYTES),
                    target.asSlice((targetElement + done) * Float.BYTES, (long) length * Float.BYTES),
                    length);
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

    private static void addBlock(MemorySegment source, MemorySegment target, int count) {
        for (int i = 0; i < count; i++) {
            long at = (long) i * Float.BYTES;
            target.set(F32, at, target.get(F32, at) + source.get(F32, at));
        }
    }
}
