package dev.tutti.parameterserver.policy;

import com.google.protobuf.ByteString;
import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.parameterserver.memory.ScaledGradient;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.StepRule;
import dev.tutti.tensor.optimizer.Finiteness;
import dev.tutti.tensor.optimizer.LossScale;
import dev.tutti.tensor.optimizer.SquareSum;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a shard takes part in deciding a step ({@link StepRule}): it keeps the sums of its chunks until there is one for each, votes, and once a
 * decision comes applies all of them, or none.
 *
 * <p>So all chunks are at one version. A generation that begins at the version before, because another shard was lost in between, asks for the
 * step again: the last vote is kept for it and says how the step was taken, which the shards that are late then do as well, even if the gradients
 * they sum now have other bits.
 *
 * <p>The loss scale is that of a version, as the parameters are, and is kept as long as they are.
 */
final class Ballot {
    private final StepRule rule;
    private final ChunkMemory memory;
    /** Of the step that is being summed; null where slices are missing. */
    private final @Nullable MemorySegment[] sums;

    private final Finiteness finiteness = new Finiteness();
    private int summed;
    private SquareSum squares = new SquareSum();
    private boolean finite = true;
    private LossScale now;
    private LossScale before;
    private @Nullable Cast cast;
    private @Nullable Decided decided;

    private record Cast(long step, Vote vote) {}

    private record Decided(long step, Decision decision) {}

    Ballot(StepRule rule, LossScale first, ChunkMemory memory) {
        this.rule = rule;
        this.memory = memory;
        this.sums = new MemorySegment[memory.chunkCount()];
        this.now = first;
        this.before = first;
    }

    /** Whether a chunk has all slices of the step. */
    boolean contains(int chunk) {
        return sums[chunk] != null;
    }

    /**
     * Takes over the sum of a chunk it does not contain.
     *
     * @return the vote, if it was the last chunk's
     */
    Optional<Vote> add(int chunk, MemorySegment sum) {
        sums[chunk] = sum;
        summed++;
        memory.runs(chunk).forEach(run -> look(run, sum));
        if (summed < sums.length) {
            return Optional.empty();
        }
        byte[] squareSum = squares.value().toByteArray();
        Vote vote = Vote.newBuilder()
                .setFinite(isFinite())
                .setSquareSum(ByteString.copyFrom(squareSum))
                .setLossScale(now.value())
                .build();
        cast = new Cast(memory.completeVersion() + 1, vote);
        return Optional.of(vote);
    }

    private boolean isFinite() {
        return finite && squares.isFinite();
    }

    private void look(ChunkUpdate.Run run, MemorySegment sum) {
        if (run.averaged() || rule.norm() == Double.POSITIVE_INFINITY) {
            finite = finite && finiteness.isFinite(run.of(sum), run.count());
        } else {
            squares.add(run.of(sum), run.count());
        }
    }

    /** The vote on a step, if it is the last one there was a vote on; and the decision, if it is taken. */
    Optional<Vote> on(long step) {
        return Optional.ofNullable(cast).filter(last -> last.step == step).map(this::withDecision);
    }

    private Vote withDecision(Cast last) {
        return decided == null || decided.step != last.step
                ? last.vote
                : last.vote.toBuilder().setTaken(decided.decision).build();
    }

    Verdict decide(long step, Decision decision) {
        if (step <= memory.completeVersion()) {
            return new Verdict.Duplicate();
        }
        if (on(step).isEmpty()) {
            return new Verdict.Refused("A decision on step " + step + ", on which this shard has not voted");
        }
        if (decision.getSkip() ? !rule.scaled() : !(decision.getFactor() >= 0 && decision.getFactor() <= 1)) {
            return new Verdict.Refused("The decision on step " + step + " is to " + words(decision)
                    + "; expected to apply it with a factor in [0, 1]" + (rule.scaled() ? " or to skip it" : ""));
        }
        decided = new Decided(step, decision);
        take(decision);
        return new Verdict.Decided(decision.getSkip());
    }

    /** A step to be applied because another shard has applied it, of which this one's sums now overflow, moves nothing here. */
    private void take(Decision decision) {
        boolean applied = !decision.getSkip() && isFinite();
        for (int chunk = 0; chunk < sums.length; chunk++) {
            MemorySegment sum = sums[chunk];
            if (sum == null || !applied) {
                memory.skip(chunk);
            } else {
                memory.update(chunk, new ScaledGradient(sum, now.value(), decision.getFactor()));
            }
        }
        before = now;
        if (rule.scaled()) {
            now = decision.getSkip() ? now.overflowed() : now.clean();
        }
        forgetSums();
    }

    private static String words(Decision decision) {
        return decision.getSkip() ? "skip it" : "apply it with factor " + decision.getFactor();
    }

    /** A new generation computes a step that is not decided again, and then votes on it. */
    void startGeneration() {
        Cast last = cast;
        if (last != null && last.step > memory.completeVersion()) {
            cast = null;
        }
        forgetSums();
    }

    private void forgetSums() {
        for (int chunk = 0; chunk < sums.length; chunk++) {
            MemorySegment sum = sums[chunk];
            if (sum != null) {
                memory.buffers().give(sum);
                sums[chunk] = null;
            }
        }
        summed = 0;
        squares = new SquareSum();
        finite = true;
    }

    /** At a version, the current one or the one before. */
    LossScale lossScale(long version) {
        return version == memory.completeVersion() ? now : before;
    }
}
