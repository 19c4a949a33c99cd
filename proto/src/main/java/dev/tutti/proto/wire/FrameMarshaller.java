package dev.tutti.proto.wire;

import io.grpc.Detachable;
import io.grpc.HasByteBuffer;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Frames to bytes and back, byte-compatible with the generated {@link dev.tutti.proto.v1.Frame}. Bytes that are no frame are an INVALID_ARGUMENT, and
 * DATA_LOSS if only the payload is not the one that was sent. Thread-safe.
 */
final class FrameMarshaller implements MethodDescriptor.Marshaller<ExchangeFrame> {
    static final FrameMarshaller INSTANCE = new FrameMarshaller();

    /** Bounds what a stream of unknown length may make us read; gRPC's own limit is lower unless someone raised it. */
    static final int MAX_FRAME_BYTES = 64 << 20;

    private FrameMarshaller() {}

    @Override
    public InputStream stream(ExchangeFrame frame) {
        return new FrameStream(frame);
    }

    @Override
    public ExchangeFrame parse(InputStream stream) {
        try {
            return isZeroCopy(stream) ? parseDetached(((Detachable) stream).detach()) : parseCopied(stream);
        } catch (MalformedFrameException e) {
            Status status = e instanceof CorruptPayloadException ? Status.DATA_LOSS : Status.INVALID_ARGUMENT;
            throw status.withDescription("Malformed Exchange frame: " + e.getMessage())
                    .asRuntimeException();
        } catch (IOException e) {
            throw new UncheckedIOException("An Exchange frame could not be read", e);
        }
    }

    private static boolean isZeroCopy(InputStream stream) {
        return stream instanceof Detachable
                && stream instanceof HasByteBuffer buffers
                && buffers.byteBufferSupported()
                && stream.markSupported();
    }

    /** The stream is ours from here on: the payload closes it, or this method does when there is none. */
    private static ExchangeFrame parseDetached(InputStream detached) throws IOException, MalformedFrameException {
        boolean handedOver = false;
        try {
            FrameDecoder.Parts parts = FrameDecoder.decode(views(detached));
            handedOver = !parts.payload().isEmpty();
            return handedOver
                    ? new ExchangeFrame(parts.header(), new ReceivedPayload(parts.payload(), detached))
                    : new ExchangeFrame(parts.header());
        } finally {
            if (!handedOver) {
                detached.close();
            }
        }
    }

    private static ExchangeFrame parseCopied(InputStream stream) throws IOException, MalformedFrameException {
        byte[] bytes = stream.readNBytes(MAX_FRAME_BYTES + 1);
        if (bytes.length > MAX_FRAME_BYTES) {
            throw new MalformedFrameException("longer than " + MAX_FRAME_BYTES + " bytes");
        }
        FrameDecoder.Parts parts = FrameDecoder.decode(List.of(ByteBuffer.wrap(bytes)));
        return new ExchangeFrame(parts.header(), new ReceivedPayload(parts.payload(), () -> {}));
    }

    private static List<ByteBuffer> views(InputStream detached) throws IOException {
        // Without the mark, skip() would release each buffer as soon as it is passed.
        detached.mark(Integer.MAX_VALUE);
        List<ByteBuffer> views = new ArrayList<>();
        while (detached.available() > 0) {
            ByteBuffer view = ((HasByteBuffer) detached).getByteBuffer();
            if (view == null) {
                throw new IOException("The transport ended its buffers early");
            }
            views.add(view);
            detached.skipNBytes(view.remaining());
        }
        return views;
    }
}
