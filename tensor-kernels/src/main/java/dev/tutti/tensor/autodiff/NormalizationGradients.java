package dev.tutti.tensor.autodiff;

import dev.tutti.tensor.graph.ElementwiseOp;
import dev.tutti.tensor.graph.Instruction;
import dev.tutti.tensor.graph.NormalizationOp;
import dev.tutti.tensor.graph.Tensor;
import java.util.List;

final class NormalizationGradients {
    private NormalizationGradients() {}

    static void backward(NormalizationOp op, Instruction instruction, Tensor gradient, Tape tape) {
        List<Tensor> results = instruction.results();
        switch (op) {
            case NormalizationOp.Softmax(var x) ->
                tape.contribute(x, new NormalizationOp.SoftmaxGradient(gradient, instruction.result()));
            case NormalizationOp.LayerNorm(var x, var gamma, var beta, var _) ->
                tape.contributeAll(
                        new NormalizationOp.LayerNormGradient(gradient, x, gamma, results.get(1), results.get(2)),
                        x,
                        gamma,
                        beta);
            case NormalizationOp.BatchNorm(
                    var x,
                    var gamma,
                    var beta,
                    var runningMean,
                    var runningVariance,
                    var _,
                    var layout) -> {
                int samples = x.shape().rank() == 2 ? x.shape().size(0) : layout.samples(x.shape());
                tape.contribute(
                        runningVariance, new ElementwiseOp.Scale(results.get(3), tape.statisticScale(), samples));
                tape.contribute(runningMean, new ElementwiseOp.Scale(results.get(1), tape.statisticScale(), samples));
                tape.contributeAll(
                        new NormalizationOp.BatchNormGradient(
                                gradient, x, gamma, results.get(1), results.get(2), layout),
                        x,
                        gamma,
                        beta);
            }
            case NormalizationOp.SoftmaxGradient _,
                    NormalizationOp.LayerNormGradient _,
                    NormalizationOp.BatchNormGradient _,
                    NormalizationOp.BatchNormInference _ -> throw Autodiff.notDefined(op);
        }
    }
}
