package dev.tutti.coordinator.job;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Asynchronous;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Role;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.TensorPlacement;

/** Jobs and members for tests: 2 epochs of 25 batches of 4 samples, 2 shards. */
public final class Specs {
    public static final int TRAIN_SAMPLES = 98;
    public static final int STEPS_PER_EPOCH = 25;
    public static final int EPOCHS = 2;
    public static final int TOTAL_STEPS = STEPS_PER_EPOCH * EPOCHS;
    public static final int EVERY = 20;

    private Specs() {}

    public static JobSpec synchronous(int minWorkers, int maxWorkers) {
        JobSpec.Builder spec = JobSpec.newBuilder().setName("Two Moons!").setSeed(7);
        spec.getModelBuilder().setPreset("mlp").addHidden(8);
        spec.getDataBuilder().getSourceBuilder().setName("digits");
        spec.getTrainingBuilder().setEpochs(EPOCHS).setBatch(4);
        spec.getClusterBuilder().setParameterServers(2).setSlices(Math.max(4, maxWorkers));
        spec.getClusterBuilder().getWorkersBuilder().setMin(minWorkers).setMax(maxWorkers);
        spec.getCheckpointBuilder().setEvery(EVERY).setKeep(2);
        return JobSpecs.withDefaults(spec.build());
    }

    public static JobSpec asynchronous(int minWorkers, int maxWorkers) {
        JobSpec.Builder spec = synchronous(minWorkers, maxWorkers).toBuilder();
        spec.getTrainingBuilder().getConsistencyBuilder().setAsynchronous(Asynchronous.getDefaultInstance());
        return spec.build();
    }

    /** As {@link #asynchronous}, but nobody gets more than three batches ahead. */
    public static JobSpec boundedStaleness(int minWorkers, int maxWorkers) {
        JobSpec.Builder spec = synchronous(minWorkers, maxWorkers).toBuilder();
        spec.getTrainingBuilder()
                .getConsistencyBuilder()
                .getBoundedStalenessBuilder()
                .setClocks(3);
        return spec.build();
    }

    /** Rounds of four batches: seven an epoch, the last of one. */
    public static JobSpec local(int minWorkers, int maxWorkers) {
        JobSpec.Builder spec = synchronous(minWorkers, maxWorkers).toBuilder();
        spec.getTrainingBuilder().getConsistencyBuilder().getLocalBuilder().setSteps(4);
        return JobSpecs.withDefaults(spec.build());
    }

    /** Steps do not wait for the last worker. */
    public static JobSpec withBackupWorker(int minWorkers, int maxWorkers) {
        JobSpec.Builder spec = synchronous(minWorkers, maxWorkers).toBuilder();
        spec.getTrainingBuilder()
                .getConsistencyBuilder()
                .getSynchronousBuilder()
                .setBackupWorkers(1);
        return spec.build();
    }

    /** As {@link #synchronous}, learning from a text. */
    public static JobSpec text() {
        JobSpec.Builder spec = synchronous(1, 2).toBuilder();
        spec.getDataBuilder().getSourceBuilder().setName("tinyshakespeare");
        return spec.build();
    }

    public static JobFacts facts() {
        return JobFacts.newBuilder()
                .setTrainSamples(TRAIN_SAMPLES)
                .setTrainLabels(TRAIN_SAMPLES)
                .setValidationSamples(10)
                .setTestSamples(10)
                .setParameterCount(100)
                .addTensors(TensorPlacement.newBuilder()
                        .setName("dense-1.weight")
                        .addShape(100)
                        .setInitializer(Initializer.newBuilder().setConstant(0)))
                .build();
    }

    public static Hello worker(String name) {
        return worker(name, "cpu/avx2");
    }

    public static Hello worker(String name, String numerics) {
        return Hello.newBuilder()
                .setMember(name)
                .setRole(Role.ROLE_WORKER)
                .setNumerics(numerics)
                .build();
    }

    public static Hello server(String name) {
        return Hello.newBuilder()
                .setMember(name)
                .setRole(Role.ROLE_PARAMETER_SERVER)
                .setGrpcEndpoint("127.0.0.1:1")
                .build();
    }

    public static Sums sums(double loss, long correct, long samples) {
        return Sums.newBuilder()
                .setLossSum(loss)
                .setCorrect(correct)
                .setSamples(samples)
                .setLabels(samples)
                .build();
    }
}
