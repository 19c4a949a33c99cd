package dev.tutti.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ctrl-C ends what a command has started, in order, and nothing stays behind. */
class InterruptIT extends WithProcesses {
    private static final int MORE_EPOCHS_THAN_ANYBODY_WAITS_FOR = 100_000;

    @Test
    void trainInOneProcess() {
        TuttiProcess train = train();
        train.awaitSaid("epoch 1/");

        assertInterrupted(train);
    }

    @Test
    void trainInProcessesOfTheirOwn() {
        TuttiProcess train = train("--processes", "--workers", "1", "--parameter-servers", "1");
        train.awaitSaid("epoch 1/");

        assertInterrupted(train);
    }

    @Test
    void trainWhileItsProcessesStart() {
        TuttiProcess train = train("--processes", "--workers", "1", "--parameter-servers", "1");
        train.awaitSaid("starting a coordinator");

        assertInterrupted(train);
    }

    @Test
    void killedTrainTakesItsProcessesWithIt() {
        TuttiProcess train = train("--processes", "--workers", "1", "--parameter-servers", "1");
        train.awaitSaid("epoch 1/");

        train.kill();

        processes.awaitNothingLeft();
    }

    @Test
    void devServesJobsUntilItIsInterrupted() throws Exception {
        TuttiProcess dev = dev();

        TuttiProcess.Ended submitted = submit(dev);
        dev.interrupt();

        assertThat(submitted.exitCode()).as(submitted.err()).isZero();
        assertThat(submitted.json().path("state").asText()).isEqualTo("succeeded");
        assertThat(dev.waitForEnd().exitCode()).as(dev.err()).isZero();
        assertThat(processes.left()).isEmpty();
    }

    @Test
    void anInterruptedDevCancelsItsJobs() throws Exception {
        TuttiProcess dev = dev();

        TuttiProcess.Ended submitted =
                submit(dev, "--detach", "--set", "training.epochs=" + MORE_EPOCHS_THAN_ANYBODY_WAITS_FOR);
        dev.interrupt();

        assertThat(dev.waitForEnd().exitCode()).as(dev.err()).isZero();
        assertThat(dev.err())
                .contains("cancelling job " + submitted.json().path("job_id").asText())
                .doesNotContain("was lost");
        assertThat(processes.left()).isEmpty();
    }

    /** At free ports, with one worker, once it is ready. */
    private TuttiProcess dev() throws Exception {
        Path config = Files.writeString(
                folder.resolve("dev.conf"), "tutti { cluster.port = 0, grpc.port = 0, management.port = 0 }\n");
        TuttiProcess dev = processes.start("dev", List.of("dev", "--config", config.toString(), "--workers", "1"));
        dev.awaitSaid("Ctrl-C ends it");
        return dev;
    }

    private TuttiProcess.Ended submit(TuttiProcess dev, String... more) {
        String coordinator = dev.err().replaceAll("(?s).*--coordinator (\\S+:\\d+).*", "$1");
        List<String> arguments = new ArrayList<>(List.of(
                "submit",
                JobFiles.digits(folder, 1).toString(),
                "-o",
                "json",
                "--coordinator",
                coordinator,
                "--set",
                "cluster.parameter-servers=1"));
        arguments.addAll(List.of(more));
        return processes.run(arguments.toArray(String[]::new));
    }

    private TuttiProcess train(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                JobFiles.digits(folder, MORE_EPOCHS_THAN_ANYBODY_WAITS_FOR).toString(),
                "-o",
                "json"));
        arguments.addAll(List.of(more));
        return processes.start("train", arguments);
    }

    private void assertInterrupted(TuttiProcess train) {
        train.interrupt();

        TuttiProcess.Ended ended = train.waitForEnd();
        assertThat(ended.exitCode()).as(ended.err()).isEqualTo(130);
        assertThat(ended.err()).doesNotContain("Exception", "\tat ");
        assertThat(processes.left()).isEmpty();
    }
}
