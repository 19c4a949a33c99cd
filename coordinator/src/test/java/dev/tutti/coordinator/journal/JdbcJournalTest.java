package dev.tutti.coordinator.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.coordinator.job.Event;
import dev.tutti.proto.v1.Checkpoint;
import dev.tutti.proto.v1.CheckpointPart;
import dev.tutti.proto.v1.EpochPart;
import dev.tutti.proto.v1.Hello;
import dev.tutti.proto.v1.JobInspected;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.LeaseRequest;
import dev.tutti.proto.v1.Progress;
import dev.tutti.proto.v1.ShardFailed;
import dev.tutti.proto.v1.ShardOpened;
import dev.tutti.proto.v1.WorkerFailed;
import dev.tutti.proto.v1.WorkerFinished;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JdbcJournalTest {
    private static final List<Event> EVERY_KIND = List.of(
            new Event.CoordinatorStarted(1, 5),
            new Event.RejoinExpired(2),
            new Event.MemberJoined(3, Hello.newBuilder().setMember("w-a").build()),
            new Event.MemberLost(4, "w-a"),
            new Event.JobSubmitted(5, "job", JobSpec.newBuilder().setSeed(7).build(), "key", "/checkpoints"),
            new Event.StopAsked(6, "job"),
            new Event.CancelAsked(7, "job"),
            new Event.Inspected(8, JobInspected.newBuilder().setError("why").build()),
            new Event.ShardReady(9, ShardOpened.newBuilder().setShard(1).build()),
            new Event.ShardBroken(10, ShardFailed.newBuilder().setReason("why").build()),
            new Event.PartWritten(11, CheckpointPart.newBuilder().setStep(3).build()),
            new Event.EpochShare(12, EpochPart.newBuilder().setEpoch(1).build()),
            new Event.LeaseAsked(13, LeaseRequest.newBuilder().setWorker("w-a").build()),
            new Event.WorkerDone(14, WorkerFinished.newBuilder().setStep(9).build()),
            new Event.WorkerBroken(
                    15, WorkerFailed.newBuilder().setTransient(true).build()),
            new Event.CheckpointCompleted(
                    16, Checkpoint.newBuilder().setPath("/c").build()),
            new Event.CheckpointFailed(17, "job", 3, "why"),
            new Event.LastProgress(
                    18, "job", Progress.newBuilder().setLoss(0.25).build()));

    @TempDir
    Path folder;

    static List<Event> replay(JobJournal journal) {
        List<Event> events = new ArrayList<>();
        journal.replay(events::add);
        return events;
    }

    @Test
    void everyKindOfEventIsReadAsItWasWritten() {
        assertThat(EVERY_KIND)
                .extracting(Object::getClass)
                .as("one of each kind")
                .doesNotHaveDuplicates()
                .hasSize(18);
        try (JobJournal journal = JdbcJournal.inFolder(folder)) {
            long epoch = journal.takeEpoch();
            journal.append(epoch, EVERY_KIND.subList(0, 3));
            journal.append(epoch, EVERY_KIND.subList(3, 18));
        }
        try (JobJournal journal = JdbcJournal.inFolder(folder)) {
            assertThat(replay(journal)).isEqualTo(EVERY_KIND);
        }
    }

    @Test
    void coordinatorThatWasOvertakenCanAppendNoMore() {
        try (JobJournal journal = JdbcJournal.inFolder(folder)) {
            long first = journal.takeEpoch();
            journal.append(first, List.of(new Event.MemberLost(1, "a")));
            long second = journal.takeEpoch();
            assertThat(second).isGreaterThan(first);
            assertThatThrownBy(() -> journal.append(first, List.of(new Event.MemberLost(2, "b"))))
                    .isInstanceOf(FencedException.class)
                    .hasMessageContaining("epoch 2")
                    .hasMessageContaining("had 1");
            journal.append(second, List.of(new Event.MemberLost(3, "c")));
            assertThat(replay(journal)).containsExactly(new Event.MemberLost(1, "a"), new Event.MemberLost(3, "c"));
        }
    }

    @Test
    void journalInUseByAnotherProcessSaysSoInOneSentence() throws Exception {
        Process other = journalProcess("hold");
        try {
            assertThat(other.inputReader().readLine()).isEqualTo("open");
            assertThatThrownBy(() -> JdbcJournal.inFolder(folder))
                    .isInstanceOf(JournalException.class)
                    .hasMessageContaining("journal.mv.db is in use by another process")
                    .hasMessageContaining("tutti.state.folder");
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void whatWasAppendedOutlivesAKilledProcess() throws Exception {
        Process other = journalProcess("halt");
        assertThat(other.waitFor(60, TimeUnit.SECONDS)).isTrue();
        try (JobJournal journal = JdbcJournal.inFolder(folder)) {
            assertThat(replay(journal)).isEqualTo(EVERY_KIND);
        }
    }

    private Process journalProcess(String what) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        folder.toString(),
                        what)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Opens the journal, appends, and either dies at once or keeps it open. */
    static final class OtherProcess {
        private OtherProcess() {}

        public static void main(String[] arguments) throws IOException {
            JobJournal journal = JdbcJournal.inFolder(Path.of(arguments[0]));
            journal.append(journal.takeEpoch(), EVERY_KIND);
            if (arguments[1].equals("halt")) {
                Runtime.getRuntime().halt(9);
            }
            System.out.println("open");
            System.out.println(System.in.read());
        }
    }
}
