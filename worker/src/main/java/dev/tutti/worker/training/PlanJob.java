package dev.tutti.worker.training;

import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Initializer;
import dev.tutti.proto.v1.InspectJob;
import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.worker.data.DataException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at a job's data and model on behalf of the coordinator: facts to plan with, or one sentence on why it cannot run. */
public final class PlanJob {
    private static final Logger LOG = LoggerFactory.getLogger(PlanJob.class);

    private final JobData data;
    private final Backend backend;

    /** @param backend that would compute */
    public PlanJob(JobData data, Backend backend) {
        this.data = data;
        this.backend = backend;
    }

    /** May take seconds: reads all samples, so that training will not find a defect later. */
    public JobInspected inspect(InspectJob request) throws InterruptedException {
        JobInspected.Builder answer = JobInspected.newBuilder().setJob(request.getJob());
        try {
            return answer.setFacts(facts(request.getJob(), JobSpecs.withDefaults(request.getSpec())))
                    .build();
        } catch (DataException e) {
            return answer.setError(e.sentence()).build();
        } catch (OutOfMemoryError e) {
            LOG.warn("Job {} does not fit into memory", request.getJob(), e);
            return answer.setError(
                            "the data does not fit into this worker's memory of %d MiB: use less of it, or give the worker more (java -Xmx)"
                                    .formatted(Runtime.getRuntime().maxMemory() >> 20))
                    .build();
        } catch (IllegalArgumentException | UnsupportedOperationException | ArithmeticException e) {
            LOG.warn("Job {} cannot be planned", request.getJob(), e);
            return answer.setError("the job cannot be planned: " + e.getMessage())
                    .build();
        }
    }

    private JobFacts facts(String job, JobSpec spec) throws DataException, InterruptedException {
        PreparedJob prepared = data.prepare(job, spec, spec.getCluster().getSlices());
        JobModel.requireFit(prepared);
        Graph graph = prepared.trainingGraph(1);
        BatchNormFit.require(prepared, graph);
        EncodingFit.require(spec, graph);
        requireKernels(prepared, graph.parameterElements());
        JobFacts.Builder facts = JobFacts.newBuilder()
                .setTrainSamples(prepared.split().trainCount())
                .setValidationSamples(prepared.split().validationCount())
                .setTestSamples(prepared.data().test().sampleCount())
                .setTrainLabels(new LabelCounts(prepared).ofEpoch())
                .setParameterCount(graph.parameterElements());
        graph.parameters().forEach(parameter -> facts.addTensors(placement(parameter)));
        return facts.build();
    }

    /** Compiles for one row, which takes milliseconds: what the backend has no kernel for is found before training is. */
    private void requireKernels(PreparedJob prepared, long parameters) throws DataException {
        try (CompiledModel model = new CompiledModel(prepared, backend)) {
            model.training(1);
            model.evaluation(1);
        } catch (OutOfMemoryError e) {
            throw new DataException(
                    "the model's %,d parameters, their gradients and a sample do not fit into this worker's memory: make the model smaller, or give the worker more (java -XX:MaxDirectMemorySize, which is -Xmx if it is not set)"
                            .formatted(parameters),
                    e);
        }
    }

    static TensorPlacement placement(Parameter parameter) {
        return TensorPlacement.newBuilder()
                .setName(parameter.name())
                .addAllShape(parameter.shape().sizes())
                .setOffset(parameter.offset())
                .setInitializer(initializer(parameter.initializer()))
                .setAveraged(parameter.update() == Parameter.Update.AVERAGED)
                .setRowWidth(parameter.rowWidth())
                .build();
    }

    private static Initializer initializer(dev.tutti.tensor.graph.Initializer initializer) {
        return switch (initializer) {
            case dev.tutti.tensor.graph.Initializer.Constant(var value) ->
                Initializer.newBuilder().setConstant(value).build();
            case dev.tutti.tensor.graph.Initializer.Uniform(var bound) ->
                Initializer.newBuilder().setUniformBound(bound).build();
            case dev.tutti.tensor.graph.Initializer.Normal(var deviation) ->
                Initializer.newBuilder().setNormalDeviation(deviation).build();
        };
    }
}
