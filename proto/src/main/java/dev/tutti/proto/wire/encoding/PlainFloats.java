package dev.tutti.proto.wire.encoding;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.wire.Payload;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The elements as they are: 4 bytes each. A sender may as well send a view of them. */
public final class PlainFloats implements ChunkEncoding {
    @Override
    public Encoding id() {
        return Encoding.ENCODING_F32;
    }

    @Override
    public long maxByteSize(int elements) {
        return (long) elements * Float.BYTES;
    }

    @Override
    public long encode(MemorySegment elements, MemorySegment target) {
        MemorySegment.copy(elements, 0, target, 0, elements.byteSize());
        return elements.byteSize();
    }

    @Override
    public long encodeKeepingRest(MemorySegment elements, MemorySegment target) {
        long written = encode(elements, target);
        elements.fill((byte) 0);
        return written;
    }

    @Override
    public Optional<String> problem(Payload payload, int elements) {
        return Sizes.problem(payload, maxByteSize(elements), id());
    }

    @Override
    public void copyTo(Payload payload, MemorySegment target) {
        payload.copyTo(target);
    }

    @Override
    public void addTo(Payload payload, MemorySegment target) {
        payload.addTo(target);
    }
}
