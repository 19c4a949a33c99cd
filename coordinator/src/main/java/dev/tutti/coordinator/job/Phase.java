package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.JobFacts;
import dev.tutti.proto.v1.JobResult;
import dev.tutti.proto.v1.JobState;
import dev.tutti.proto.v1.Progress;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/**
 * Where a job stands.
 *
 * <pre>
 * from      to         when
 * --------  ---------  -------------------------------------------------------------------------------------------
 * PLANNING  QUEUED     a worker has looked at data and model
 *           FAILED     … and found that the job cannot run
 *           STOPPED    stop asked: nothing to save
 *           CANCELLED  cancel asked
 * QUEUED    STARTING   it is the first in the queue, and enough workers and parameter servers are free
 *           STOPPED    stop asked: nothing to save
 *           CANCELLED  cancel asked
 * STARTING  RUNNING    every shard is open: workers told to go on after the lowest complete step
 *           STOPPING   stop asked
 *           FAILED     a parameter server lost or a shard failed, or too many generations without a step
 *           CANCELLED  cancel asked
 * RUNNING   STARTING   a worker joined, lost or cut off, or a coordinator restarted: the next generation
 *           STOPPING   stop asked
 *           SUCCEEDED  test results of every worker, every epoch and the last checkpoint are in
 *           FAILED     as in STARTING; a worker failed for good; workers ended with different parameters
 *           CANCELLED  cancel asked
 * STOPPING  STOPPED    the checkpoint is written
 *           SUCCEEDED  the last step was the one after which to stop
 *           FAILED     as in RUNNING
 *           CANCELLED  cancel asked
 * </pre>
 *
 * The last four never change. Any other transition throws {@link IllegalTransitionException}.
 */
public sealed interface Phase {
    JobState state();

    /** @param inspector the worker that was asked to look; empty while there is none */
    record Planning(Optional<String> inspector) implements Phase {
        @Override
        public JobState state() {
            return JobState.JOB_STATE_PLANNING;
        }
    }

    /** @param reason one sentence: what it waits for */
    record Queued(JobFacts facts, String reason) implements Phase {
        @Override
        public JobState state() {
            return JobState.JOB_STATE_QUEUED;
        }
    }

    record Starting(Training training, Assembly assembly) implements Phase {
        @Override
        public JobState state() {
            return JobState.JOB_STATE_STARTING;
        }
    }

    record Running(Training training) implements Phase {
        @Override
        public JobState state() {
            return JobState.JOB_STATE_RUNNING;
        }
    }

    record Stopping(Training training, Halt halt) implements Phase {
        @Override
        public JobState state() {
            return JobState.JOB_STATE_STOPPING;
        }
    }

    /**
     * @param state one of the last four
     * @param reason empty if it ended as its submitter wished
     * @param training as it stood at the end; empty if it never began
     * @param last what workers reported last; empty with a result, or if none had reported
     */
    record Ended(
            JobState state,
            String reason,
            long endedAtMillis,
            Optional<Training> training,
            Optional<JobResult> result,
            Optional<Progress> last)
            implements Phase {
        Ended with(Training other) {
            return new Ended(state, reason, endedAtMillis, Optional.of(other), result, last);
        }

        Ended with(Progress other) {
            return new Ended(state, reason, endedAtMillis, training, result, Optional.of(other));
        }
    }

    /** How a generation comes together. */
    sealed interface Assembly {
        /**
         * Too few members.
         *
         * @param rejoining those of the last coordinator's time that are still waited for
         * @param reason one sentence: what it waits for
         */
        record Gathering(Set<String> rejoining, String reason) implements Assembly {
            public Gathering {
                rejoining = Set.copyOf(rejoining);
            }
        }

        /** @param completeSteps by shard, of those that have answered */
        record Opening(SortedMap<Integer, Long> completeSteps) implements Assembly {}
    }

    /** How far a stop is. */
    sealed interface Halt {
        /** @param stopped workers that have ended after their step */
        record Draining(Set<String> stopped) implements Halt {
            public Draining {
                stopped = Set.copyOf(stopped);
            }
        }

        /** Workers were lost, or never started: shards open once more and say which step is complete. */
        record Reopening(Assembly assembly) implements Halt {}

        /** Shards write a checkpoint of this step. */
        record Saving(long step) implements Halt {}
    }
}
