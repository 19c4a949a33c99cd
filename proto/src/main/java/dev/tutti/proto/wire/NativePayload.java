package dev.tutti.proto.wire;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;

/** A view of memory that the sender owns. */
record NativePayload(MemorySegment elements) implements Payload {
    static final NativePayload EMPTY = new NativePayload(MemorySegment.ofArray(new float[0]));

    @Override
    public long byteSize() {
        return elements.byteSize();
    }

    @Override
    public void copyTo(MemorySegment target) {
        Floats.requireSameSize(byteSize(), target);
        MemorySegment.copy(elements, 0, target, 0, elements.byteSize());
    }

    @Override
    public void addTo(MemorySegment target) {
        Floats.requireSameSize(byteSize(), target);
        Floats.add(elements, 0, target, 0, byteSize() / Float.BYTES);
    }

    @Override
    public List<ByteBuffer> slices() {
        return byteSize() == 0 ? List.of() : List.of(elements.asByteBuffer().asReadOnlyBuffer());
    }

    @Override
    public void copyBytes(long first, byte[] target, int at, int count) {
        MemorySegment.copy(elements, ValueLayout.JAVA_BYTE, first, target, at, count);
    }

    @Override
    public void close() {}
}
