package dev.tutti.parameterserver.shard;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Open;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.ChunkGrid;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import dev.tutti.proto.wire.StepRule;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** All shards of one job, and one worker's stream to each: it sends what all workers would. */
final class ManyShards implements AutoCloseable {
    static final int ELEMENTS = 61;
    private static final int STEPS = 100;

    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final List<Shard> shards = new ArrayList<>();
    final ShardMap map;
    private final SliceTree tree;
    private final StepRule rule;
    private List<RecordingStream> streams = List.of();
    private long generation;

    /** Slices' gradients of a step, as they are before any loss scale. */
    @FunctionalInterface
    interface Gradients {
        float of(long step, int slice, int element);
    }

    ManyShards(JobSpec spec, int count, int chunkElements, int slices) {
        this.tree = new SliceTree(slices);
        this.rule = StepRule.of(spec.getTraining()).orElse(new StepRule(false, Double.POSITIVE_INFINITY));
        List<ShardMaps.Server> servers = IntStream.range(0, count)
                .mapToObj(i -> new ShardMaps.Server("server-" + i, "127.0.0.1:1", ""))
                .toList();
        this.map = ShardMaps.plan(tensors(), servers, chunkElements);
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            ShardSettings settings = new ShardSettings(Jobs.JOB, spec, map, shard, slices, STEPS, Path.of("unused"));
            shards.add(new Shard(settings, new ParameterServerMetrics(registry), new RecordedCheckpoints()));
        }
        startGeneration();
    }

    /** Trained and averaged by turns; the boundaries are none of any cut's. */
    private static List<TensorPlacement> tensors() {
        return List.of(
                tensor("weight", 0, 21, false),
                tensor("mean", 21, 9, true),
                tensor("bias", 30, 5, false),
                tensor("variance", 35, 7, true),
                tensor("more", 42, 19, false));
    }

    private static TensorPlacement tensor(String name, int offset, int size, boolean averaged) {
        return TensorPlacement.newBuilder()
                .setName(name)
                .setOffset(offset)
                .addShape(size)
                .setAveraged(averaged)
                .setInitializer(Initializer.newBuilder().setUniformBound(0.5))
                .build();
    }

    static boolean isAveraged(int element) {
        return (element >= 21 && element < 30) || (element >= 35 && element < 42);
    }

    /** Steps that are complete everywhere. */
    long completeStep() {
        return shards.stream().mapToLong(Shard::completeStep).min().orElseThrow();
    }

    /** As after the loss of a worker: at the first step that is not complete everywhere. */
    void startGeneration() {
        long start = completeStep();
        generation++;
        List<RecordingStream> opened = new ArrayList<>();
        for (int shard = 0; shard < shards.size(); shard++) {
            RecordingStream stream = new RecordingStream();
            shards.get(shard).fence(generation);
            shards.get(shard)
                    .open(
                            stream,
                            header(shard, start)
                                    .setOpen(Open.newBuilder().setStartStep(start))
                                    .build());
            opened.add(stream);
        }
        streams = opened;
    }

    /** What the last frame of shard 0's first chunk says; 1 if none does. */
    double lossScale() {
        double scale = firstChunk().getLossScale();
        return scale == 0 ? 1 : scale;
    }

    long skippedSteps() {
        return firstChunk().getSkippedSteps();
    }

    private Chunk firstChunk() {
        return streams.getFirst().received.stream()
                .map(frame -> frame.header().getChunk())
                .filter(chunk -> chunk.getEncoding() == Encoding.ENCODING_F32 && chunk.getChunk() == 0)
                .reduce(Chunk.getDefaultInstance(), (_, last) -> last);
    }

    /** Of all workers, each of which sums its own slices; in random order, some of them twice. */
    List<Runnable> pushes(long step, int workers, Gradients gradients, Random random) {
        List<Runnable> pushes = new ArrayList<>();
        float scale = (float) lossScale();
        for (int worker = 0; worker < workers; worker++) {
            int begin = worker * tree.slices() / workers;
            int end = (worker + 1) * tree.slices() / workers;
            for (Node node : tree.maximalNodes(begin, end)) {
                float[] sum = sum(node, step, gradients, scale);
                for (int copies = 1 + random.nextInt(2); copies > 0; copies--) {
                    IntStream.range(0, shards.size())
                            .forEach(shard -> chunks(shard, node, step, sum).forEach(pushes::add));
                }
            }
        }
        Collections.shuffle(pushes, random);
        return pushes;
    }

    private List<Runnable> chunks(int shard, Node node, long step, float[] sum) {
        ChunkGrid grid = ShardMaps.grid(map, shard);
        return IntStream.range(0, grid.chunkCount())
                .<Runnable>mapToObj(chunk -> () -> send(
                        shard,
                        header(shard, step)
                                .setPush(Push.newBuilder()
                                        .setChunk(chunk)
                                        .setEncoding(Encoding.ENCODING_F32)
                                        .setSliceBegin(tree.begin(node))
                                        .setSliceEnd(tree.end(node))),
                        Arrays.copyOfRange(sum, (int) grid.begin(chunk), (int) grid.end(chunk))))
                .toList();
    }

    /** What a worker sums by itself: the tree's definition, on the slices of one node. */
    private float[] sum(Node node, long step, Gradients gradients, float scale) {
        float[] sum = new float[ELEMENTS];
        if (tree.end(node) - tree.begin(node) == 1) {
            for (int i = 0; i < ELEMENTS; i++) {
                sum[i] = gradients.of(step, tree.begin(node), i) * scale;
            }
            return sum;
        }
        float[] left = sum(new Node(node.level() - 1, 2 * node.index()), step, gradients, scale);
        Node rightNode = new Node(node.level() - 1, 2 * node.index() + 1);
        if (tree.begin(rightNode) >= tree.slices()) {
            return left;
        }
        float[] right = sum(rightNode, step, gradients, scale);
        for (int i = 0; i < ELEMENTS; i++) {
            sum[i] = left[i] + right[i];
        }
        return sum;
    }

    /** The votes on a step that have come in this generation, by shard. */
    List<Vote> votes(long step) {
        return streams.stream()
                .flatMap(stream -> stream.received.stream()
                        .map(RecordingStream.Received::header)
                        .filter(header -> header.hasVote() && header.getStep() == step)
                        .map(FrameHeader::getVote)
                        .limit(1))
                .toList();
    }

    Decision decision(long step) {
        return rule.decide(votes(step));
    }

    void decide(int shard, long step, Decision decision) {
        send(shard, header(shard, step).setDecision(decision), new float[0]);
    }

    private void send(int shard, FrameHeader.Builder header, float[] payload) {
        shards.get(shard)
                .receive(
                        streams.get(shard),
                        payload.length == 0
                                ? new ExchangeFrame(header.build())
                                : new ExchangeFrame(header.build(), Payload.view(MemorySegment.ofArray(payload))));
    }

    private FrameHeader.Builder header(int shard, long step) {
        return FrameHeader.newBuilder()
                .setJob(Jobs.JOB)
                .setShard(shard)
                .setGeneration(generation)
                .setStep(step);
    }

    RecordingStream stream(int shard) {
        return streams.get(shard);
    }

    /** The flat space as it came last. */
    float[] parameters() {
        float[] flat = new float[ELEMENTS];
        for (int shard = 0; shard < shards.size(); shard++) {
            ChunkGrid grid = ShardMaps.grid(map, shard);
            for (int chunk = 0; chunk < grid.chunkCount(); chunk++) {
                float[] values = streams.get(shard).parameters(chunk);
                System.arraycopy(values, 0, flat, (int) grid.begin(chunk), values.length);
            }
        }
        return flat;
    }

    List<Integer> parameterBits() {
        float[] flat = parameters();
        return IntStream.range(0, flat.length)
                .mapToObj(i -> Float.floatToRawIntBits(flat[i]))
                .toList();
    }

    @Override
    public void close() {
        shards.forEach(Shard::close);
    }
}
