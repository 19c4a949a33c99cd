package dev.tutti.tensor.graph;

import java.util.List;

/** Results of {@link NormalizationOp}, all f32. */
final class NormalizationShapes {
    private NormalizationShapes() {}

    static List<ResultType> infer(NormalizationOp op, OperandChecks checks) {
        checks.f32(op.operands().toArray(Tensor[]::new));
        return switch (op) {
            case NormalizationOp.Softmax(var x) -> ResultType.f32(x.shape());
            case NormalizationOp.SoftmaxGradient(var gradient, var output) ->
                ResultType.f32(checks.same(gradient, output));
            case NormalizationOp.LayerNorm(var x, var gamma, var beta, var _) -> {
                columns(x, checks, gamma, beta);
                yield List.of(
                        ResultType.first(x.shape()),
                        ResultType.further("mean", rows(x)),
                        ResultType.further("inverse-deviation", rows(x)));
            }
            case NormalizationOp.LayerNormGradient(var gradient, var x, var gamma, var mean, var inverseDeviation) -> {
                checks.same(gradient, x);
                columns(x, checks, gamma);
                checks.shape(mean, rows(x));
                checks.shape(inverseDeviation, rows(x));
                yield gradients(x, gamma);
            }
            case NormalizationOp.BatchNorm(
                    var x,
                    var gamma,
                    var beta,
                    var runningMean,
                    var runningVariance,
                    var _,
                    var layout) -> {
                Shape channels = channels(x, layout, checks, gamma, beta, runningMean, runningVariance);
                yield List.of(
                        ResultType.first(x.shape()),
                        ResultType.further("mean", channels),
                        ResultType.further("inverse-deviation", channels),
                        ResultType.further("variance", channels));
            }
            case NormalizationOp.BatchNormGradient(
                    var gradient,
                    var x,
                    var gamma,
                    var mean,
                    var inverseDeviation,
                    var layout) -> {
                checks.same(gradient, x);
                channels(x, layout, checks, gamma, mean, inverseDeviation);
                yield gradients(x, gamma);
            }
            case NormalizationOp.BatchNormInference(
                    var x,
                    var gamma,
                    var beta,
                    var mean,
                    var variance,
                    var _,
                    var layout) -> {
                channels(x, layout, checks, gamma, beta, mean, variance);
                yield ResultType.f32(x.shape());
            }
        };
    }

    private static List<ResultType> gradients(Tensor x, Tensor gamma) {
        return List.of(
                ResultType.first(x.shape()),
                ResultType.further("gamma", gamma.shape()),
                ResultType.further("beta", gamma.shape()));
    }

    private static void columns(Tensor x, OperandChecks checks, Tensor... vectors) {
        for (Tensor vector : vectors) {
            checks.vector(vector, x.shape().last());
        }
    }

    private static Shape rows(Tensor x) {
        return Shape.of(Math.toIntExact(x.elementCount() / x.shape().last()));
    }

    private static Shape channels(Tensor x, ImageLayout layout, OperandChecks checks, Tensor... vectors) {
        int rank = x.shape().rank();
        checks.check(
                rank == 4 || (rank == 2 && layout == ImageLayout.SAMPLES_FIRST),
                "expected " + x.name() + " to be [samples, channels] or [samples, channels, height, width], got "
                        + x.shape());
        Shape channels = Shape.of(rank == 2 ? x.shape().size(1) : layout.channels(x.shape()));
        for (Tensor vector : vectors) {
            checks.shape(vector, channels);
        }
        return channels;
    }
}
