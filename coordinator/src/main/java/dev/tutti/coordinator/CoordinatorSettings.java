package dev.tutti.coordinator;

import java.time.Duration;

/**
 * @param rejoinPatience how long a new coordinator waits for the members of jobs that were under way
 * @param answerPatience how long a request waits for the coordinator, wherever it is
 * @param watchRenewal how often a watcher makes itself known again, in case another coordinator has taken over
 */
record CoordinatorSettings(Duration rejoinPatience, Duration answerPatience, Duration watchRenewal) {
    static final CoordinatorSettings DEFAULT =
            new CoordinatorSettings(Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofSeconds(3));
}
