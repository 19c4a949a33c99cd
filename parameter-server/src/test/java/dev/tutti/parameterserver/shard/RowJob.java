package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tutti.parameterserver.metrics.ParameterServerMetrics;
import dev.tutti.proto.v1.Decision;
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
import dev.tutti.proto.wire.TouchedRows;
import dev.tutti.proto.wire.encoding.ChunkEncoding;
import dev.tutti.proto.wire.encoding.JobEncodings;
import dev.tutti.proto.wire.encoding.SparseRows;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * All shards of a job with two tables and a bias between them, and workers that do what real ones do: each sums its slices, pushes rows where they are few,
 * and makes its parameters of what comes back.
 */
final class RowJob implements AutoCloseable {
    static final int WIDTH = 5;
    static final int ROWS = 23;
    static final int BIAS = ROWS * WIDTH;
    static final int SECOND = BIAS + 7;
    static final int SECOND_WIDTH = 3;
    static final int ELEMENTS = SECOND + 9 * SECOND_WIDTH;

    final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    final ShardMap map;
    final List<Shard> shards = new ArrayList<>();
    private final JobSpec spec;
    private final SliceTree tree;
    private List<RowWorker> workers = List.of();
    private long generation;

    /** Of a slice. */
    @FunctionalInterface
    interface Gradients {
        float of(long step, int slice, int element);
    }

