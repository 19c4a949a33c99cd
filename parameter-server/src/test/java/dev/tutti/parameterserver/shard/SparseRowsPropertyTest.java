package dev.tutti.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tutti.proto.v1.Encoding;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.PlainEncoding;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Pull;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.wire.ExchangeFrame;
import dev.tutti.proto.wire.Payload;
import dev.tutti.proto.wire.ShardMaps;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What a step does to sparse tables, and what of them travels. */
class SparseRowsPropertyTest {
    private static final int STEPS = 6;
    private static final int SLICES = 5;
    private static final int[][] CUTS = {{1, 1000}, {1, 10}, {2, 16}, {3, 7}, {3, 1}};

    /** Row 3 of the table cancels, row 4 has zeros of both signs, most others have none; some elements are −0. */
    private static float gradient(long step, int slice, int element) {
        int row = element / RowJob.WIDTH;
        if (row == 3) {
            return slice == 0 ? element : slice == 1 ? -element : 0;
        }
        Random random = random(step, slice, 1000 + element);
        float zero = random.nextBoolean() ? 0f : -0f;
        boolean isBias = element >= RowJob.BIAS && element < RowJob.SECOND;
        if (row == 4 || (!isBias && random(step, slice, row).nextInt(5) > 0)) {
            return zero;
        }
        return random.nextInt(4) == 0 ? zero : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(6) - 3));
    }

    /** Random's first numbers of seeds that are close to each other are as well. */
    private static Random random(long step, int slice, int what) {
        return new Random(((step * 101 + slice) * 10_007 + what) * 0x9E3779B97F4A7C15L);
    }

    private static JobSpec spec(Consumer<JobSpec.Builder> change) {
        JobSpec.Builder spec = JobSpec.newBuilder().setSeed(42);
        spec.getTrainingBuilder().getConsistencyBuilder().getSynchronousBuilder();
        change.accept(spec);
        return spec.build();
    }

    private static void adam(JobSpec.Builder spec) {
        spec.getTrainingBuilder()
                .getOptimizerBuilder()
                .getAdamwBuilder()
                .setRate(0.1)
                .setBeta1(0.9)
                .setBeta2(0.99)
                .setEpsilon(1e-8)
                .setDecay(0.05);
    }

    private static void sgd(JobSpec.Builder spec) {
        spec.getTrainingBuilder().getOptimizerBuilder().getSgdBuilder().setRate(0.5);
    }

    @Test
    void parametersDoNotDependOnHowTheWorkIsSpreadNorOnWhatTravels() {
        List<Consumer<JobSpec.Builder>> jobs = List.of(
                SparseRowsPropertyTest::adam,
                spec -> {
                    adam(spec);
                    spec.getTrainingBuilder().getClipBuilder().setNorm(0.7);
                },
                spec -> spec.getTrainingBuilder()
                        .getOptimizerBuilder()
                        .getSgdBuilder()
                        .setRate(0.5)
                        .setMomentum(0.9),
                spec -> {
                    spec.getTrainingBuilder()
                            .getConsistencyBuilder()
                            .getLocalBuilder()
                            .setSteps(3)
                            .getOuterBuilder()
                            .setRate(0.5)
                            .setMomentum(0.75);
                });
        for (int job = 0; job < jobs.size(); job++) {
            List<Integer> expected = train(spec(jobs.get(job)), true, 1, 1000, 1, new Random(0), false);
            for (int[] cut : CUTS) {
                for (int workers : new int[] {1, 2, 5}) {
                    Random random = new Random(workers);
                    assertThat(train(spec(jobs.get(job)), true, cut[0], cut[1], workers, random, true))
                            .as("job %d, %d shards in chunks of %d, %d workers", job, cut[0], cut[1], workers)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void plainGradientDescentIsTheSameWithAndWithoutRows() {
        for (Precision parameters : new Precision[] {Precision.PRECISION_F32, Precision.PRECISION_BF16}) {
            for (boolean half : new boolean[] {false, true}) {
                JobSpec spec = spec(job -> {
                    sgd(job);
                    job.getTrainingBuilder().getExchangeBuilder().setParameters(parameters);
                    if (half) {
                        job.getTrainingBuilder()
                                .getExchangeBuilder()
                                .getGradientsBuilder()
                                .setBf16(PlainEncoding.getDefaultInstance());
                    }
                });
                List<Integer> dense = train(spec, false, 2, 16, 2, new Random(1), false);
                assertThat(train(spec, true, 3, 7, 2, new Random(2), false))
                        .as("%s, half %s", parameters, half)
                        .isEqualTo(dense);
            }
        }
    }

    /** @param disturbed whether workers are lost */
    private static List<Integer> train(
            JobSpec spec, boolean sparse, int shards, int chunk, int workers, Random random, boolean disturbed) {
        try (RowJob job = new RowJob(spec, sparse, shards, chunk, SLICES)) {
            job.start(workers);
            for (int step = 1; step <= STEPS; step++) {
                boolean decided = spec.getTraining().hasClip();
                if (disturbed && !decided && random.nextInt(3) == 0) {
                    job.part(step, SparseRowsPropertyTest::gradient, random);
                    job.start(workers);
                }
                job.step(step, SparseRowsPropertyTest::gradient, random);
            }
            List<Integer> bits = job.worker(0).bits();
            for (int worker = 1; worker < workers; worker++) {
                assertThat(job.worker(worker).bits()).isEqualTo(bits);
            }
            if (!disturbed) {
                assertThat(sparse).isEqualTo(job.worker(0).partial > 0);
            }
            job.start(1);
            if (spec.getTraining().getExchange().getParameters() != Precision.PRECISION_BF16) {
                assertThat(job.worker(0).bits()).isEqualTo(bits);
            }
            return job.worker(0).bits();
        }
    }

    /** Adam as it stands in the paper, on rows that are touched; the count of steps is the job's. */
    @Test
    void rowsThatAreNotTouchedKeepParametersAndState() {
        double[] m = new double[RowJob.ELEMENTS];
        double[] v = new double[RowJob.ELEMENTS];
        try (RowJob job = new RowJob(spec(SparseRowsPropertyTest::adam), true, 2, 16, SLICES)) {
            job.start(2);
            float[] before = job.worker(0).parameters();
            float[] first = before;
            double[] w = new double[RowJob.ELEMENTS];
            for (int i = 0; i < w.length; i++) {
                w[i] = before[i];
            }
            int kept = 0;
            for (int step = 1; step <= STEPS; step++) {
                job.step(step, SparseRowsPropertyTest::gradient, new Random(step));
                float[] g = job.sum(step, SparseRowsPropertyTest::gradient);
                float[] after = job.worker(1).parameters();
                for (int i = 0; i < w.length; i++) {
                    if (isTouched(g, i)) {
                        m[i] = 0.9 * m[i] + 0.1 * g[i];
                        v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
                        double step1 = m[i] / (1 - Math.pow(0.9, step));
                        double step2 = Math.sqrt(v[i] / (1 - Math.pow(0.99, step))) + 1e-8;
                        w[i] = w[i] * (1 - 0.1 * 0.05) - 0.1 * step1 / step2;
                        assertThat((double) after[i]).as("element %d", i).isCloseTo(w[i], within(1e-4));
                    } else {
                        assertThat(after[i]).as("element %d, step %d", i, step).isEqualTo(before[i]);
                        kept++;
                    }
                }
                before = after;
            }
            assertThat(kept).isPositive();
            for (int i = 3 * RowJob.WIDTH; i < 5 * RowJob.WIDTH; i++) {
                assertThat(before[i]).isEqualTo(first[i]);
            }
        }
    }

    private static boolean isTouched(float[] gradient, int element) {
        if (element >= RowJob.BIAS && element < RowJob.SECOND) {
            return true;
        }
        int offset = element < RowJob.BIAS ? 0 : RowJob.SECOND;
        int width = element < RowJob.BIAS ? RowJob.WIDTH : RowJob.SECOND_WIDTH;
        int begin = offset + (element - offset) / width * width;
        for (int i = begin; i < begin + width; i++) {
            if (gradient[i] != 0) {
                return true;
            }
        }
        return false;
    }

    @Test
    void onlyTouchedRowsTravelBothWays() {
        try (RowJob job = new RowJob(spec(SparseRowsPropertyTest::sgd), true, 1, 1000, 1)) {
            job.start(1);
            int all = RowJob.ELEMENTS * Float.BYTES;
            assertThat(job.counted("sent")).isEqualTo(all);
            // Rows 2, 7 and 22 of the first table, row 8 of the second, and the whole bias.
            float[] gradient = new float[RowJob.ELEMENTS];
            gradient[2 * RowJob.WIDTH] = 1;
            gradient[8 * RowJob.WIDTH - 1] = 1;
            gradient[22 * RowJob.WIDTH + 1] = -1;
            gradient[RowJob.ELEMENTS - 1] = 1;
            int bytes = 3 * (4 + RowJob.WIDTH * 4) + (4 + RowJob.SECOND_WIDTH * 4) + (RowJob.SECOND - RowJob.BIAS) * 4;
            for (int step = 1; step <= 3; step++) {
                for (int chunk = 0; chunk < 3; chunk++) {
                    int begin = (int) ShardMaps.grid(job.map, 0).begin(chunk);
                    int end = (int) ShardMaps.grid(job.map, 0).end(chunk);
                    float[] values = Arrays.copyOfRange(gradient, begin, end);
                    job.push(job.worker(0), 0, step, slice(chunk), values, false);
                }
                assertThat(job.counted("received")).isEqualTo(step * bytes);
                assertThat(job.counted("sent")).isEqualTo(all + step * bytes);
            }
            assertThat(job.worker(0).partial).isEqualTo(2 * 3);
        }
    }

    private static Push slice(int chunk) {
        return Push.newBuilder().setChunk(chunk).setSliceBegin(0).setSliceEnd(1).build();
    }

    @Test
    void whoeverMissesVersionsIsSentTheRowsOfAllOfThem() {
        JobSpec spec = spec(job -> {
            job.getTrainingBuilder()
                    .getConsistencyBuilder()
                    .getAsynchronousBuilder()
                    .setStalenessScaled(true);
            adam(job);
        });
        for (int seed = 0; seed < 20; seed++) {
            Random random = new Random(seed);
            try (RowJob job = new RowJob(spec, true, 2, 16, 1)) {
                job.start(3);
                for (int worker = 0; worker < 3; worker++) {
                    pull(job, job.worker(worker));
                }
                for (int batch = 0; batch < 40; batch++) {
                    RowWorker pusher = job.worker(random.nextInt(2));
                    pusher.isReady = random.nextInt(4) > 0;
                    int shard = random.nextInt(2);
                    int chunk = random.nextInt(ShardMaps.grid(job.map, shard).chunkCount());
                    push(job, pusher, shard, chunk, batch);
                }
                job.worker(0).isReady = true;
                for (int shard = 0; shard < 2; shard++) {
                    for (int chunk = 0; chunk < ShardMaps.grid(job.map, shard).chunkCount(); chunk++) {
                        push(job, job.worker(0), shard, chunk, 100);
                    }
                }
                pull(job, job.worker(2));
                assertThat(job.worker(0).bits())
                        .as("seed %d", seed)
                        .isEqualTo(job.worker(2).bits());
                assertThat(job.worker(0).partial).isPositive();
                assertThat(job.worker(2).partial).isZero();
            }
        }
    }

    private static void push(RowJob job, RowWorker pusher, int shard, int chunk, int batch) {
        int begin = (int) ShardMaps.grid(job.map, shard).begin(chunk);
        float[] values = new float[ShardMaps.grid(job.map, shard).elementCount(chunk)];
        for (int i = 0; i < values.length; i++) {
            values[i] = gradient(batch, 2, begin + i);
        }
        Push push = Push.newBuilder()
                .setChunk(chunk)
                .setBatch(batch)
                .setBasedOn(Math.max(0, pusher.version(shard, chunk)))
                .build();
        job.push(pusher, shard, 0, push, values, false);
    }

    private static void pull(RowJob job, RowWorker worker) {
        for (int shard = 0; shard < job.shards.size(); shard++) {
            job.shards
                    .get(shard)
                    .receive(
                            worker.stream(shard),
                            new ExchangeFrame(job.header(shard, 0)
                                    .setPull(Pull.getDefaultInstance())
                                    .build()));
        }
    }

    @Test
    void rowsThatAreNotThereAreRefusedAndCounted() {
        List<String> refusals = new ArrayList<>();
        for (int[] rows : new int[][] {{23, 0, 0, 0, 0, 0}, {4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {1, 0}}) {
            try (RowJob job = new RowJob(spec(SparseRowsPropertyTest::sgd), true, 1, 1000, 1)) {
                job.start(1);
                Push push = slice(0).toBuilder()
                        .setEncoding(Encoding.ENCODING_ROWS_F32)
                        .build();
                job.shards
                        .getFirst()
                        .receive(
                                job.worker(0).stream(0),
                                new ExchangeFrame(
                                        job.header(0, 1).setPush(push).build(),
                                        Payload.view(MemorySegment.ofArray(bytes(rows)))));
                refusals.add(String.valueOf(job.worker(0).refused));
                assertThat(job.registry
                                .counter("tutti.parameter.server.refusals", "reason", "payload")
                                .count())
                        .isEqualTo(1);
                assertThat(job.completeStep()).isZero();
            }
        }
        assertThat(refusals)
                .containsExactly(
                        "Gradient of chunk 0: expected ascending rows below 23 in rows of f32, got 23 after -1",
                        "Gradient of chunk 0: expected ascending rows below 23 in rows of f32, got 4 after 4",
                        "Gradient of chunk 0: expected up to 23 rows of 24 bytes in rows of f32, got 8 bytes");
    }

    private static byte[] bytes(int... ints) {
        byte[] bytes = new byte[ints.length * 4];
        for (int i = 0; i < ints.length; i++) {
            bytes[4 * i] = (byte) ints[i];
        }
        return bytes;
    }

    @Test
    void aSkippedStepChangesNoRowAndTheNextOneGoesOn() {
        JobSpec spec = spec(job -> {
            adam(job);
            job.getTrainingBuilder()
                    .setPrecision(Precision.PRECISION_F16)
                    .getLossScaleBuilder()
                    .setInitial(1)
                    .setGrowthInterval(100);
        });
        try (RowJob job = new RowJob(spec, true, 2, 16, SLICES)) {
            job.start(1);
            job.step(1, SparseRowsPropertyTest::gradient, new Random(1));
            List<Integer> one = job.worker(0).bits();
            job.step(2, (_, slice, element) -> slice == 0 && element == 0 ? Float.NaN : 0, new Random(2));
            assertThat(job.worker(0).bits()).isEqualTo(one);
            job.step(3, SparseRowsPropertyTest::gradient, new Random(3));
            List<Integer> three = job.worker(0).bits();
            job.start(1);
            assertThat(job.worker(0).bits()).isEqualTo(three);
        }
    }
}
