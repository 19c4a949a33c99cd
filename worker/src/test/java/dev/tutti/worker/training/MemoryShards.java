package dev.tutti.worker.training;

import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Clock;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.Fenced;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.v1.Training;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Exchanges;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.proto.wire.SliceTree;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The simplest parameter server that keeps the contract of {@code parameters.proto}: all shards of one job behind one port on loopback, plain
 * gradient descent, one lock, everything in f32 arrays. It stands in for the real one in this module's tests.
 */
final class MemoryShards implements AutoCloseable {
    private final ShardMap map;
    private final float rate;
    private final boolean synchronous;
    private final Server server;
    private final List<float[]> parameters = new ArrayList<>();
    private final Map<Integer, float[]> previous = new HashMap<>();
    private final Map<List<Integer>, Long> versions = new HashMap<>();
    private final Map<List<Integer>, Map<SliceTree.Node, float[]>> sums = new HashMap<>();
    private final Set<Object> applied = new HashSet<>();
    private final Set<Stream> streams = new HashSet<>();
    private final SliceTree tree;
    private final long stepsPerEpoch;
    private final float[] sliceLosses;
    private final int[] sliceRows;
    private double epochLossSum;
    private long epochSamples;
    private long generation = 1;
    private Optional<MemoryBallots> ballots = Optional.empty();
    /** That workers told. */
    final List<Clock> clocks = new ArrayList<>();

