package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.StartGeneration;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.worker.data.DataShelf;
import dev.tutti.worker.data.MnistDownload;
import dev.tutti.worker.metrics.WorkerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A job of seconds on drawn digits, and what a coordinator and a worker process would do around it. */
final class SmallJob {
    static final int SLICES = 5;
    static final int BATCH = 32;

    final JobSpec spec;
    final JobFacts facts;
    final long stepsPerEpoch;
    final long totalSteps;
    final GenerationRun.Surroundings surroundings;
    /** Of all workers. */
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    SmallJob(JobSpec spec) throws InterruptedException {
        this(spec, "reference");
    }

    SmallJob(JobSpec spec, String backend) throws InterruptedException {
        this.spec = JobSpecs.withDefaults(spec);
        JobData data = new JobData(Path.of("nowhere"), new MnistDownload(List.of()), new DataShelf());
        this.surroundings = new GenerationRun.Surroundings(
                Backends.select(backend, 1), data, new WorkerMetrics(meters), System::nanoTime, error -> {
                    throw new AssertionError(error);
                });
        this.facts = new PlanJob(data, surroundings.backend())
                .inspect(InspectJob.newBuilder().setJob("job-1").setSpec(spec).build())
                .getFacts();
        long batchesPerEpoch =
                Math.ceilDiv(facts.getTrainSamples(), (long) spec.getTraining().getBatch());
        this.stepsPerEpoch = ConsistencyModel.of(this.spec.getTraining()) instanceof ConsistencyModel.Local local
                ? Math.ceilDiv(batchesPerEpoch, (long) local.steps())
                : batchesPerEpoch;
        this.totalSteps = stepsPerEpoch * spec.getTraining().getEpochs();
    }

    /** 164 samples to train on (five batches of 32 and one of 4, so that one of five slices has no row), 36 to validate, 60 to test. */
    static JobSpec.Builder spec() {
        JobSpec.Builder spec = JobSpec.newBuilder().setName("small").setSeed(7);
        spec.getModelBuilder().setPreset("mlp").addHidden(12).addHidden(9);
        spec.getDataBuilder()
                .getSourceBuilder()
                .getDigitsBuilder()
                .setTrain(200)
                .setTest(60);
        spec.getDataBuilder().getSplitBuilder().setValidation(0.18);
        spec.getTrainingBuilder().setEpochs(2).setBatch(BATCH);
        spec.getClusterBuilder().setSlices(SLICES).getWorkersBuilder().setMin(1).setMax(SLICES);
        return spec;
    }

    /** A language model of a short text in windows of 8 characters: 85 to train on, 9 to test with. */
    static JobSpec.Builder text(Path file, String preset) throws IOException {
        Files.writeString(file, "to be or not to be\n".repeat(40));
        JobSpec.Builder spec = JobSpec.newBuilder().setName("text").setSeed(7);
        spec.getModelBuilder().setPreset(preset).setLayerCount(1);
        spec.getDataBuilder()
                .getSourceBuilder()
                .getTextBuilder()
                .setPath(file.toString())
                .setContext(8);
        spec.getTrainingBuilder().setEpochs(2).setBatch(10);
        spec.getClusterBuilder().setSlices(SLICES).getWorkersBuilder().setMin(1).setMax(SLICES);
        return spec;
    }

    /** How often workers have told what part of a step they waited for shards. */
    long exposures() {
        return meters.timer("tutti.worker.exposed.communication").count();
    }

    MemoryShards shards(float rate, boolean synchronous) throws IOException {
        return shards(rate, synchronous, 2);
    }

    MemoryShards shards(float rate, boolean synchronous, int count) throws IOException {
        return new MemoryShards(facts.getTensorsList(), count, 1000, SLICES, rate, synchronous, stepsPerEpoch);
    }

    /** One worker's run of slices when there are {@code workers} of them. */
    Generation generation(MemoryShards shards, long number, long startStep, int worker, int workers) {
        return new Generation(
                StartGeneration.newBuilder()
                        .setJob("job-1")
                        .setGeneration(number)
                        .setSpec(spec)
                        .setShardMap(shards.map())
                        .setSlices(SLICES)
                        .setSliceBegin(SLICES * worker / workers)
                        .setSliceEnd(SLICES * (worker + 1) / workers)
                        .setWorkers(workers)
                        .setStartStep(startStep)
                        .setTotalSteps(totalSteps)
                        .setStepsPerEpoch(stepsPerEpoch)
                        .build(),
                "worker-" + worker);
    }

    GenerationRun start(Generation generation, Reports reports) {
        return GenerationRun.start(generation, surroundings, reports, Optional.empty());
    }

    /** Starts so many workers on all slices. */
    List<RecordedReports> startAll(MemoryShards shards, long number, long startStep, int workers) {
        return IntStream.range(0, workers)
                .mapToObj(worker -> {
                    RecordedReports reports = new RecordedReports();
                    start(generation(shards, number, startStep, worker, workers), reports);
                    return reports;
                })
                .toList();
    }
}
