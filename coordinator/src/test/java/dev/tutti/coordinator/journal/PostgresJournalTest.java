package dev.tutti.coordinator.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tutti.coordinator.job.Event;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The same journal in a PostgreSQL that {@code TUTTI_TEST_POSTGRES} names: an empty database's JDBC URL, with user and password. */
class PostgresJournalTest {
    private static final String URL = System.getenv().getOrDefault("TUTTI_TEST_POSTGRES", "");

    @BeforeEach
    void needsAServer() {
        assumeTrue(!URL.isEmpty(), "TUTTI_TEST_POSTGRES names no PostgreSQL");
    }

    @Test
    void twoProcessesShareTheJournalAndTheLaterOneFencesTheEarlier() {
        try (JobJournal one = JdbcJournal.open(URL, "", "");
                JobJournal other = JdbcJournal.open(URL, "", "")) {
            List<Event> before = JdbcJournalTest.replay(one);
            long first = one.takeEpoch();
            one.append(first, List.of(new Event.MemberLost(1, "a")));
            long second = other.takeEpoch();
            assertThatThrownBy(() -> one.append(first, List.of(new Event.MemberLost(2, "b"))))
                    .isInstanceOf(FencedException.class);
            other.append(second, List.of(new Event.MemberLost(3, "c")));
            List<Event> after = JdbcJournalTest.replay(other);
            assertThat(after.subList(before.size(), after.size()))
                    .containsExactly(new Event.MemberLost(1, "a"), new Event.MemberLost(3, "c"));
        }
    }
}
