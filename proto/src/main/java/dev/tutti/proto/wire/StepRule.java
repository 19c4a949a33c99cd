package dev.tutti.proto.wire;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.Training;
import dev.tutti.proto.v1.Vote;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/**
 * How a step is decided in jobs that need one decision for all shards: a pure function of the shards' votes, so every worker comes to the same.
 *
 * @param scaled whether losses are scaled, so that a gradient that is not finite costs a step and not the job (Micikevicius et al., 2018)
 * @param norm the most the norm of all gradients together may be; infinite for no bound
 */
public record StepRule(boolean scaled, double norm) {
    /** Of the units in which votes count squares. */
    private static final int SQUARE_EXPONENT = -298;

    /** As in PyTorch's {@code clip_grad_norm_}. */
    private static final double EPSILON = 1e-6;

    /**
     * Of a job with its defaults; none if its shards need not agree: each chunk's step is applied as it is summed.
     *
     * <p>Other jobs than synchronous ones have no step whose gradient is on its shards as a whole: their workers see to overflows themselves.
     */
    public static Optional<StepRule> of(Training training) {
        boolean scaled = training.getPrecision() == Precision.PRECISION_F16;
        boolean clipped = training.getClip().hasNorm();
        if (!(scaled || clipped)) {
            return Optional.empty();
        }
        return switch (ConsistencyModel.of(training)) {
            case ConsistencyModel.Synchronous _ ->
                Optional.of(new StepRule(scaled, clipped ? training.getClip().getNorm() : Double.POSITIVE_INFINITY));
            case ConsistencyModel.Asynchronous _, ConsistencyModel.BoundedStaleness _, ConsistencyModel.Local _ ->
                Optional.empty();
        };
    }

    /**
     * As a shard has taken the step already, if one has: in an earlier generation, of which the others did not hear the decision.
     *
     * @param votes of all shards, in their order
     */
    public Decision decide(List<Vote> votes) {
        return votes.stream()
                .filter(Vote::hasTaken)
                .map(Vote::getTaken)
                .findFirst()
                .orElseGet(() -> judge(votes));
    }

    private Decision judge(List<Vote> votes) {
        if (!areFinite(votes)) {
            return Decision.newBuilder().setSkip(true).build();
        }
        return Decision.newBuilder()
                .setFactor(norm == Double.POSITIVE_INFINITY ? 1 : Math.min(1, norm / (gradientNorm(votes) + EPSILON)))
                .build();
    }

    public static boolean areFinite(List<Vote> votes) {
        return votes.stream().allMatch(Vote::getFinite);
    }

    /** Of the gradients as they would be without a loss scale. Rounded once, whatever the number of shards. */
    private static double gradientNorm(List<Vote> votes) {
        BigInteger squares = votes.stream()
                .map(vote -> new BigInteger(1, vote.getSquareSum().toByteArray()))
                .reduce(BigInteger.ZERO, BigInteger::add);
        return Math.sqrt(Math.scalb(squares.doubleValue(), SQUARE_EXPONENT))
                / votes.getFirst().getLossScale();
    }
}
