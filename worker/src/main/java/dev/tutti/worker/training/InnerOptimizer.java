package dev.tutti.worker.training;

import dev.tutti.proto.job.OptimizerKit;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.wire.TouchedRows;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Averaging;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The job's optimizer on a worker, for slices that learn by themselves. Each slice has a state of its own, which begins with zeros in every
 * generation: a worker that is lost takes the state of its slices with it. Made, used and closed by the training thread.
 */
final class InnerOptimizer implements AutoCloseable {
    private static final int ALIGNMENT = 64;
    private static final OptimizerKit<UpdateRule, SliceOptimizer> KIT = new OptimizerKit<>(
            Sgd::new,
            Adam::new,
            RmsProp::new,
            Adagrad::new,
            (rule, l1, l2, decay, clip) -> new SliceOptimizer(rule, new Regularization(l1, l2, decay, clip)));

    private final SliceOptimizer optimizer;
    private final Averaging averaging = new Averaging();
    private final List<Run> runs;
    private final Map<Integer, State> states = new HashMap<>();
    private final Arena arena = Arena.ofConfined();

    /** Elements of the flat parameter space that are all trained or all averaged, as long as possible; or rows of one width, else 0. */
    private record Run(long begin, long count, Parameter.Update update, int rowWidth) {
        boolean goesOnWith(Parameter parameter) {
            return parameter.update() == update
                    && parameter.rowWidth() == rowWidth
                    && parameter.offset() == begin + count;
        }

        Run rows(int first, int rows) {
            return new Run(begin + (long) first * rowWidth, (long) rows * rowWidth, update, rowWidth);
        }

        MemorySegment of(MemorySegment flat) {
            return flat.asSlice(begin * Float.BYTES, count * Float.BYTES);
        }
    }

    /** Of one slice. */
    private static final class State {
        private final List<MemorySegment> slots;
        private long updates;

        State(List<MemorySegment> slots) {
            this.slots = slots;
        }
    }

    InnerOptimizer(JobSpec spec, List<Parameter> parameters) {
        this.optimizer = KIT.build(spec.getName(), spec.getTraining());
        this.runs = runs(parameters);
    }

    private static List<Run> runs(List<Parameter> parameters) {
        List<Run> runs = new ArrayList<>();
        for (Parameter parameter : parameters) {
            if (!runs.isEmpty() && runs.getLast().goesOnWith(parameter)) {
                Run last = runs.removeLast();
                runs.add(new Run(last.begin, last.count + parameter.elementCount(), last.update, last.rowWidth));
            } else {
                runs.add(new Run(
                        parameter.offset(), parameter.elementCount(), parameter.update(), parameter.rowWidth()));
            }
        }
        return List.copyOf(runs);
    }

    /** Applies the gradient of a slice's batch to the parameters, in place. */
    void step(int slice, ParameterBuffers buffers) {
        long byteSize = buffers.parameters().byteSize();
        State state = states.computeIfAbsent(
                slice,
                _ -> new State(Stream.generate(() -> arena.allocate(byteSize, ALIGNMENT))
                        .limit(optimizer.stateSlots())
                        .toList()));
        state.updates++;
        for (Run run : runs) {
            MemorySegment parameters = run.of(buffers.parameters());
            MemorySegment gradients = run.of(buffers.gradients());
            switch (run.update) {
                case TRAINED -> train(run, buffers, state);
                case TRAINED_ROWS ->
                    TouchedRows.forEachRun(
                            TouchedRows.of(gradients, run.rowWidth),
                            (first, rows) -> train(run.rows(first, rows), buffers, state));
                case AVERAGED -> averaging.apply(parameters, parameters, gradients, 1, run.count);
            }
        }
    }

    private void train(Run run, ParameterBuffers buffers, State state) {
        MemorySegment parameters = run.of(buffers.parameters());
        optimizer.apply(
                parameters,
                parameters,
                run.of(buffers.gradients()),
                1,
                state.slots.stream().map(run::of).toList(),
                run.count,
                state.updates);
    }

    @Override
    public void close() {
        arena.close();
    }
}
