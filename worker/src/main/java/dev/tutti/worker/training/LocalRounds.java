package dev.tutti.worker.training;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.data.Batch;
import dev.tutti.worker.data.BatchRange;
import dev.tutti.worker.exchange.ExchangeEndedException;
import dev.tutti.worker.exchange.Fragment;
import dev.tutti.worker.exchange.ParameterExchange;
import dev.tutti.worker.exchange.SliceRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * DiLoCo (Douillard et al., 2023): in a round each slice does some steps by itself, with the job's optimizer, on its rows of as many batches; all
 * slices from the same parameters. Then how far it went, start minus end over the number of slices, is pushed as a gradient is otherwise, and the
 * shards take a step of the outer optimizer with the sum.
 *
 * <p>With several fragments (Streaming DiLoCo; Douillard et al., 2025) a round has as many sections, and at the end of each one fragment is exchanged,
 * the first fragment last. So each slice has parameters of its own, some of them further from the common ones than others.
 *
 * <p>A worker with several slices does them one after the other, so that the result has the same bits whoever has which.
 */
final class LocalRounds implements AutoCloseable {
    private static final int BLOCK = 1024;
    private static final int ALIGNMENT = 64;

    private final Workbench bench;
    private final Backpropagation gradients;
    private final Milestones milestones;
    private final Generation generation;
    private final BatchPlan plan;
    private final ParameterExchange exchange;
    private final ParameterBuffers buffers;
    private final ConsistencyModel.Local consistency;
    private final long totalRounds;
    private final InnerOptimizer optimizer;
    private final Arena arena = Arena.ofConfined();
    /** The parameters as the shards have them: what slices start from, and what is evaluated. */
    private final MemorySegment common;
    /** By slice, with several fragments; otherwise every slice starts from the common ones. */
    private final Map<Integer, MemorySegment> own = new HashMap<>();

    private final float[] from = new float[BLOCK];
    private final float[] to = new float[BLOCK];

    /**
     * A step of one slice.
     *
     * @param section of its round, from 1
     * @param number counted from 1 over all epochs
     * @param firstRow of the slice in its batch
     */
    private record InnerStep(long round, int section, int slice, long number, int firstRow, BatchRange range) {}

    LocalRounds(Workbench bench, Backpropagation gradients, Milestones milestones, ConsistencyModel.Local consistency) {
        this.bench = bench;
        this.gradients = gradients;
        this.milestones = milestones;
        this.generation = bench.generation();
        this.plan = bench.job().plan();
        this.exchange = bench.exchange();
        this.buffers = bench.model().buffers();
        this.consistency = consistency;
        this.totalRounds = generation.start().getTotalSteps();
        this.optimizer = new InnerOptimizer(bench.job().spec(), bench.model().parameters());
        long byteSize = buffers.parameters().byteSize();
        this.common = arena.allocate(byteSize, ALIGNMENT);
        if (consistency.fragments() > 1) {
            slices().forEach(slice -> own.put(slice, arena.allocate(byteSize, ALIGNMENT)));
        }
    }

    private IntStream slices() {
        return IntStream.range(
                generation.start().getSliceBegin(), generation.start().getSliceEnd());
    }

