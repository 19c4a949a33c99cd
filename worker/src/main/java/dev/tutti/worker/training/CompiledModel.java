package dev.tutti.worker.training;

import dev.tutti.proto.v1.TensorPlacement;
import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.Parameter;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A job's parameters on this worker, and programs over them, compiled when first needed for a number of rows and kept: a job uses few
 * (slices of a full batch, of an epoch's last batch, evaluation). Made, used and closed by the training thread.
 */
final class CompiledModel implements AutoCloseable {
    private final PreparedJob job;
    private final Backend backend;
    private final Arena arena;
    private final List<Parameter> parameters;
    private final ParameterBuffers buffers;
    private final Map<Integer, TrainingProgram> training = new HashMap<>();
    private final Map<Integer, Program> evaluation = new HashMap<>();

    CompiledModel(PreparedJob job, Backend backend) {
        this.job = job;
        this.backend = backend;
        Graph graph = job.trainingGraph(1);
        this.parameters = graph.parameters();
        this.arena = Arena.ofConfined();
        try {
            this.buffers = backend.buffers(graph.parameterElements(), arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Freed when this is closed. */
    ParameterBuffers buffers() {
        return buffers;
    }

    /** In the order programs tell of their gradients by. */
    List<Parameter> parameters() {
        return parameters;
    }

    /** The name of the backend that computes. */
    String backend() {
        return backend.name();
    }

    /** Over the parameters as they are now. */
    String parametersSha256() {
        return ParameterDigest.sha256(parameters, buffers.parameters());
    }

    /** The tensors as the coordinator's shard map has them, which it got from a worker's plan. */
    List<TensorPlacement> placements() {
        return parameters.stream().map(PlanJob::placement).toList();
    }

    TrainingProgram training(int rows) {
        return training.computeIfAbsent(
                rows,
                count -> new TrainingProgram(
                        backend.compile(job.trainingGraph(count), buffers),
                        count,
                        job.spec().getSeed()));
    }

    Program evaluation(int rows) {
        return evaluation.computeIfAbsent(rows, count -> backend.compile(job.evaluationGraph(count), buffers));
    }

    @Override
    public void close() {
        training.values().forEach(program -> program.program().close());
        evaluation.values().forEach(Program::close);
        arena.close();
    }
}
