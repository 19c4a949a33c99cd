package dev.tutti.parameterserver.policy;

import dev.tutti.parameterserver.memory.ChunkMemory;
import dev.tutti.parameterserver.memory.ChunkUpdate;
import dev.tutti.parameterserver.memory.ScaledGradient;
import dev.tutti.proto.v1.Decision;
import dev.tutti.proto.v1.FrameHeader;
import dev.tutti.proto.v1.Push;
import dev.tutti.proto.v1.Vote;
import dev.tutti.proto.wire.SliceTree;
import dev.tutti.proto.wire.SliceTree.Node;
import dev.tutti.proto.wire.StepRule;
import dev.tutti.proto.wire.encoding.ChunkValues;
import dev.tutti.tensor.optimizer.LossScale;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A chunk goes from version s − 1 to s once the gradients of all slices of step s are summed, or with backup workers those of as many workers as
 * are waited for; if the job's shards decide together, once that is so of all chunks, and decided. Workers begin step s + 1 when every chunk is at
 * s; so all chunks are at s or s + 1.
 *
 * <p>Gradients that come far ahead of those of the slices before them are not taken in for a while, or a shard would keep half as many sums as there are
 * workers. Those in the order of their slices always are, so whoever pushes its slices in their order is taken in once those before it have pushed theirs.
 *
 * <p>In a local job a step is a round, and its gradient how far the slices went in it.
 */
public final class SynchronousUpdates implements Consistency {
    /** What sums beyond one for each chunk may take, as long as the gradients that would complete them are still to come. */
    private static final long EARLY_BYTES = 16 << 20;

    private final ChunkMemory memory;
    private final SliceTree tree;
    private final List<StepSum> sums;
    private final int backupWorkers;
    /** Of the first chunk. */
    private final EpochLoss loss;

    private final Optional<Ballot> ballot;
    /** Sums that are kept beyond one for each chunk. */
    private int furtherSums;

    /**
     * @param backupWorkers how many workers of a generation are not waited for
     * @param rule how steps are decided, if this shard does not apply each gradient by itself
     * @param firstScale of the losses
     */
    public SynchronousUpdates(
            ChunkUpdate update,
            int slices,
            long stepsPerEpoch,
            int backupWorkers,
            Optional<StepRule> rule,
            LossScale firstScale) {
        this.tree = new SliceTree(slices);
        this.backupWorkers = backupWorkers;
        this.loss = new EpochLoss(slices, stepsPerEpoch);
        this.memory = new ChunkMemory(update, ChunkMemory.History.PREVIOUS);
        this.ballot = rule.map(how -> new Ballot(how, firstScale, memory));
        this.sums = Stream.generate(this::stepSum).limit(memory.chunkCount()).toList();
    }

    private StepSum stepSum() {
        return backupWorkers == 0
                ? new SliceSum(tree, memory.buffers())
                : new ContributionSum(tree, memory.buffers(), backupWorkers);
    }

    @Override
    public ChunkMemory memory() {
        return memory;
    }

    @Override
    public Verdict offer(Peer peer, FrameHeader header, ChunkValues gradient) {
        Push push = header.getPush();
        Optional<Node> node = tree.node(push.getSliceBegin(), push.getSliceEnd());
        if (node.isEmpty()) {
            return new Verdict.Refused("Slices [" + push.getSliceBegin() + ", " + push.getSliceEnd()
                    + ") are not one node of the tree over " + tree.slices() + " slices");
        }
        String problem = backupWorkers == 0 ? null : ContributionSum.problem(push, tree.slices(), backupWorkers);
        if (problem != null) {
            return new Verdict.Refused(problem);
        }
        int chunk = push.getChunk();
        long underWay = memory.completeVersion() + 1;
        if (header.getStep() > underWay) {
            return new Verdict.Refused("A gradient of step " + header.getStep() + " for chunk " + chunk + " while step "
                    + underWay + " is not complete");
        }
        StepSum sum = sums.get(chunk);
        boolean waits = ballot.isPresent() && ballot.get().contains(chunk);
        if (header.getStep() <= memory.version(chunk) || waits) {
            return backupWorkers == 0 ? new Verdict.Duplicate() : new Verdict.Late();
        }
        if (sum.contains(node.get())) {
            return new Verdict.Duplicate();
        }
        if (sum.isEarly(node.get()) && (furtherSums + 1) * gradient.byteSize() > EARLY_BYTES) {
            return new Verdict.TooEarly();
        }
        if (chunk == 0) {
            loss.offer(push);
        }
        furtherSums -= furtherSums(sum);
        Optional<MemorySegment> complete = sum.add(node.get(), push, gradient);
        furtherSums += furtherSums(sum);
        if (complete.isEmpty()) {
            return new Verdict.Kept();
        }
        return ballot.isPresent() ? vote(ballot.get(), chunk, complete.get(), underWay) : apply(chunk, complete.get());
    }

    private static int furtherSums(StepSum sum) {
        return Math.max(0, sum.kept() - 1);
    }

    private Verdict apply(int chunk, MemorySegment gradient) {
        memory.update(chunk, ScaledGradient.plain(gradient));
        if (chunk == 0) {
            lossApplied();
        }
        memory.buffers().give(gradient);
        return new Verdict.Applied();
    }

    private static Verdict vote(Ballot ballot, int chunk, MemorySegment gradient, long step) {
        Optional<Vote> vote = ballot.add(chunk, gradient);
        return vote.isPresent() ? new Verdict.Voted(step, vote.get()) : new Verdict.Kept();
    }

    /** What the votes of all shards make of a step. */
    public Verdict decide(long step, Decision decision) {
        if (ballot.isEmpty()) {
            return new Verdict.Refused("A decision on step " + step + " of a job whose shards decide for themselves");
        }
        Verdict verdict = ballot.get().decide(step, decision);
        if (verdict instanceof Verdict.Decided) {
            lossApplied();
        }
        return verdict;
    }

    private void lossApplied() {
        loss.applied(memory.version(0), sums.getFirst()::hasSummed);
    }

    /** This shard's vote on a step, if it was the last one there was a vote on. */
    public Optional<Vote> voteOn(long step) {
        return ballot.flatMap(votes -> votes.on(step));
    }

    @Override
    public void startGeneration() {
        sums.forEach(StepSum::clear);
        furtherSums = 0;
        ballot.ifPresent(Ballot::startGeneration);
        loss.forgetStep();
    }

    /** What the first chunk's pushes have brought of the epoch that its version, or the one before, belongs to. */
    public Trained trained(long version) {
        return version == memory.version(0) ? loss.current() : loss.previous();
    }

    /** Whether a worker may come to a generation that has gone on without it. */
    public boolean mayLeaveWorkersBehind() {
        return backupWorkers > 0;
    }

    /** What they brought of the epoch before, if its last version may be missed: with backup workers. */
    public Optional<Trained> trainedLastEpoch() {
        return backupWorkers == 0 ? Optional.empty() : Optional.of(loss.lastEpoch());
    }

    /** At a version, the current one or the one before; always the same if this shard decides for itself. */
    public LossScale lossScale(long version) {
        return ballot.map(votes -> votes.lossScale(version)).orElse(LossScale.NONE);
    }
}
