package dev.tutti.worker.training;

import com.google.protobuf.ByteString;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.v1.Chunk;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.Precision;
import dev.tutti.proto.v1.ShardMap;
import dev.tutti.proto.v1.Training;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.ShardMaps;
import dev.tutti.tensor.optimizer.LossScale;
import dev.tutti.tensor.optimizer.SquareSum;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

/** How the shards of {@link MemoryShards} vote and what they are told, in the plainest way. Under their lock. */
final class MemoryBallots {
    private final ShardMap map;
    private final Map<Integer, Map<Integer, float[]>> sums = new HashMap<>();
    private final Map<Integer, Vote> votes = new HashMap<>();
    private final Map<Integer, LossScale> scales = new HashMap<>();
    private final Map<Integer, Decision> decisions = new HashMap<>();
    private LossScale before;
    private final boolean scaled;
    /** Whether a decision is heard; others are lost on the way. */
    volatile Predicate<FrameHeader> heard = _ -> true;
    /** Whether a step is summed with other bits: so that its squares are twice as large. */
    volatile LongPredicate otherBits = _ -> false;
    /** Whether the sums of a step overflow, whatever they are. */
    volatile LongPredicate overflows = _ -> false;

    MemoryBallots(ShardMap map, Training withoutDefaults) {
        this.map = map;
        Training training = JobSpecs.withDefaults(
                        JobSpec.newBuilder().setTraining(withoutDefaults).build())
                .getTraining();
        this.scaled = training.getPrecision() == Precision.PRECISION_F16;
        this.before = scaled
                ? LossScale.first(
                        training.getLossScale().getInitial(),
                        training.getLossScale().getGrowthInterval())
                : LossScale.NONE;
        for (int shard = 0; shard < map.getShardsCount(); shard++) {
            scales.put(shard, before);
            sums.put(shard, new TreeMap<>());
        }
    }

    /** Whether it was the last chunk of its shard. */
    boolean add(int shard, int chunk, float[] sum) {
        Map<Integer, float[]> known = sums(shard);
        known.put(chunk, sum);
        return known.size() == ShardMaps.grid(map, shard).chunkCount();
    }

    void vote(int shard, long step) {
        SquareSum squares = new SquareSum();
        sums(shard).values().forEach(sum -> squares.add(MemorySegment.ofArray(sum), sum.length));
        BigInteger squareSum = squares.value().shiftLeft(otherBits.test(step) ? 1 : 0);
        votes.put(
                shard,
                Vote.newBuilder()
                        .setFinite(squares.isFinite() && !overflows.test(step))
                        .setSquareSum(ByteString.copyFrom(squareSum.toByteArray()))
                        .setLossScale(scale(shard).value())
                        .build());
        decisions.remove(shard);
    }

    Vote last(int shard) {
        Vote vote = Objects.requireNonNull(votes.get(shard));
        Decision taken = decisions.get(shard);
        return taken == null ? vote : vote.toBuilder().setTaken(taken).build();
    }

    /** Whether a decision is to be applied: the first on a vote. */
    boolean take(FrameHeader header) {
        Decision last = decisions.get(header.getShard());
        if (!heard.test(header)) {
            return false;
        }
        if (last != null && !last.equals(header.getDecision())) {
            throw new IllegalStateException("First " + last + ", then " + header.getDecision());
        }
        if (last == null) {
            decisions.put(header.getShard(), header.getDecision());
        }
        return last == null;
    }

    /** The gradients to be applied, by chunk. */
    Map<Integer, float[]> applied(int shard, Decision decision) {
        LossScale scale = scale(shard);
        Map<Integer, float[]> gradients = new TreeMap<>();
        sums(shard).forEach((chunk, sum) -> {
            float[] gradient = new float[sum.length];
            for (int i = 0; i < sum.length && !decision.getSkip(); i++) {
                gradient[i] = sum[i] * (float) (decision.getFactor() / scale.value());
            }
            gradients.put(chunk, gradient);
        });
        sums(shard).clear();
        before = shard == 0 ? scale : before;
        if (scaled) {
            scales.put(shard, decision.getSkip() ? scale.overflowed() : scale.clean());
        }
        return gradients;
    }

    void forgetSums() {
        sums.values().forEach(Map::clear);
    }

    /** What the first chunk of the first shard says. */
    void describe(Chunk.Builder chunk, boolean isCurrent) {
        LossScale scale = isCurrent ? scale(0) : before;
        chunk.setLossScale(scale.value()).setSkippedSteps(scale.skippedSteps());
    }

    LossScale scale(int shard) {
        return Objects.requireNonNull(scales.get(shard));
    }

    private Map<Integer, float[]> sums(int shard) {
        return Objects.requireNonNull(sums.get(shard));
    }
}