    MemoryShards(
            List<TensorPlacement> tensors,
            int shardCount,
            int chunkElements,
            int slices,
            float rate,
            boolean synchronous,
            long stepsPerEpoch)
            throws IOException {
        this.rate = rate;
        this.synchronous = synchronous;
        this.tree = new SliceTree(slices);
        this.stepsPerEpoch = stepsPerEpoch;
        this.sliceLosses = new float[slices];
        this.sliceRows = new int[slices];
        this.server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder("tutti.v1.Parameters")
                        .addMethod(Exchanges.METHOD, ServerCalls.asyncBidiStreamingCall(Stream::new))
                        .build())
                .maxInboundMessageSize(16 << 20)
                .build()
                .start();
        List<ShardMaps.Server> servers = IntStream.range(0, shardCount)
                .mapToObj(i -> new ShardMaps.Server("server-" + i, "127.0.0.1:" + server.getPort(), ""))
                .toList();
        this.map = ShardMaps.plan(tensors, servers, chunkElements);
        float[] flat = FirstParameters.of(tensors);
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            parameters.add(Arrays.copyOfRange(flat, (int) map.getShards(shard).getBegin(), (int)
                    map.getShards(shard).getEnd()));
        }
    }

    ShardMap map() {
        return map;
    }

    /** From here on steps are decided by votes. */
    MemoryBallots deciding(Training training) {
        MemoryBallots deciding = new MemoryBallots(map, training);
        ballots = Optional.of(deciding);
        return deciding;
    }

    /** From here on other generations are fenced off. */
    synchronized void fence(long newGeneration) {
        generation = newGeneration;
        sums.clear();
        ballots.ifPresent(MemoryBallots::forgetSums);
    }

    /** The lowest version over all chunks. */
    synchronized long completeStep() {
        long lowest = Long.MAX_VALUE;
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            for (int chunk = 0; chunk < ShardMaps.grid(map, shard).chunkCount(); chunk++) {
                lowest = Math.min(lowest, version(shard, chunk));
            }
        }
        return lowest;
    }

    /** A tensor's elements as they are now. */
    synchronized float[] elements(String tensor) {
        TensorPlacement placement = map.getTensorsList().stream()
                .filter(each -> each.getName().equals(tensor))
                .findFirst()
                .orElseThrow();
        float[] flat = new float[(int) ShardMaps.elementCount(map.getTensorsList())];
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            float[] range = parameters.get(shard);
            System.arraycopy(range, 0, flat, (int) map.getShards(shard).getBegin(), range.length);
        }
        int begin = (int) placement.getOffset();
        return Arrays.copyOfRange(flat, begin, begin + (int) ShardMaps.elementCount(placement));
    }

    /** As when the process is killed. */
    @Override
    public void close() {
        server.shutdownNow();
    }

    private long version(int shard, int chunk) {
        return versions.getOrDefault(List.of(shard, chunk), 0L);
    }

    private void push(Stream from, FrameHeader header, float[] gradient) {
        int shard = header.getShard();
        int chunk = header.getPush().getChunk();
        if (synchronous) {
            if (header.getStep() == version(shard, chunk) + 1) {
                for (int i = 0; i < header.getPush().getSliceLossesCount(); i++) {
                    sliceLosses[header.getPush().getSliceBegin() + i] =
                            header.getPush().getSliceLosses(i);
                    sliceRows[header.getPush().getSliceBegin() + i] =
                            header.getPush().getSliceRows(i);
                }
                add(header, gradient).ifPresent(sum -> summed(header, sum));
            } else if (ballots.isPresent() && header.getStep() == version(shard, chunk)) {
                // This shard took the step before the generation began.
                from.sendChunk(chunk);
            }
        } else {
            List<Integer> batch = List.of(
                    shard, chunk, header.getPush().getEpoch(), header.getPush().getBatch());
            if (applied.add(batch)) {
                apply(shard, chunk, gradient);
            }
            from.sendChunk(chunk);
        }
    }

    private void summed(FrameHeader header, float[] sum) {
        int shard = header.getShard();
        int chunk = header.getPush().getChunk();
        if (ballots.isEmpty()) {
            apply(shard, chunk, sum);
            streams.stream().filter(stream -> stream.shard == shard).forEach(stream -> stream.sendChunk(chunk));
        } else if (ballots.get().add(shard, chunk, sum)) {
            ballots.get().vote(shard, header.getStep());
            streams.stream()
                    .filter(stream -> stream.shard == shard)
                    .forEach(stream -> stream.sendVote(header.getStep()));
        }
    }

    private void decide(FrameHeader header) {
        int shard = header.getShard();
        MemoryBallots deciding = ballots.orElseThrow();
        if (deciding.take(header)) {
            previous.put(shard, parameters.get(shard).clone());
            deciding.applied(shard, header.getDecision()).forEach((chunk, gradient) -> apply(shard, chunk, gradient));
            streams.stream().filter(stream -> stream.shard == shard).forEach(Stream::sendAll);
        }
    }

    /** The root's sum, once it is complete. */
    private Optional<float[]> add(FrameHeader header, float[] gradient) {
        Map<SliceTree.Node, float[]> known =
                sums.computeIfAbsent(List.of(header.getShard(), header.getPush().getChunk()), _ -> new HashMap<>());
        SliceTree.Node node = tree.node(
                        header.getPush().getSliceBegin(), header.getPush().getSliceEnd())
                .orElseThrow();
        float[] sum = gradient;
        while (!tree.isRoot(node) && known.containsKey(tree.sibling(node))) {
            SliceTree.Node sibling = tree.sibling(node);
            float[] other = Objects.requireNonNull(known.remove(sibling));
            boolean siblingIsLeft = tree.begin(sibling) < tree.begin(node);
            sum = siblingIsLeft ? plus(other, sum) : plus(sum, other);
            node = tree.parent(node);
        }
        if (tree.isRoot(node)) {
            return Optional.of(sum);
        }
        known.put(node, sum);
        return Optional.empty();
    }

    private static float[] plus(float[] left, float[] right) {
        float[] sum = new float[left.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = left[i] + right[i];
        }
        return sum;
    }

    private void apply(int shard, int chunk, float[] gradient) {
        ChunkGrid grid = ShardMaps.grid(map, shard);
        int begin = (int) (grid.begin(chunk) - grid.begin());
        float[] range = parameters.get(shard);
        for (int i = 0; i < gradient.length; i++) {
            range[begin + i] -= rate * gradient[i];
        }
        if (shard == 0 && chunk == 0) {
            countEpoch(version(shard, chunk));
        }
        versions.put(List.of(shard, chunk), version(shard, chunk) + 1);
    }

    private void countEpoch(long stepsBefore) {
        if (stepsBefore % stepsPerEpoch == 0) {
            epochLossSum = 0;
            epochSamples = 0;
        }
        for (int slice = 0; slice < sliceLosses.length; slice++) {
            epochLossSum += sliceLosses[slice];
            epochSamples += sliceRows[slice];
        }
    }

    /** One worker's stream to one shard. */
    private final class Stream implements StreamObserver<ExchangeFrame> {
        private final StreamObserver<ExchangeFrame> out;
        private final SentRows sent = new SentRows();
        private int shard = -1;
        private long openGeneration;

        Stream(StreamObserver<ExchangeFrame> out) {
            this.out = out;
        }

        @Override
        public void onNext(ExchangeFrame frame) {
            synchronized (MemoryShards.this) {
                try (frame) {
                    FrameHeader header = frame.header();
                    if (header.getGeneration() != generation) {
                        out.onNext(new ExchangeFrame(header.toBuilder()
                                .setFenced(Fenced.newBuilder()
                                        .setExpectedGeneration(generation)
                                        .setGotGeneration(header.getGeneration()))
                                .build()));
                        return;
                    }
                    switch (header.getKindCase()) {
                        case OPEN -> open(header);
                        case PUSH -> push(this, header, gradient(frame));
                        case PULL -> sendAll();
                        case DECISION -> decide(header);
                        case CLOCK -> clock(header);
                        case ATTACHED, CHUNK, FENCED, REFUSED, VOTE, KIND_NOT_SET ->
                            throw new IllegalStateException(header.toString());
                    }
                }
            }
        }

        /** As if nobody were slower. */
        private void clock(FrameHeader header) {
            clocks.add(header.getClock());
            if (header.getClock().getActive()) {
                out.onNext(new ExchangeFrame(header));
            }
        }

        private void open(FrameHeader header) {
            shard = header.getShard();
            openGeneration = header.getGeneration();
            streams.removeIf(stream -> stream.openGeneration != openGeneration);
            streams.add(this);
            if (ballots.isPresent() && version(shard, 0) > header.getOpen().getStartStep()) {
                sendVote(version(shard, 0));
                IntStream.range(0, ShardMaps.grid(map, shard).chunkCount())
                        .forEach(chunk ->
                                send(chunk, version(shard, chunk) - 1, Objects.requireNonNull(previous.get(shard))));
            } else if (synchronous) {
                sendAll();
            }
        }

        private void sendVote(long step) {
            out.onNext(new ExchangeFrame(FrameHeader.newBuilder()
                    .setJob("job-1")
                    .setShard(shard)
                    .setGeneration(openGeneration)
                    .setStep(step)
                    .setVote(ballots.orElseThrow().last(shard))
                    .build()));
        }

        private void sendAll() {
            for (int chunk = 0; chunk < ShardMaps.grid(map, shard).chunkCount(); chunk++) {
                sendChunk(chunk);
            }
        }

        private void sendChunk(int chunk) {
            send(chunk, version(shard, chunk), parameters.get(shard));
        }

        private void send(int chunk, long version, float[] range) {
            ChunkGrid grid = ShardMaps.grid(map, shard);
            int begin = (int) (grid.begin(chunk) - grid.begin());
            float[] copy = Arrays.copyOfRange(range, begin, begin + grid.elementCount(chunk));
            FrameHeader header = FrameHeader.newBuilder()
                    .setJob("job-1")
                    .setShard(shard)
                    .setGeneration(openGeneration)
                    .setStep(version)
                    .setChunk(described(chunk, version))
                    .build();
            out.onNext(sent.frame(header, copy, grid.rowWidth(chunk)));
        }

        private Chunk described(int chunk, long version) {
            Chunk.Builder described = Chunk.newBuilder().setChunk(chunk).setEncoding(Encoding.ENCODING_F32);
            if (shard == 0 && chunk == 0) {
                boolean isCurrent = version == version(shard, chunk);
                ballots.ifPresent(deciding -> deciding.describe(described, isCurrent));
            }
            return shard == 0 && chunk == 0
                    ? described
                            .setEpochLossSum(epochLossSum)
                            .setEpochSamples(epochSamples)
                            .build()
                    : described.build();
        }

        @Override
        public void onError(Throwable t) {
            leave();
        }

        @Override
        public void onCompleted() {
            leave();
            out.onCompleted();
        }

        private void leave() {
            synchronized (MemoryShards.this) {
                streams.remove(this);
            }
        }
    }

    private float[] gradient(ExchangeFrame frame) {
        int chunk = frame.header().getPush().getChunk();
        ChunkGrid grid = ShardMaps.grid(map, frame.header().getShard());
        return SentRows.read(frame, grid.elementCount(chunk), grid.rowWidth(chunk));
    }
}
