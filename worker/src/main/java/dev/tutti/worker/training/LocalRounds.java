package dev.tutti.worker.training;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.tutti.proto.job.ConsistencyModel;
import dev.tutti.proto.v1.Sums;
import dev.tutti.proto.v1.WorkerFinished;
import dev.tutti.tensor.backend.ParameterBuffers;
import dev.tutti.worker.data.Batch;
import dev.tutti.worker.data.BatchRange;
import dev.tutti.worker.exchange.ExchangeEndedException;
import dev.tutti.worker.exchange.ParameterExchange;
import dev.tutti.worker.exchange.SliceRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.LongStream;

/**
 * DiLoCo (Douillard et al., 2023): in a round each slice does some steps by itself, with the job's optimizer, on its rows of as many batches; all
 * slices from the same parameters. Then how far it went, start minus end over the number of slices, is pushed as a gradient is otherwise, and the
 * shards take a step of the outer optimizer with the sum.
 *
 * <p>A worker with several slices does them one after the other, so that the result has the same bits whoever has which.
 */
final class LocalRounds implements AutoCloseable {
    private static final int BLOCK = 1024;

    private final Workbench bench;
    private final Backpropagation gradients;
    private final Milestones milestones;
    private final Generation generation;
    private final BatchPlan plan;
    private final ParameterExchange exchange;
    private final ParameterBuffers buffers;
    private final int stepsPerRound;
    private final long totalRounds;
    private final InnerOptimizer optimizer;
    private final Arena arena = Arena.ofConfined();
    /** The parameters that a round starts from. */
    private final MemorySegment start;

    private final float[] from = new float[BLOCK];
    private final float[] to = new float[BLOCK];

    /**
     * A step of one slice.
     *
     * @param number counted from 1 over all epochs
     * @param firstRow of the slice in its batch
     */
    private record InnerStep(long round, int slice, long number, int firstRow, BatchRange range) {}

    LocalRounds(Workbench bench, Backpropagation gradients, Milestones milestones, ConsistencyModel.Local consistency) {
        this.bench = bench;
        this.gradients = gradients;
        this.milestones = milestones;
        this.generation = bench.generation();
        this.plan = bench.job().plan();
        this.exchange = bench.exchange();
        this.buffers = bench.model().buffers();
        this.stepsPerRound = consistency.steps();
        this.totalRounds = generation.start().getTotalSteps();
        this.optimizer = new InnerOptimizer(bench.job().spec(), bench.model().parameters());
        this.start = arena.allocate(buffers.parameters().byteSize(), 64);
    }

    WorkerFinished run() throws InterruptedException, ExchangeEndedException, NonFiniteLossException {
        long first = generation.start().getStartStep();
        exchange.awaitVersion(first);
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

    /** Of all slices of this worker, slice by slice; without those that have no row. */
    private List<InnerStep> stepsOf(long round) {
        int epoch = generation.epochOf(round);
        long begin = generation.batchOf(round) * stepsPerRound;
        long end = Math.min(begin + stepsPerRound, plan.batchesPerEpoch());
        return LongStream.range(
                        generation.start().getSliceBegin(), generation.start().getSliceEnd())
                .boxed()
                .flatMap(slice -> LongStream.range(begin, end)
                        .mapToObj(batch -> innerStep(round, Math.toIntExact(slice), epoch, batch)))
                .filter(step -> step.range.rows() > 0)
                .toList();
    }

    private InnerStep innerStep(long round, int slice, int epoch, long batch) {
        int rows = plan.rows(batch);
        int begin = plan.sliceBegin(rows, slice);
        int end = plan.sliceBegin(rows, slice + 1);
        return new InnerStep(
                round,
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
        start.copyFrom(buffers.parameters());
        if (steps.isEmpty()) {
            request(next, 0);
        }
        int at = 0;
        for (int slice = generation.start().getSliceBegin();
                slice < generation.start().getSliceEnd();
                slice++) {
            buffers.parameters().copyFrom(start);
            double loss = 0;
            int labels = 0;
            int rows = 0;
            for (; at < steps.size() && steps.get(at).slice == slice; at++) {
                StepSums trained =
                        innerStep(steps.get(at), at + 1 < steps.size() ? steps : next, (at + 1) % steps.size());
                loss += trained.loss();
                labels += trained.labels();
                rows += trained.rows();
            }
            push(round, slice, new StepSums(loss, rows, labels));
        }
        long computed = bench.nanoTime().getAsLong();
        exchange.awaitVersion(round);
        bench.narration().exchanged(bench.nanoTime().getAsLong() - computed);
        milestones.trainedUntilNow();
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

    private void push(long round, int slice, StepSums trained) {
        putDifference(1f / generation.start().getSlices());
        double loss = trained.loss();
        exchange.beginSlice(new SliceRun(round, slice, trained.rows(), trained.labels(), trained.rows(), () -> loss));
        for (int parameter = 0; parameter < bench.model().parameters().size(); parameter++) {
            exchange.gradientReady(parameter);
        }
    }

    /** gradient ← (start − end) · scale */
    private void putDifference(float scale) {
        long elements = start.byteSize() / Float.BYTES;
        for (long first = 0; first < elements; first += BLOCK) {
            int count = (int) Math.min(BLOCK, elements - first);
            long at = first * Float.BYTES;
            MemorySegment.copy(start, JAVA_FLOAT_UNALIGNED, at, from, 0, count);
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