    /** @param sparse whether the tables are */
    RowJob(JobSpec spec, boolean sparse, int servers, int chunkElements, int slices) {
        this.spec = spec;
        this.tree = new SliceTree(slices);
        this.map = ShardMaps.plan(
                List.of(
                        tensor("table", 0, sparse ? WIDTH : 0, ROWS, WIDTH),
                        tensor("bias", BIAS, 0, SECOND - BIAS),
                        tensor("second", SECOND, sparse ? SECOND_WIDTH : 0, 9, SECOND_WIDTH)),
                IntStream.range(0, servers)
                        .mapToObj(i -> new ShardMaps.Server("server-" + i, "127.0.0.1:1", ""))
                        .toList(),
                chunkElements);
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            ShardSettings settings = new ShardSettings(Jobs.JOB, spec, map, shard, slices, 100, Path.of("unused"));
            shards.add(new Shard(settings, new ParameterServerMetrics(registry), new RecordedCheckpoints()));
        }
    }

    private static TensorPlacement tensor(String name, int offset, int rowWidth, Integer... shape) {
        return TensorPlacement.newBuilder()
                .setName(name)
                .setOffset(offset)
                .addAllShape(List.of(shape))
                .setRowWidth(rowWidth)
                .setInitializer(Initializer.newBuilder().setUniformBound(0.5))
                .build();
    }

    /** A new generation, at the first step that is not complete everywhere. */
    void start(int count) {
        generation++;
        long complete = completeStep();
        shards.forEach(shard -> shard.fence(generation));
        workers = IntStream.range(0, count).mapToObj(_ -> new RowWorker(map)).toList();
        for (RowWorker worker : workers) {
            for (int shard = 0; shard < shards.size(); shard++) {
                Open open = Open.newBuilder().setStartStep(complete).build();
                shards.get(shard)
                        .open(
                                worker.stream(shard),
                                header(shard, complete).setOpen(open).build());
            }
        }
    }

    long completeStep() {
        return shards.stream().mapToLong(Shard::completeStep).min().orElseThrow();
    }

    RowWorker worker(int number) {
        return workers.get(number);
    }

    /** In any order, some twice, and rows whole where the random says so; until the step is complete. */
    void step(long step, Gradients gradients, Random random) {
        List<Runnable> pushes = pushes(step, gradients, random);
        Collections.shuffle(pushes, random);
        pushes.forEach(Runnable::run);
        decide(step);
        assertThat(completeStep()).isEqualTo(step);
        assertThat(workers).allSatisfy(worker -> {
            assertThat(worker.refused).isNull();
            assertThat(worker.lowestVersion()).isEqualTo(step);
        });
    }

    /** A part of a step's gradients, of which nothing more comes. */
    void part(long step, Gradients gradients, Random random) {
        List<Runnable> pushes = pushes(step, gradients, random);
        Collections.shuffle(pushes, random);
        pushes.subList(0, random.nextInt(pushes.size())).forEach(Runnable::run);
    }

    private List<Runnable> pushes(long step, Gradients gradients, Random random) {
        List<Runnable> pushes = new ArrayList<>();
        for (int worker = 0; worker < workers.size(); worker++) {
            RowWorker pusher = workers.get(worker);
            int begin = worker * tree.slices() / workers.size();
            int end = (worker + 1) * tree.slices() / workers.size();
            for (Node node : tree.maximalNodes(begin, end)) {
                float[] sum = sum(node, step, gradients);
                Push.Builder push =
                        Push.newBuilder().setSliceBegin(tree.begin(node)).setSliceEnd(tree.end(node));
                for (int copies = 1 + random.nextInt(2); copies > 0; copies--) {
                    boolean whole = random.nextInt(4) == 0;
                    for (int shard = 0; shard < shards.size(); shard++) {
                        int to = shard;
                        for (int chunk = 0; chunk < ShardMaps.grid(map, shard).chunkCount(); chunk++) {
                            int of = chunk;
                            Push its = push.setChunk(chunk).build();
                            pushes.add(() -> push(pusher, to, step, its, values(sum, to, of), whole));
                        }
                    }
                }
            }
        }
        return pushes;
    }

    private float[] values(float[] flat, int shard, int chunk) {
        ChunkGrid grid = ShardMaps.grid(map, shard);
        return Arrays.copyOfRange(flat, (int) grid.begin(chunk), (int) grid.end(chunk));
    }

    /** @param whole whether the chunk travels whole though rows would take less */
    void push(RowWorker pusher, int shard, long step, Push push, float[] gradient, boolean whole) {
        ChunkEncoding values = JobEncodings.gradients(spec.getTraining().getExchange());
        MemorySegment elements = MemorySegment.ofArray(gradient);
        int width = ShardMaps.grid(map, shard).rowWidth(push.getChunk());
        ChunkEncoding encoding = JobEncodings.rows(values, width)
                .filter(_ -> !whole)
                .filter(rows -> paysFor(rows, elements, width))
                .<ChunkEncoding>map(rows -> rows)
                .orElse(values);
        MemorySegment bytes = MemorySegment.ofArray(new byte[(int) encoding.maxByteSize(gradient.length)]);
        long size = encoding.encode(elements, bytes);
        FrameHeader.Builder header =
                header(shard, step).setPush(push.toBuilder().setEncoding(encoding.id()));
        shards.get(shard)
                .receive(pusher.stream(shard), new ExchangeFrame(header.build(), Payload.view(bytes.asSlice(0, size))));
    }

    private static boolean paysFor(SparseRows rows, MemorySegment elements, int width) {
        return rows.paysFor(TouchedRows.of(elements, width).cardinality(), (int) (elements.byteSize() / Float.BYTES));
    }

    /** What a worker sums by itself: the tree's definition, on the slices of one node. */
    float[] sum(Node node, long step, Gradients gradients) {
        float[] sum = new float[ELEMENTS];
        if (tree.end(node) - tree.begin(node) == 1) {
            for (int i = 0; i < ELEMENTS; i++) {
                sum[i] = gradients.of(step, tree.begin(node), i);
            }
            return sum;
        }
        float[] left = sum(new Node(node.level() - 1, 2 * node.index()), step, gradients);
        Node rightNode = new Node(node.level() - 1, 2 * node.index() + 1);
        if (tree.begin(rightNode) >= tree.slices()) {
            return left;
        }
        float[] right = sum(rightNode, step, gradients);
        for (int i = 0; i < ELEMENTS; i++) {
            sum[i] = left[i] + right[i];
        }
        return sum;
    }

    float[] sum(long step, Gradients gradients) {
        return sum(tree.root(), step, gradients);
    }

    private void decide(long step) {
        StepRule.of(spec.getTraining()).ifPresent(rule -> {
            List<Vote> votes = workers.getFirst().votes(step);
            Decision decision = rule.decide(votes);
            for (RowWorker worker : workers) {
                for (int shard = 0; shard < shards.size(); shard++) {
                    shards.get(shard)
                            .receive(
                                    worker.stream(shard),
                                    new ExchangeFrame(header(shard, step)
                                            .setDecision(decision)
                                            .build()));
                }
            }
        });
    }

    FrameHeader.Builder header(int shard, long step) {
        return FrameHeader.newBuilder()
                .setJob(Jobs.JOB)
                .setShard(shard)
                .setGeneration(generation)
                .setStep(step);
    }

    double counted(String name) {
        return registry.counter("tutti.parameter.server." + name).count();
    }

    @Override
    public void close() {
        shards.forEach(Shard::close);
    }
}
