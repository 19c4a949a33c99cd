package dev.tutti.parameterserver.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.tutti.parameterserver.checkpoint.CheckpointWriter;
import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.parameterserver.shard.Jobs;
import dev.tutti.parameterserver.shard.RecordedCheckpoints;
import dev.tutti.parameterserver.shard.SerialShard;
import dev.tutti.parameterserver.shard.Shard;
import dev.tutti.parameterserver.shard.ShardDirectory;
import dev.tutti.parameterserver.shard.ShardSettings;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import dev.tutti.proto.checkpoint.SafeTensor;
import dev.tutti.proto.checkpoint.SafeTensorsReader;
import dev.tutti.proto.v1.CheckpointFile;
import dev.tutti.proto.v1.CheckpointManifest;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.CheckpointPartFailed;
import dev.tutti.proto.v1.Frame;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.ParametersGrpc;
import dev.tutti.proto.wire.ExchangeFrame;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A shard over real sockets: one client is Tutti's own, one is the generated stub, as any other language would have it. */
@Timeout(60)
class ExchangeServiceTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path folder;

    private final ParameterServerMetrics metrics = new ParameterServerMetrics(new SimpleMeterRegistry());
    private final ShardDirectory directory = new ShardDirectory();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final ExecutorService disk = Executors.newVirtualThreadPerTaskExecutor();
    private final BlockingQueue<CheckpointPart> parts = new LinkedBlockingQueue<>();

    @SuppressWarnings("NullAway.Init")
    private Server server;

    @SuppressWarnings("NullAway.Init")
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = NettyServerBuilder.forAddress(any)
                .addService(ExchangeService.of(directory, metrics))
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .usePlaintext()
                .disableRetry()
                .build();
    }

    @AfterEach
    void stop() throws InterruptedException {
        directory.all().forEach(shard -> shard.close("The test is over"));
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        thread.close();
        disk.close();
    }

    private SerialShard open(ShardSettings settings) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        SerialShard shard = new SerialShard(settings, thread, failure::complete);
        CheckpointWriter writer = new CheckpointWriter(settings, disk, metrics, new CheckpointWriter.Listener() {
            @Override
            public void written(CheckpointPart part) {
                parts.add(part);
            }

            @Override
            public void failed(CheckpointPartFailed part) {
                failure.complete(new IOException(part.getReason()));
            }
        });
        shard.open(() -> {
            Shard created = new Shard(settings, metrics, writer);
            created.fence(1);
            return created;
        });
        directory.add(shard);
        return shard;
    }

    @Test
    void twoWorkersTrainAndTheCheckpointHoldsWhatTheyWereSent() throws Exception {
        ShardSettings settings = Jobs.synchronous(2, folder);
        open(settings);
        ExchangeClient first = new ExchangeClient(channel);
        ExchangeClient second = new ExchangeClient(channel);
        for (ExchangeClient client : new ExchangeClient[] {first, second}) {
            client.send(new ExchangeFrame(Jobs.open(1, 0)));
        }
        float[] flat = new float[47];
        takeAll(first, 0, flat);
        takeAll(second, 0, flat);
        for (int step = 1; step <= 2; step++) {
            for (int chunk = 2; chunk >= 0; chunk--) {
                float[] gradient = Jobs.constant(chunk == 2 ? 15 : 16, 0.125f * step);
                first.send(Jobs.push(1, step, chunk, 0, 1, gradient));
                second.send(Jobs.push(1, step, chunk, 1, 2, gradient));
            }
            float[] other = new float[47];
            takeAll(first, step, flat);
            takeAll(second, step, other);
            assertThat(flat).isEqualTo(other);
        }

        CheckpointPart part = parts.take();
        Path whole = CheckpointFolder.publish(folder, manifest(settings, part));
        CheckpointFolder.verify(whole);
        Path file = whole.resolve(part.getFile());
        try (SafeTensorsReader reader = SafeTensorsReader.open(file)) {
            assertThat(reader.tensors())
                    .extracting(SafeTensor::name)
                    .containsExactly(
                            "dense-1.weight",
                            "dense-1.bias",
                            "momentum_buffer/dense-1.weight",
                            "momentum_buffer/dense-1.bias");
            assertThat(floats(reader, "dense-1.weight")).isEqualTo(Arrays.copyOfRange(flat, 0, 40));
            assertThat(floats(reader, "dense-1.bias")).isEqualTo(Arrays.copyOfRange(flat, 40, 47));
        }
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                .contains("\"step\":\"2\"", "\"updates\":\"2 2 2\"");
        first.halfClose();
        assertThat(first.closed().get().isOk()).isTrue();
    }

    @Test
    void aClientOfTheProtoFilesAloneIsUnderstood() throws Exception {
        open(Jobs.asynchronous(folder));
        BlockingQueue<Frame> frames = new LinkedBlockingQueue<>();
        CompletableFuture<Status> closed = new CompletableFuture<>();
        StreamObserver<Frame> requests = ParametersGrpc.newStub(channel).exchange(new StreamObserver<>() {
            @Override
            public void onNext(Frame frame) {
                frames.add(frame);
            }

            @Override
            public void onError(Throwable cause) {
                closed.complete(Status.fromThrowable(cause));
            }

            @Override
            public void onCompleted() {
                closed.complete(Status.OK);
            }
        });
        requests.onNext(Frame.newBuilder().setHeader(Jobs.open(1, 0)).build());
        ExchangeFrame push = Jobs.batch(2, 0, 0, 0, Jobs.constant(15, 1));
        byte[] elements = new byte[(int) push.payload().byteSize()];
        push.payload().copyBytes(0, elements, 0, elements.length);
        CRC32C checksum = new CRC32C();
        checksum.update(elements);
        requests.onNext(Frame.newBuilder()
                .setHeader(push.header())
                .setPayload(ByteString.copyFrom(elements))
                .setPayloadCrc32C((int) checksum.getValue())
                .build());

        Frame answer = frames.take();
        assertThat(answer.getHeader().getStep()).isEqualTo(1);
        ByteBuffer bias = answer.getPayload().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bias.getFloat(8 * Float.BYTES)).isEqualTo(0.5f);

        requests.onNext(Frame.newBuilder().setHeader(Jobs.open(1, 0)).build());
        assertThat(frames.take().getHeader().getRefused().getReason())
                .contains("a Push, a Pull, a Clock or a Decision");
        assertThat(closed.get().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    }

    @Test
    void bytesThatAreNoFrameEndTheStreamAndNothingElse() throws Exception {
        open(Jobs.synchronous(1, folder));
        RawClient broken = new RawClient(channel);
        broken.send(new byte[] {10, 127, 1, 2, 3});
        assertThat(broken.closed().getDescription()).contains("Malformed Exchange frame");
        assertThat(broken.closed().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        ExchangeClient next = new ExchangeClient(channel);
        next.send(new ExchangeFrame(Jobs.open(1, 0)));
        takeAll(next, 0, new float[47]);
    }

    @Test
    void anUnknownShardIsNotFound() throws Exception {
        ExchangeClient client = new ExchangeClient(channel);
        client.send(new ExchangeFrame(Jobs.open(1, 0)));
        assertThat(client.take().header().getRefused().getReason())
                .isEqualTo("This parameter server holds no shard 0 of job job-1");
        assertThat(client.closed().get().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    }

    @Test
    void aStreamBeginsWithOpenAndKeepsToItsShard() throws Exception {
        open(Jobs.synchronous(1, folder));
        ExchangeClient early = new ExchangeClient(channel);
        early.send(Jobs.push(1, 1, 0, 0, 1, Jobs.constant(16, 1)));
        assertThat(early.take().header().getRefused().getReason())
                .isEqualTo("A stream's first frame is Open, got PUSH");

        ExchangeClient stray = new ExchangeClient(channel);
        stray.send(new ExchangeFrame(Jobs.open(1, 0)));
        takeAll(stray, 0, new float[47]);
        FrameHeader header = Jobs.header(1).setShard(7).build();
        stray.send(new ExchangeFrame(header));
        assertThat(stray.take().header().getRefused().getReason())
                .isEqualTo("A frame for shard 7 of job job-1 on the stream of shard 0 of job job-1");
    }

    @Test
    void aWorkerThatDoesNotReadDoesNotHoldUpTheOthers() throws Exception {
        SerialShard shard = open(Jobs.asynchronous(folder));
        ExchangeClient deaf = ExchangeClient.thatDoesNotRead(channel);
        deaf.send(new ExchangeFrame(Jobs.open(1, 0)));
        ExchangeClient busy = new ExchangeClient(channel);
        busy.send(new ExchangeFrame(Jobs.open(1, 0)));
        for (int batch = 0; batch < 300; batch++) {
            deaf.send(Jobs.batch(0, 0, 2 * batch, 0, Jobs.constant(16, 0)));
            busy.send(Jobs.batch(1, 0, 2 * batch + 1, 0, Jobs.constant(16, 0)));
            assertThat(busy.take().header().getStep()).isEqualTo(batch + 1);
        }
        CompletableFuture<Long> versions = new CompletableFuture<>();
        shard.execute(open -> versions.complete(open.completeStep()), () -> versions.complete(-1L));
        assertThat(versions.get()).isZero();
        deaf.cancel();
    }

    @Test
    void releasingAShardEndsItsStreamsWithTheReason() throws Exception {
        SerialShard shard = open(Jobs.synchronous(1, folder));
        ExchangeClient client = new ExchangeClient(channel);
        client.send(new ExchangeFrame(Jobs.open(1, 0)));
        takeAll(client, 0, new float[47]);
        shard.close("The job has ended");
        assertThat(client.closed().get().getDescription()).isEqualTo("The job has ended");
        ExchangeClient late = new ExchangeClient(channel);
        late.send(new ExchangeFrame(Jobs.open(1, 0)));
        assertThat(late.closed().get().getDescription()).isEqualTo("The shard has been released");
    }

    @Test
    void aTaskThatThrowsClosesTheShardAndSaysWhy() throws Exception {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        SerialShard shard = new SerialShard(Jobs.synchronous(1, folder), thread, failure::complete);
        shard.open(() -> new Shard(Jobs.synchronous(0, folder), metrics, new RecordedCheckpoints()));
        assertThat(failure.get()).hasMessage("A step has at least one slice, got 0");
        CompletableFuture<String> later = new CompletableFuture<>();
        shard.execute(_ -> later.complete("open"), () -> later.complete("gone"));
        assertThat(later.get()).isEqualTo("gone");
    }

    private static void takeAll(ExchangeClient client, long version, float[] flat) throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            ExchangeClient.Received frame = client.take();
            assertThat(frame.header().getStep()).isEqualTo(version);
            int chunk = frame.header().getChunk().getChunk();
            frame.elements().asFloatBuffer().get(flat, chunk * 16, chunk == 2 ? 15 : 16);
        }
    }

    private static CheckpointManifest manifest(ShardSettings settings, CheckpointPart part) {
        return CheckpointManifest.newBuilder()
                .setFormat(CheckpointFolder.FORMAT)
                .setStep(part.getStep())
                .addAllTensors(settings.map().getTensorsList())
                .addFiles(CheckpointFile.newBuilder()
                        .setName(part.getFile())
                        .setBytes(part.getBytes())
                        .setSha256(part.getSha256())
                        .setEnd(47))
                .build();
    }

    private static float[] floats(SafeTensorsReader reader, String name) throws IOException {
        SafeTensor tensor = reader.tensor(name).orElseThrow();
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.toIntExact(tensor.byteSize())).order(ByteOrder.LITTLE_ENDIAN);
        reader.read(tensor, 0, bytes);
        float[] floats = new float[Math.toIntExact(tensor.elementCount())];
        bytes.flip().asFloatBuffer().get(floats);
        return floats;
    }
}
