package dev.tutti.proto.spec;

import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.GradientEncoding;
import dev.tutti.proto.v1.PlainEncoding;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.TopK;
import dev.tutti.proto.v1.Training;

/** What travels between workers and parameter servers. */
final class EncodingRules {
    private static final String GRADIENTS = "training.exchange.gradients";
    private static final double DEFAULT_SHARE = 0.01;
    private static final double LARGEST_SHARE = 0.5;

    private EncodingRules() {}

    static ExchangeEncodings withDefaults(ExchangeEncodings exchange) {
        ExchangeEncodings.Builder filled = exchange.toBuilder();
        GradientEncoding gradients = exchange.getGradients();
        switch (gradients.getKindCase()) {
            case KIND_NOT_SET ->
                filled.setGradients(GradientEncoding.newBuilder().setF32(PlainEncoding.getDefaultInstance()));
            case TOP_K -> {
                double share =
                        gradients.getTopK().hasShare() ? gradients.getTopK().getShare() : DEFAULT_SHARE;
                filled.setGradients(
                        GradientEncoding.newBuilder().setTopK(TopK.newBuilder().setShare(share)));
            }
            case F32, BF16, F16, INT8 -> {
                // These have no numbers.
            }
        }
        if (exchange.getParameters() == Precision.PRECISION_UNSPECIFIED) {
            filled.setParameters(Precision.PRECISION_F32);
        }
        return filled.build();
    }

    static void check(Training training, Problems problems) {
        GradientEncoding gradients = training.getExchange().getGradients();
        boolean keepsRest = switch (gradients.getKindCase()) {
            case TOP_K -> {
                double share = gradients.getTopK().getShare();
                if (!(share > 0 && share <= LARGEST_SHARE)) {
                    problems.add(
                            GRADIENTS + ".top-k.share",
                            "must be greater than 0 and at most " + LARGEST_SHARE + ", got " + share);
                }
                yield true;
            }
            case INT8 -> true;
            case F32, BF16, F16, KIND_NOT_SET -> false;
        };
        if (keepsRest && training.getPrecision() == Precision.PRECISION_F16) {
            problems.add(
                    GRADIENTS,
                    "int8 and top-k keep what is lost for the next step, whose loss scale may be another in f16: use f32, bf16"
                            + " or f16 here, or training.precision=bf16");
        }
        if (training.getExchange().getParameters() == Precision.UNRECOGNIZED) {
            problems.add("training.exchange.parameters", "must be f32, bf16 or f16");
        }
    }
}
