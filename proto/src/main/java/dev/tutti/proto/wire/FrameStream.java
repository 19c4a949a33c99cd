package dev.tutti.proto.wire;

import com.google.protobuf.CodedOutputStream;
import dev.tutti.proto.v1.Frame;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.zip.CRC32C;

/** One frame's bytes: header field, payload tag and length, then the payload straight from where it lies, then its checksum. */
final class FrameStream extends InputStream implements Drainable, KnownLength {
    /** Small enough to stay in the first-level cache between the copy out of the payload and the copy into the transport. */
    private static final int COPY_BYTES = 16 << 10;

    private final byte[] prefix;
    private final Payload payload;
    private final long payloadEnd;
    private final long byteSize;
    /** Of the payload's bytes that have been read, which is all of them once the checksum is. */
    private final CRC32C checksum = new CRC32C();

    private long position;

    FrameStream(ExchangeFrame frame) {
        this.prefix = prefix(frame);
        this.payload = frame.payload();
        this.payloadEnd = prefix.length + payload.byteSize();
        this.byteSize = payloadEnd + (payload.byteSize() == 0 ? 0 : Checksums.FIELD_BYTES);
        if (byteSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("A frame has fewer than 2 GiB, got " + byteSize + " bytes");
        }
    }

    @Override
    public int available() {
        return (int) (byteSize - position);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        byte[] copy = new byte[Math.min(COPY_BYTES, available())];
        int drained = 0;
        for (int count = read(copy, 0, copy.length); count > 0; count = read(copy, 0, copy.length)) {
            target.write(copy, 0, count);
            drained += count;
        }
        return drained;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] target, int at, int length) {
        if (length == 0) {
            return 0;
        }
        if (position == byteSize) {
            return -1;
        }
        int count;
        if (position < prefix.length) {
            count = (int) Math.min(length, prefix.length - position);
            System.arraycopy(prefix, (int) position, target, at, count);
        } else if (position < payloadEnd) {
            count = (int) Math.min(length, payloadEnd - position);
            payload.copyBytes(position - prefix.length, target, at, count);
            checksum.update(target, at, count);
        } else {
            count = Math.min(length, available());
            byte[] field = Checksums.field((int) checksum.getValue());
            System.arraycopy(field, (int) (position - payloadEnd), target, at, count);
        }
        position += count;
        return count;
    }

    private static byte[] prefix(ExchangeFrame frame) {
        long payloadBytes = frame.payload().byteSize();
        int size = CodedOutputStream.computeMessageSize(Frame.HEADER_FIELD_NUMBER, frame.header());
        if (payloadBytes > 0) {
            size += CodedOutputStream.computeTagSize(Frame.PAYLOAD_FIELD_NUMBER)
                    + CodedOutputStream.computeUInt64SizeNoTag(payloadBytes);
        }
        byte[] prefix = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(prefix);
        try {
            out.writeMessage(Frame.HEADER_FIELD_NUMBER, frame.header());
            if (payloadBytes > 0) {
                out.writeTag(Frame.PAYLOAD_FIELD_NUMBER, 2);
                out.writeUInt64NoTag(payloadBytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The header's size was computed wrongly", e);
        }
        out.checkNoSpaceLeft();
        return prefix;
    }
}
