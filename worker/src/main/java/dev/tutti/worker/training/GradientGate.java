package dev.tutti.worker.training;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;
import dev.tutti.tensor.backend.GradientSink;
import dev.tutti.tensor.backend.Program;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.optimizer.Finiteness;
import dev.tutti.tensor.optimizer.GradientScaling;
import dev.tutti.tensor.optimizer.LossScale;
import dev.tutti.worker.exchange.ParameterExchange;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What gradients pass on their way from a program to the shards, so that none which is not finite changes a parameter. Each run lies between
 * {@link #begin} and {@link #end}. Training thread only.
 */
sealed interface GradientGate {
    /** What the next run's losses are to be multiplied with. */
    double lossScale();

    /** Of the next run. */
    GradientSink begin();

    /**
     * The run is over, and its loss finite.
     *
     * @param when for messages: {@code at step 17}
     */
    void end(String when, Program program) throws NonFiniteLossException;

    /** To be reported by this worker; the sum over all workers is the job's. */
    long skippedSteps();

    static GradientGate of(Workbench bench) {
        Training training = bench.job().spec().getTraining();
        CompiledModel model = bench.model();
        ParameterExchange exchange = bench.exchange();
        // What a slice learns by itself is no gradient any more when it leaves.
        GradientSink sink = switch (bench.generation().consistency()) {
            case ConsistencyModel.Synchronous _, ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _ ->
                exchange;
            case ConsistencyModel.Local _ -> _ -> {};
        };
        if (training.getPrecision() != Precision.PRECISION_F16) {
            return new Checked(model, sink);
        }
        return switch (bench.generation().consistency()) {
            case ConsistencyModel.Synchronous _ ->
                new Scaled(exchange, bench.generation().reportsForAll());
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _, ConsistencyModel.Local _ ->
                new Held(
                        model,
                        sink,
                        bench.narration(),
                        LossScale.first(
                                training.getLossScale().getInitial(),
                                training.getLossScale().getGrowthInterval()));
        };
    }

    /** The gradients of all parameters, one by one. */
    final class Gradients {
        private final List<Parameter> parameters;
        private final List<MemorySegment> values;
        private final Finiteness finiteness = new Finiteness();
        private final GradientScaling scaling = new GradientScaling();

        Gradients(CompiledModel model) {
            this.parameters = model.parameters();
            this.values = parameters.stream()
                    .map(parameter -> model.buffers()
                            .gradients()
                            .asSlice(parameter.offset() * Float.BYTES, parameter.elementCount() * Float.BYTES))
                    .toList();
        }

        int count() {
            return parameters.size();
        }

        String name(int parameter) {
            return parameters.get(parameter).name();
        }

        boolean isFinite(int parameter) {
            return finiteness.isFinite(
                    values.get(parameter), parameters.get(parameter).elementCount());
        }

        void scale(int parameter, float factor) {
            scaling.apply(
                    values.get(parameter), factor, parameters.get(parameter).elementCount());
        }
    }

    /** f32 and bf16: each is looked at before it goes out, and the first that is not finite ends the job. */
    final class Checked implements GradientGate, GradientSink {
        private final Gradients gradients;
        private final GradientSink exchange;
        private int defect = -1;

        Checked(CompiledModel model, GradientSink exchange) {
            this.gradients = new Gradients(model);
            this.exchange = exchange;
        }

        @Override
        public double lossScale() {
            return 1;
        }

        @Override
        public GradientSink begin() {
            return this;
        }

        @Override
        public void gradientReady(int parameter) {
            if (defect < 0 && gradients.isFinite(parameter)) {
                exchange.gradientReady(parameter);
            } else if (defect < 0) {
                defect = parameter;
            }
        }

        @Override
        public void end(String when, Program program) throws NonFiniteLossException {
            if (defect >= 0) {
                throw NonFiniteLossException.ofGradient(gradients.name(defect), when, program);
            }
        }

        @Override
        public long skippedSteps() {
            return 0;
        }
    }

    /**
     * f16, synchronous: they go out as they are, scaled. The shards look at their sums, and they say by what to scale.
     *
     * @param reports whether this is the worker that reports for all
     */
    record Scaled(ParameterExchange exchange, boolean reports) implements GradientGate {
        @Override
        public double lossScale() {
            return exchange.jobState().lossScale();
        }

        @Override
        public GradientSink begin() {
            return exchange;
        }

        @Override
        public void end(String when, Program program) {
            // Overflows are the shards' business.
        }

        @Override
        public long skippedSteps() {
            return reports ? exchange.jobState().skippedSteps() : 0;
        }
    }

    /** f16, where each worker is its own judge: they are kept until all are there, and go out, without the scale, if all are finite. The scale is this worker's own. */
    final class Held implements GradientGate, GradientSink {
        private final Gradients gradients;
        private final GradientSink exchange;
        private final Narration narration;
        /** In the order they came. */
        private final int[] ready;

        private int readyCount;
        private LossScale scale;

        Held(CompiledModel model, GradientSink exchange, Narration narration, LossScale first) {
            this.gradients = new Gradients(model);
            this.exchange = exchange;
            this.ready = new int[gradients.count()];
            this.narration = narration;
            this.scale = first;
        }

        @Override
        public double lossScale() {
            return scale.value();
        }

        @Override
        public GradientSink begin() {
            readyCount = 0;
            return this;
        }

        @Override
        public void gradientReady(int parameter) {
            ready[readyCount++] = parameter;
        }

        @Override
        public void end(String when, Program program) {
            if (areFinite()) {
                float factor = (float) (1 / scale.value());
                for (int i = 0; i < readyCount; i++) {
                    gradients.scale(ready[i], factor);
                    exchange.gradientReady(ready[i]);
                }
                scale = scale.clean();
            } else {
                narration.batchSkipped(when, scale.value());
                scale = scale.overflowed();
            }
        }

        private boolean areFinite() {
            for (int i = 0; i < readyCount; i++) {
                if (!gradients.isFinite(ready[i])) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public long skippedSteps() {
            return scale.skippedSteps();
        }
    }
}
