package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.graph.Parameter;
import dev.tutti.tensor.optimizer.Adagrad;
import dev.tutti.tensor.optimizer.Adam;
import dev.tutti.tensor.optimizer.Regularization;
import dev.tutti.tensor.optimizer.RmsProp;
import dev.tutti.tensor.optimizer.Sgd;
import dev.tutti.tensor.optimizer.SliceOptimizer;
import dev.tutti.tensor.optimizer.UpdateRule;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code optimizer.cu}, over the flat spaces of one program.
 *
 * @param state a flat space a slot
 * @param factors the rule's, on the device, of the update that is being made
 */
record OptimizerLaunches(Launches launches, SliceOptimizer optimizer, List<Long> state, long factors) {
    private static final int ROW_THREADS = 128;

    /** Of all parameters; neighbours of one kind at once. */
    Launch update(List<Parameter> parameters) {
        List<Launch> updates = new ArrayList<>();
        for (int i = 0; i < parameters.size(); ) {
            Parameter first = parameters.get(i);
            long count = 0;
            do {
                count += parameters.get(i).elementCount();
                i++;
            } while (i < parameters.size()
                    && first.update() == parameters.get(i).update()
                    && first.rowWidth() == parameters.get(i).rowWidth());
            updates.add(update(first, count));
        }
        return Launches.all(updates.toArray(Launch[]::new));
    }

    private Launch update(Parameter first, long count) {
        return switch (first.update()) {
            case TRAINED -> launch("update", Grid.forEach(count), first, count);
            case TRAINED_ROWS ->
                launch("update_rows", Grid.blocks(count / first.rowWidth(), ROW_THREADS), first, count);
            case AVERAGED ->
                launches.of(
                        KernelSources.OPTIMIZER,
                        List.of(),
                        "average",
                        Grid.forEach(count),
                        new Struct()
                                .addresses(
                                        launches.memory().parameters() + first.offset() * Float.BYTES,
                                        launches.memory().gradients() + first.offset() * Float.BYTES)
                                .longs(count)
                                .floats(Parameter.AVERAGE_RATE));
        };
    }

    private Launch launch(String name, Grid grid, Parameter first, long count) {
        long offset = first.offset() * Float.BYTES;
        Regularization regularization = optimizer.regularization();
        return launches.of(
                KernelSources.OPTIMIZER,
                List.of("RULE=" + rule(optimizer.rule())),
                name,
                grid,
                new Struct()
                        .addresses(
                                launches.memory().parameters() + offset,
                                launches.memory().gradients() + offset)
                        .addresses(slot(0, offset), slot(1, offset), factors)
                        .longs(count)
                        .floats(
                                (float) regularization.clip(),
                                (float) (1 - optimizer.rule().rate() * regularization.decay()),
                                (float) regularization.l1(),
                                (float) regularization.l2())
                        .ints(first.rowWidth()));
    }

    private long slot(int index, long offset) {
        return index < state.size() ? state.get(index) + offset : 0;
    }

    private static String rule(UpdateRule rule) {
        return switch (rule) {
            case Sgd sgd -> sgd.momentum() == 0 ? "Sgd" : sgd.nesterov() ? "Nesterov" : "HeavyBall";
            case Adam _ -> "Adam";
            case RmsProp rms -> rms.momentum() == 0 ? "RmsProp" : "RmsPropMomentum";
            case Adagrad _ -> "Adagrad";
        };
    }
}
