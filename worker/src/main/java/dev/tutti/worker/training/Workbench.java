package dev.tutti.worker.training;

import dev.tutti.worker.data.BatchPrefetcher;
import dev.tutti.worker.exchange.ParameterExchange;
import java.util.function.LongSupplier;

/** What the training of a generation works with, whatever its consistency; who trains closes none of it. */
record Workbench(
        Generation generation,
        PreparedJob job,
        CompiledModel model,
        ParameterExchange exchange,
        BatchPrefetcher prefetcher,
        LeaseDesk leases,
        StopSignal stop,
        Narration narration,
        LongSupplier nanoTime) {}
