package dev.tutti.proto.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.Frame;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.ParametersGrpc;
import dev.tutti.proto.v1.Push;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class FrameMarshallerTest {
    private static final FrameHeader PUSH = FrameHeader.newBuilder()
            .setJob("job-7")
            .setShard(3)
            .setGeneration(2)
            .setStep(41)
            .setPush(Push.newBuilder()
                    .setChunk(5)
                    .setEncoding(Encoding.ENCODING_F32)
                    .setSliceEnd(4))
            .build();

    private static final Set<Status.Code> NO_FRAME_OR_CORRUPT =
            Set.of(Status.Code.INVALID_ARGUMENT, Status.Code.DATA_LOSS);

    private final FrameMarshaller marshaller = FrameMarshaller.INSTANCE;

    @Test
    void theCallIsTheGeneratedOne() {
        assertThat(Exchanges.METHOD.getFullMethodName())
                .isEqualTo(ParametersGrpc.getExchangeMethod().getFullMethodName());
        assertThat(Exchanges.METHOD.getType())
                .isEqualTo(ParametersGrpc.getExchangeMethod().getType());
    }

    @Test
    void whatIsWrittenIsWhatProtobufWrites() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            float[] elements = floats(10_001);
            byte[] written = bytes(new ExchangeFrame(PUSH, Payload.view(nativeCopy(arena, elements))));

            assertThat(written).isEqualTo(generated(PUSH, elements).toByteArray());
            assertThat(Frame.parseFrom(written)).isEqualTo(generated(PUSH, elements));
        }
    }

    @Test
    void aHeaderAloneIsWrittenAsProtobufDoes() throws IOException {
        assertThat(bytes(new ExchangeFrame(PUSH)))
                .isEqualTo(Frame.newBuilder().setHeader(PUSH).build().toByteArray());
    }

    @Test
    void readingByteByByteGivesTheSame() throws IOException {
        try (Arena arena = Arena.ofConfined();
                InputStream stream =
                        marshaller.stream(new ExchangeFrame(PUSH, Payload.view(nativeCopy(arena, floats(9)))))) {
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            for (int next = stream.read(); next >= 0; next = stream.read()) {
                read.write(next);
            }
            assertThat(read.toByteArray()).isEqualTo(generated(PUSH, floats(9)).toByteArray());
        }
    }

    @Test
    void whatProtobufWroteIsReadInPlace() {
        float[] elements = floats(1000);
        byte[] bytes = generated(PUSH, elements).toByteArray();
        for (int fragment : new int[] {1, 2, 3, 5, 7, 64, 1021, 1 << 20}) {
            FragmentedStream stream = FragmentedStream.of(bytes, fragment);

            ExchangeFrame frame = marshaller.parse(stream);

            assertThat(frame.header()).isEqualTo(PUSH);
            assertThat(toArray(frame.payload())).isEqualTo(elements);
            assertThat(stream.timesClosed()).isZero();
            frame.close();
            frame.close();
            assertThat(stream.timesClosed()).isEqualTo(1);
            assertThatThrownBy(() -> toArray(frame.payload())).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void aFrameWithoutPayloadReleasesItsBuffersAtOnce() {
        FragmentedStream stream =
                FragmentedStream.of(Frame.newBuilder().setHeader(PUSH).build().toByteArray(), 8);

        assertThat(marshaller.parse(stream).payload().byteSize()).isZero();
        assertThat(stream.timesClosed()).isEqualTo(1);
    }

    @Test
    void aStreamThatCannotBeDetachedIsCopied() {
        float[] elements = floats(50);
        ExchangeFrame frame = marshaller.parse(
                new ByteArrayInputStream(generated(PUSH, elements).toByteArray()));

        assertThat(frame.header()).isEqualTo(PUSH);
        assertThat(toArray(frame.payload())).isEqualTo(elements);
    }

    @Test
    void unknownFieldsAreSkippedAndHeadersMerged() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        UnknownFieldSet unknown = UnknownFieldSet.newBuilder()
                .addField(
                        9,
                        UnknownFieldSet.Field.newBuilder()
                                .addVarint(1L << 60)
                                .addFixed32(7)
                                .addFixed64(8)
                                .addLengthDelimited(ByteString.copyFromUtf8("later"))
                                .build())
                .build();
        unknown.writeTo(bytes);
        generated(FrameHeader.newBuilder().setJob("job-7").build(), floats(3)).writeTo(bytes);
        Frame.newBuilder()
                .setHeader(FrameHeader.newBuilder().setStep(9))
                .build()
                .writeTo(bytes);

        ExchangeFrame frame = marshaller.parse(FragmentedStream.of(bytes.toByteArray(), 4));

        assertThat(frame.header())
                .isEqualTo(FrameHeader.newBuilder().setJob("job-7").setStep(9).build());
        assertThat(toArray(frame.payload())).isEqualTo(floats(3));
    }

    @Test
    void malformedBytesAreRefusedAndReleased() throws IOException {
        byte[] whole = generated(PUSH, floats(8)).toByteArray();
        for (int length = 1; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            if (isFrame(cut)) {
                continue;
            }
            FragmentedStream stream = FragmentedStream.of(cut, 5);
            assertRefused(stream);
            assertThat(stream.timesClosed()).isEqualTo(1);
        }
    }

    @Test
    void aBitThatFlippedInThePayloadOrItsChecksumIsFound() {
        Frame whole = generated(PUSH, floats(8));
        byte[] bytes = whole.toByteArray();
        int payloadEnd = bytes.length - Checksums.FIELD_BYTES;
        int payloadBegin = payloadEnd - 8 * Float.BYTES;
        for (int bit = payloadBegin * Byte.SIZE; bit < bytes.length * Byte.SIZE; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
            FragmentedStream stream = FragmentedStream.of(flipped, 5);
            // With another tag it may be a frame whose payload has no checksum, or no frame at all.
            boolean tag = bit / Byte.SIZE == payloadEnd;
            assertRefused(stream, tag ? NO_FRAME_OR_CORRUPT : Set.of(Status.Code.DATA_LOSS));
            assertThat(stream.timesClosed()).isEqualTo(1);
        }
        assertThatThrownBy(() -> marshaller.parse(FragmentedStream.of(
                        whole.toBuilder().clearPayloadCrc32C().build().toByteArray(), 5)))
                .hasMessageContaining("a payload without its CRC-32C");
        assertThatThrownBy(() -> marshaller.parse(FragmentedStream.of(
                        whole.toBuilder().setPayloadCrc32C(1).build().toByteArray(), 5)))
                .hasMessageMatching(".*a payload whose CRC-32C is [0-9a-f]{8}, expected 00000001");
    }

    @Test
    void lengthsThatLieCostNothing() throws IOException {
        assertRefused(FragmentedStream.of(tagAndLength(1, Integer.MAX_VALUE), 16));
        assertRefused(FragmentedStream.of(tagAndLength(2, Long.MAX_VALUE), 16));
        assertRefused(FragmentedStream.of(tagAndLength(2, -1), 16));
        assertRefused(FragmentedStream.of(
                Frame.newBuilder()
                        .setHeader(FrameHeader.newBuilder().setJob("j".repeat(100_000)))
                        .build()
                        .toByteArray(),
                1 << 20));
    }

    @Test
    void randomBytesNeverDoAnythingElse() {
        Random random = new Random(5);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(40) + 1];
            random.nextBytes(bytes);
            FragmentedStream stream = FragmentedStream.of(bytes, 1 + random.nextInt(9));
            try {
                marshaller.parse(stream).close();
            } catch (StatusRuntimeException e) {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            }
            assertThat(stream.timesClosed()).isEqualTo(1);
        }
    }

    private void assertRefused(InputStream stream) {
        assertRefused(stream, Set.of(Status.Code.INVALID_ARGUMENT));
    }

    private void assertRefused(InputStream stream, Set<Status.Code> codes) {
        assertThatThrownBy(() -> marshaller.parse(stream)).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isIn(codes);
            assertThat(e).hasMessageContaining("Malformed Exchange frame");
        });
    }

    private static boolean isFrame(byte[] bytes) {
        try {
            Frame.parseFrom(bytes);
            return true;
        } catch (InvalidProtocolBufferException e) {
            return false;
        }
    }

    private byte[] bytes(ExchangeFrame frame) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (InputStream stream = marshaller.stream(frame)) {
            int length = stream.available();
            assertThat(stream).isInstanceOf(KnownLength.class);
            assertThat(((Drainable) stream).drainTo(bytes)).isEqualTo(length);
            assertThat(bytes.size()).isEqualTo(length);
        }
        return bytes.toByteArray();
    }

    private static byte[] tagAndLength(int field, long length) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeTag(field, 2);
        out.writeUInt64NoTag(length);
        out.flush();
        return bytes.toByteArray();
    }

    private static Frame generated(FrameHeader header, float[] elements) {
        ByteBuffer bytes = ByteBuffer.allocate(elements.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(elements);
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.array());
        return Frame.newBuilder()
                .setHeader(header)
                .setPayload(ByteString.copyFrom(bytes))
                .setPayloadCrc32C((int) checksum.getValue())
                .build();
    }

    private static MemorySegment nativeCopy(Arena arena, float[] elements) {
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, elements);
    }

    private static float[] toArray(Payload payload) {
        MemorySegment copy = MemorySegment.ofArray(new float[(int) (payload.byteSize() / Float.BYTES)]);
        payload.copyTo(copy);
        return copy.toArray(ValueLayout.JAVA_FLOAT);
    }

    private static float[] floats(int count) {
        Random random = new Random(count);
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = random.nextFloat() - 0.5f;
        }
        return floats;
    }
}
