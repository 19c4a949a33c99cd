package dev.tutti.tensor.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A kernel's argument as C lays it out: each field where its own size divides the offset. */
final class Struct {
    private static final int MOST_BYTES = 4096;

    private final ByteBuffer bytes = ByteBuffer.allocate(MOST_BYTES).order(ByteOrder.nativeOrder());

    /** Device addresses. */
    Struct addresses(long... addresses) {
        return longs(addresses);
    }

    Struct longs(long... values) {
        for (long value : values) {
            align(Long.BYTES).putLong(value);
        }
        return this;
    }

    Struct ints(int... values) {
        for (int value : values) {
            align(Integer.BYTES).putInt(value);
        }
        return this;
    }

    Struct floats(float... values) {
        for (float value : values) {
            align(Float.BYTES).putFloat(value);
        }
        return this;
    }

    /** As much of a nested struct as has been said, which ends here: what follows is aligned as its longest field. */
    Struct end() {
        align(Long.BYTES);
        return this;
    }

    /** A copy; its size is a multiple of 8. */
    MemorySegment in(Arena arena) {
        end();
        return arena.allocate(bytes.position(), Long.BYTES)
                .copyFrom(MemorySegment.ofArray(bytes.array()).asSlice(0, bytes.position()));
    }

    private ByteBuffer align(int size) {
        return bytes.position(Math.ceilDiv(bytes.position(), size) * size);
    }
}
