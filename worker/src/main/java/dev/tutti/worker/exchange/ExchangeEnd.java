package dev.tutti.worker.exchange;

/** Why the exchange with a shard is over before the job is. */
public sealed interface ExchangeEnd {
    /** One sentence for logs and for the job's reason. */
    String sentence();

    /** The stream broke; another attempt may succeed. */
    record ConnectionLost(int shard, String endpoint, String reason) implements ExchangeEnd {
        @Override
        public String sentence() {
            return "the connection to shard " + shard + " at " + endpoint + " was lost: " + reason;
        }
    }

    /** The shard serves another generation: this one is history. */
    record Fenced(int shard, long expectedGeneration, long gotGeneration) implements ExchangeEnd {
        @Override
        public String sentence() {
            return "shard " + shard + " serves generation " + expectedGeneration + ", not " + gotGeneration
                    + " any more";
        }
    }

    /** One side broke the contract: an error in the program, not in the network. */
    record Refused(int shard, String reason) implements ExchangeEnd {
        @Override
        public String sentence() {
            return "the exchange with shard " + shard + " was refused: " + reason;
        }
    }

    /** The gradients of a step, each finite, are not once they are summed: training has failed for good. */
    record Overflow(long step) implements ExchangeEnd {
        @Override
        public String sentence() {
            return "the gradients of step " + step + " overflow when they are summed over all slices";
        }
    }
}