    WorkerFinished run() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        long first = generation.start().getStartStep();
        exchange.awaitVersion(first);
        // Before the first step, so of none.
        exchange.takeWaitedNanos();
        common.copyFrom(buffers.parameters());
        own.values().forEach(parameters -> parameters.copyFrom(common));
        validateIfDue(first);
        milestones.startClock();
        List<InnerStep> steps = first < totalRounds ? stepsOf(first + 1) : List.of();
        request(steps, 0);
        for (long round = first + 1; round <= totalRounds; round++) {
            if (bench.stop().isSet()) {
                return milestones.stopped(round - 1);
            }
            List<InnerStep> next = round < totalRounds ? stepsOf(round + 1) : List.of();
            round(round, steps, next);
            validateIfDue(round);
            steps = next;
        }
        return milestones.finished(totalRounds);
    }

    /** Of all slices of this worker, section by section and in each slice by slice; without those that have no row. */
    private List<InnerStep> stepsOf(long round) {
        long begin = generation.batchOf(round) * consistency.steps();
        long count = Math.min(consistency.steps(), plan.batchesPerEpoch() - begin);
        List<InnerStep> steps = new ArrayList<>();
        for (int section = 1; section <= consistency.fragments(); section++) {
            long first = begin + count * (section - 1) / consistency.fragments();
            long end = begin + count * section / consistency.fragments();
            int number = section;
            slices().forEach(slice -> {
                for (long batch = first; batch < end; batch++) {
                    steps.add(innerStep(round, number, slice, batch));
                }
            });
        }
        steps.removeIf(step -> step.range.rows() == 0);
        return steps;
    }

    private InnerStep innerStep(long round, int section, int slice, long batch) {
        int epoch = generation.epochOf(round);
        int rows = plan.rows(batch);
        int begin = plan.sliceBegin(rows, slice);
        int end = plan.sliceBegin(rows, slice + 1);
        return new InnerStep(
                round,
                section,
                slice,
                epoch * plan.batchesPerEpoch() + batch + 1,
                begin,
                new BatchRange(epoch, plan.firstIndex(batch) + begin, end - begin));
    }

    private void request(List<InnerStep> steps, int index) {
        if (index < steps.size()) {
            bench.prefetcher().request(steps.get(index).range);
        }
    }

    /** @param next steps of the next round, whose first rows are read while this one ends */
    private void round(long round, List<InnerStep> steps, List<InnerStep> next)
            throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        if (steps.isEmpty()) {
            request(next, 0);
        }
        Map<Integer, StepSums> trained = new HashMap<>();
        int at = 0;
        for (int section = 1; section <= consistency.fragments(); section++) {
            Fragment fragment = new Fragment(section % consistency.fragments(), consistency.fragments());
            for (int slice : slices().toArray()) {
                buffers.parameters().copyFrom(own.getOrDefault(slice, common));
                for (; at < steps.size() && isOf(steps.get(at), section, slice); at++) {
                    boolean isLast = at + 1 == steps.size();
                    StepSums sums = innerStep(steps.get(at), isLast ? next : steps, isLast ? 0 : at + 1);
                    trained.merge(slice, sums, StepSums::plus);
                }
                push(round, slice, trained.getOrDefault(slice, StepSums.NOTHING), fragment);
            }
            await(round, fragment);
        }
        buffers.parameters().copyFrom(common);
        milestones.trainedUntilNow();
    }

    private static boolean isOf(InnerStep step, int section, int slice) {
        return step.section == section && step.slice == slice;
    }

    /** What the shards have made of a fragment: from here on all slices have that. */
    private void await(long round, Fragment fragment) throws InterruptedException, ExchangeEndedException {
        long begin = bench.nanoTime().getAsLong();
        // Of a sparse tensor only rows come that the round has changed on the shards.
        exchange.copy(fragment, common, buffers.parameters());
        exchange.awaitVersion(round, fragment);
        bench.narration().exchanged(bench.nanoTime().getAsLong() - begin);
        bench.narration().exposed(exchange.takeWaitedNanos());
        exchange.copy(fragment, buffers.parameters(), common);
        own.values().forEach(parameters -> exchange.copy(fragment, common, parameters));
    }

    /**
     * Takes one step.
     *
     * @param later steps, of which the one at {@code index} comes next
     */
    private StepSums innerStep(InnerStep step, List<InnerStep> later, int index)
            throws InterruptedException, NonFiniteLossException {
        StepClock clock = new StepClock(bench.nanoTime());
        Batch batch = bench.prefetcher().take();
        request(later, index);
        clock.dataReady();
        int rows = step.range.rows();
        int labels = gradients.labels().of(step.range);
        String when = "at step " + step.number;
        gradients.stepBegins();
        long skipped = gradients.skippedSteps();
        double loss = gradients.run(batch, 0, rows, new RunPlace(step.number, step.firstRow, labels, rows), when);
        if (gradients.skippedSteps() == skipped) {
            optimizer.step(step.slice, buffers);
        }
        gradients.stepEnds(when);
        clock.computed();
        clock.exchanged();
        StepSums trained = new StepSums(loss, rows, labels);
        milestones.stepDone(step.round - 1, trained, clock);
        return trained;
    }

    /** @param trained by the slice in this round until now; of the first fragment, which is the last, in the whole round */
    private void push(long round, int slice, StepSums trained, Fragment fragment) {
        putDifference(1f / generation.start().getSlices());
        MemorySegment kept = own.get(slice);
        if (kept != null) {
            kept.copyFrom(buffers.parameters());
        }
        exchange.push(
                new SliceRun(round, slice, trained.rows(), trained.labels(), trained.rows(), trained::loss), fragment);
    }

    /** gradient ← (common − own) · scale */
    private void putDifference(float scale) {
        long elements = common.byteSize() / Float.BYTES;
        for (long first = 0; first < elements; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elements - first);
            long at = first * Float.BYTES;
            MemorySegment.copy(common, JAVA_FLOAT_UNALIGNED, at, from, 0, count);
            MemorySegment.copy(buffers.parameters(), JAVA_FLOAT_UNALIGNED, at, to, 0, count);
            for (int i = 0; i < count; i++) {
                from[i] = (from[i] - to[i]) * scale;
            }
            MemorySegment.copy(from, 0, buffers.gradients(), JAVA_FLOAT_UNALIGNED, at, count);
        }
    }

    /** At an epoch's last round, unless the coordinator knows the epoch's validation already. */
    private void validateIfDue(long round) throws InterruptedException, NonFiniteLossException {
        if (generation.endsEpoch(round) && !generation.isValidated(generation.epochOf(round))) {
            int epoch = generation.epochOf(round);
            Sums training = generation.reportsForAll() ? exchange.jobState().epochTraining() : new RunningSums().take();
            milestones.validate(epoch, (epoch + 1) * plan.batchesPerEpoch(), training);
        }
    }

    @Override
    public void close() {
        optimizer.close();
        arena.close();
    }
}
