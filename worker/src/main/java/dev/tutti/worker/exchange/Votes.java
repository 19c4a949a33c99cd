package dev.tutti.worker.exchange;

import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.StepRule;
import dev.tutti.worker.metrics.WorkerMetrics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The votes of all shards on one step as they come in, and what follows from them. Training thread only. */
final class Votes {
    private static final Logger LOG = LoggerFactory.getLogger(ParameterExchange.class);

    private final String job;
    private final StepRule rule;
    private final WorkerMetrics metrics;
    private final @Nullable Vote[] byShard;
    private long step;

    Votes(String job, StepRule rule, int shards, WorkerMetrics metrics) {
        this.job = job;
        this.rule = rule;
        this.byShard = new Vote[shards];
        this.metrics = metrics;
    }

    /**
     * Takes a vote. Those on an earlier step come too late to count.
     *
     * @return the step's decision, once this was the last vote on it
     */
    Optional<Decision> put(long votedStep, int shard, Vote vote) throws ExchangeEndedException {
        if (votedStep < step) {
            return Optional.empty();
        }
        if (votedStep > step) {
            step = votedStep;
            Arrays.fill(byShard, null);
        }
        byShard[shard] = vote;
        List<Vote> cast = new ArrayList<>();
        for (Vote one : byShard) {
            if (one != null) {
                cast.add(one);
            }
        }
        return cast.size() == byShard.length ? Optional.of(decide(cast)) : Optional.empty();
    }

    private Decision decide(List<Vote> all) throws ExchangeEndedException {
        boolean isTaken = all.stream().anyMatch(Vote::hasTaken);
        if (!isTaken && !rule.scaled() && !StepRule.areFinite(all)) {
            throw new ExchangeEndedException(new ExchangeEnd.Overflow(step));
        }
        Decision decision = rule.decide(all);
        if (decision.getSkip()) {
            metrics.stepSkipped();
            LOG.info(
                    "Job {}: step {} is skipped, a gradient overflowed with the losses scaled by {}",
                    job,
                    step,
                    all.getFirst().getLossScale());
        }
        return decision;
    }
}
