package dev.tutti.proto.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.tutti.proto.v1.Frame;
import dev.tutti.proto.v1.FrameHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Finds header and payload in a frame's bytes, and holds the payload against its checksum. Follows protobuf's rules (fields in any order, unknown ones skipped, headers
 * merged, the last payload wins), but copies only the header.
 */
final class FrameDecoder {
    /** Job, numbers, a reason: far below this. */
    static final int MAX_HEADER_BYTES = 64 << 10;

    private static final int HEADER_TAG = Frame.HEADER_FIELD_NUMBER << 3 | 2;
    private static final int PAYLOAD_TAG = Frame.PAYLOAD_FIELD_NUMBER << 3 | 2;

    /**
     * A frame taken apart.
     *
     * @param payload views of the bytes given, without copies; empty if there is no payload
     */
    record Parts(FrameHeader header, List<ByteBuffer> payload) {}

    private final List<ByteBuffer> slices;
    private final long byteSize;
    private long position;
    private int slice;

    private FrameDecoder(List<ByteBuffer> slices) {
        this.slices = slices.stream().map(ByteBuffer::duplicate).toList();
        this.byteSize = slices.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    static Parts decode(List<ByteBuffer> slices) throws MalformedFrameException {
        return new FrameDecoder(slices).decode();
    }

    private Parts decode() throws MalformedFrameException {
        FrameHeader.Builder header = FrameHeader.newBuilder();
        List<ByteBuffer> payload = List.of();
        OptionalInt checksum = OptionalInt.empty();
        while (position < byteSize) {
            long tag = varint();
            if (tag == HEADER_TAG) {
                mergeHeader(header, length());
            } else if (tag == PAYLOAD_TAG) {
                payload = take(length());
            } else if (tag == Checksums.TAG) {
                checksum = OptionalInt.of(fixed32());
            } else {
                skip(tag);
            }
        }
        if (!payload.isEmpty()) {
            Checksums.verify(payload, checksum);
        }
        return new Parts(header.build(), payload);
    }

    private void mergeHeader(FrameHeader.Builder header, long length) throws MalformedFrameException {
        if (length > MAX_HEADER_BYTES) {
            throw new MalformedFrameException(
                    "a header of " + length + " bytes, at most " + MAX_HEADER_BYTES + " are allowed");
        }
        byte[] bytes = new byte[(int) length];
        int at = 0;
        for (ByteBuffer part : take(length)) {
            int count = part.remaining();
            part.get(bytes, at, count);
            at += count;
        }
        try {
            header.mergeFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new MalformedFrameException("a header that is not protobuf (" + e.getMessage() + ")");
        }
    }

    private void skip(long tag) throws MalformedFrameException {
        if (tag >>> 3 == 0 || tag >>> 32 != 0) {
            throw new MalformedFrameException("field tag " + tag + " at byte " + position);
        }
        switch ((int) tag & 7) {
            case 0 -> varint();
            case 1 -> take(Long.BYTES);
            case 2 -> take(length());
            case 5 -> take(Integer.BYTES);
            default -> throw new MalformedFrameException("wire type " + (tag & 7) + " at byte " + position);
        }
    }

    private long length() throws MalformedFrameException {
        long length = varint();
        if (length < 0 || length > byteSize - position) {
            throw new MalformedFrameException("a field of " + Long.toUnsignedString(length) + " bytes where "
                    + (byteSize - position) + " are left");
        }
        return length;
    }

    private long varint() throws MalformedFrameException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = nextByte();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new MalformedFrameException("a number of more than ten bytes at byte " + position);
    }

    private int fixed32() throws MalformedFrameException {
        int value = 0;
        for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
            value |= Byte.toUnsignedInt(nextByte()) << shift;
        }
        return value;
    }

    private byte nextByte() throws MalformedFrameException {
        ByteBuffer current = current();
        if (current == null) {
            throw new MalformedFrameException("it ends inside a field");
        }
        position++;
        return current.get();
    }

    /** The next bytes as views; the position moves behind them. */
    private List<ByteBuffer> take(long count) throws MalformedFrameException {
        if (count > byteSize - position) {
            throw new MalformedFrameException("it ends inside a field");
        }
        List<ByteBuffer> taken = new ArrayList<>();
        long left = count;
        while (left > 0) {
            ByteBuffer current = Objects.requireNonNull(current());
            int length = (int) Math.min(left, current.remaining());
            taken.add(current.slice(current.position(), length));
            current.position(current.position() + length);
            left -= length;
        }
        position += count;
        return taken;
    }

    private @Nullable ByteBuffer current() {
        while (slice < slices.size() && !slices.get(slice).hasRemaining()) {
            slice++;
        }
        return slice < slices.size() ? slices.get(slice) : null;
    }
}
