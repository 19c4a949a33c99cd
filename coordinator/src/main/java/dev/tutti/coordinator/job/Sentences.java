package dev.tutti.coordinator.job;

import dev.tutti.proto.v1.JobState;
import java.util.Collection;
import java.util.Locale;

/** How states and members are called in sentences for people. */
final class Sentences {
    private Sentences() {}

    static String name(JobState state) {
        return state.name().replace("JOB_STATE_", "");
    }

    static String lower(JobState state) {
        return name(state).toLowerCase(Locale.ROOT);
    }

    /** {@code 1 worker}, {@code 2 workers}. */
    static String count(long count, String noun) {
        return count + " " + noun + (count == 1 ? "" : "s");
    }

    static String list(Collection<String> names) {
        return String.join(", ", names.stream().sorted().toList());
    }
}
