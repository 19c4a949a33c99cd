package dev.tutti.parameterserver.shard;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.encoding.HalfFloats;
import dev.tutti.proto.wire.encoding.PlainFloats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A worker's stream that remembers what came; it takes as many frames as it is told to. */
final class RecordingStream implements WorkerStream {
    final List<Received> received = new ArrayList<>();
    int credit = Integer.MAX_VALUE;
    /** Frames the shard kept for a while. */
    int takenLater;

    @Nullable
    String refused;

    @Nullable
    String ended;

    record Received(FrameHeader header, MemorySegment parameters) {
        int chunk() {
            return header.getChunk().getChunk();
        }

        long version() {
            return header.getStep();
        }
    }

    /** What came since the last call, as {@code chunk@version}. */
    List<String> takeVersions() {
        List<String> versions = received.stream()
                .filter(frame -> frame.header.hasChunk())
                .map(frame -> frame.chunk() + "@" + frame.version())
                .toList();
        received.clear();
        return versions;
    }

    /** The parameters of a chunk as they came last. */
    float[] parameters(int chunk) {
        return received.stream()
                .filter(frame -> frame.header.hasChunk() && frame.chunk() == chunk)
                .reduce((_, last) -> last)
                .orElseThrow()
                .parameters()
                .toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public boolean isReady() {
        return credit > 0;
    }

    @Override
    public void send(ExchangeFrame frame) {
        if (credit <= 0) {
            throw new IllegalStateException("Sent while the stream was not ready");
        }
        credit--;
        received.add(new Received(frame.header(), floats(frame)));
    }

    /** Whatever they travelled as: f32 or half of it. */
    private static MemorySegment floats(ExchangeFrame frame) {
        Encoding encoding = frame.header().getChunk().getEncoding();
        boolean half = encoding == Encoding.ENCODING_BF16 || encoding == Encoding.ENCODING_F16;
        int count = (int) (frame.payload().byteSize() / (half ? Short.BYTES : Float.BYTES));
        MemorySegment copy = MemorySegment.ofArray(new float[count]);
        (half ? new HalfFloats(encoding) : new PlainFloats()).copyTo(frame.payload(), copy);
        return copy;
    }

    @Override
    public void takeNext() {
        takenLater++;
    }

    @Override
    public void refuse(String reason) {
        refused = reason;
    }

    @Override
    public void end(String reason) {
        ended = reason;
    }
}
