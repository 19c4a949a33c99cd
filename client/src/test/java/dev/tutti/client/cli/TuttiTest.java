package dev.tutti.client.cli;

import static dev.tutti.client.ScriptedJobs.event;
import static dev.tutti.client.ScriptedJobs.job;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tutti.client.ScriptedJobs;
import dev.tutti.client.report.Narration;
import dev.tutti.proto.v1.JobState;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class TuttiTest {
    private static final String JOB = "../examples/mnist-mlp.yaml";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private ScriptedJobs jobs;

    @BeforeEach
    void start() throws IOException {
        jobs = ScriptedJobs.start();
    }

    @AfterEach
    void stop() {
        jobs.close();
    }

    @ParameterizedTest(name = "tutti {0}")
    @CsvSource(delimiter = '|', textBlock = """
        ''                               | 2 | tutti: name a command
        tran                             | 2 | tutti: unknown command 'tran'; did you mean 'train'?
        jobs                             | 2 | tutti jobs: name one of list, describe, watch, stop, cancel
        jobs lst                         | 2 | tutti jobs: unknown command 'lst'; did you mean 'list'?
        train                            | 2 | tutti train: missing required parameter: 'FILE'
        train --procesess x.yaml         | 2 | tutti train: unknown option '--procesess'; did you mean '--processes'?
        train --procesess                | 2 | tutti train: unknown option '--procesess'; did you mean '--processes'?
        train x.yaml y.yaml              | 2 | tutti train: unexpected argument 'y.yaml'
        train nothing.yaml               | 2 | nothing.yaml does not exist
        train x.yaml --workers 0         | 2 | --workers must be at least 1, but is 0
        train x.yaml --workers two       | 2 | tutti train: invalid value for option '--workers': 'two' is not an int
        train ../examples/mnist-mlp.yaml --data nothing | 2 | --data nothing is not a folder
        submit ../examples/mnist-mlp.yaml --set training.epoch=1 | 2 | --set training.epoch=1: unknown key 'epoch' under training; did you mean 'epochs'?
        jobs list --coordinator here     | 2 | --coordinator must be HOST:PORT, such as 127.0.0.1:7070, but is 'here'
        jobs list --coordinator 127.0.0.1:1 | 4 | no coordinator answers at 127.0.0.1:1 (Connection refused)
        worker                           | 1 | this installation has no worker: its jar is not on the class path
        worker --set x                   | 2 | --set x: write key=value, for example --set grpc.port=7071
        quickstart --workers 4 --set cluster.slices=2 | 2 | --set cluster.slices=2: cluster.slices must be at least workers.max, which is 4, so that every worker has a slice, got 2 (--set cluster.slices=4 would do)
        train ../examples/mnist-mlp.yaml --workers 8 | 2 | --workers 8: cluster.slices must be at least workers.max, which is 8, so that every worker has a slice, got 4 (--set cluster.slices=8 would do)
        train ../examples/mnist-mlp.yaml --set cluster.workers.min=3 | 2 | --set cluster.workers.min=3: cluster.workers.max must be at least workers.min, which is 3, got 2 (--set cluster.workers.max=3 would do)
        checkpoints list --coordinator 127.0.0.1:1 --state x | 2 | tutti checkpoints list: choose one of --coordinator and --state: a cluster's or a folder's
        quickstart --parameter-servers 100 | 2 | 100 parameter servers and 2 workers are too many for one machine, which can have 64 together; start more of them elsewhere
        dev --workers 2147483647         | 2 | 1 parameter server and 2147483647 workers are too many for one machine, which can have 64 together; start more of them elsewhere
        quickstart --state pom.xml       | 2 | cannot write to $PWD/pom.xml: there is a file of that name; name another folder with --state or TUTTI_STATE
        dev --state pom.xml              | 2 | cannot write to $PWD/pom.xml: there is a file of that name; name another folder with --state or TUTTI_STATE
        dev --state /proc                | 2 | cannot write to /proc: no file can be created in it; name another folder with --state or TUTTI_STATE
        bench exchange --encoding f8     | 2 | --encoding must be one of f32, bf16, f16, int8, top-k, got f8
        bench exchange --transport shm2  | 2 | --transport must be one of tcp, uds, shm, got shm2
        bench optimizer --optimizer adan | 2 | --optimizer must be one of sgd, momentum, nesterov, adam, adamw, rmsprop, adagrad, got adan
        bench optimizer --seconds 0      | 2 | --seconds must be more than 0 and at most 3600, got 0.0
        bench step                       | 1 | this installation has no benchmarks: their jar is not on the class path
        checkpoints export nothing --to x --state nowhere | 3 | there is no checkpoint of 'nothing' in $PWD/nowhere/checkpoints; 'tutti checkpoints list' shows what there is
        """)
    void badInputIsOneSentenceAndAnExitCode(String line, int exitCode, String sentence) {
        int code = tutti(line.isEmpty() ? new String[0] : line.split(" "));

        String here = Path.of("").toAbsolutePath().toString();
        assertThat(errText().lines().findFirst()).contains(sentence.replace("$PWD", here));
        assertThat(code).isEqualTo(exitCode);
        assertThat(outText()).isEmpty();
    }

    @ParameterizedTest(name = "{0} --help")
    @MethodSource("commands")
    void everyCommandHasHelp(String command) {
        var arguments = Stream.concat(Stream.of(command.split(" ")).skip(1), Stream.of("--help"))
                .toArray(String[]::new);

        ByteArrayOutputStream warnings = new ByteArrayOutputStream();
        PrintStream before = System.err;
        System.setErr(new PrintStream(warnings, true, StandardCharsets.UTF_8));
        try {
            assertThat(tutti(arguments)).isZero();
        } finally {
            System.setErr(before);
        }

        assertThat(outText()).startsWith("Usage: " + command);
        assertThat(warnings.toString(StandardCharsets.UTF_8))
                .as("what picocli says, of a percent sign that is not doubled")
                .isEmpty();
    }

    static Stream<String> commands() {
        return names(Tutti.commandLine(Shell.ofProcess()));
    }

    private static Stream<String> names(CommandLine command) {
        return Stream.concat(
                Stream.of(command.getCommandSpec().qualifiedName()),
                command.getSubcommands().values().stream().flatMap(TuttiTest::names));
    }

    @Test
    void aDryRunPrintsTheWholeJob() {
        assertThat(tutti("submit", JOB, "--dry-run", "--set", "training.precision=bf16"))
                .isZero();

        assertThat(outText()).contains("precision: bf16", "source: mnist", "beta1: 0.9", "backup-workers: 0");
    }

    @Test
    void aDetachedJobIsOnlyItsId() {
        assertThat(tutti("submit", JOB, "--detach", "--coordinator", jobs.address()))
                .isZero();

        assertThat(outText()).isEqualTo("job-1\n");
    }

    @ParameterizedTest
    @CsvSource({
        "JOB_STATE_SUCCEEDED, 0",
        "JOB_STATE_FAILED, 1",
        "JOB_STATE_STOPPED, 0",
        "JOB_STATE_CANCELLED, 8",
    })
    void theExitCodeSaysHowTheJobEnded(JobState end, int exitCode) {
        jobs.play(event(job("job-1", JobState.JOB_STATE_RUNNING)), event(job("job-1", end)));

        assertThat(tutti("submit", JOB, "--coordinator", jobs.address())).isEqualTo(exitCode);
    }

    @Test
    void jobsAreListedDescribedAndEnded() throws IOException {
        tutti("submit", JOB, "--detach", "--coordinator", jobs.address());

        assertThat(tutti("jobs", "list", "--coordinator", jobs.address())).isZero();
        assertThat(outText()).contains("ID", "job-1  mnist-mlp  planning");
        out.reset();
        assertThat(tutti("jobs", "describe", "job-1", "-o", "json", "--coordinator", jobs.address()))
                .isZero();
        assertThat(new ObjectMapper()
                        .readTree(outText())
                        .at("/spec/training/batch")
                        .asInt())
                .isEqualTo(128);
        assertThat(tutti("jobs", "describe", "job-7", "--coordinator", jobs.address()))
                .isEqualTo(3);
        assertThat(tutti("jobs", "stop", "job-1", "--coordinator", jobs.address()))
                .isZero();
        assertThat(tutti("jobs", "cancel", "job-1", "--coordinator", jobs.address()))
                .isZero();
        assertThat(tutti("jobs", "cancel", "job-1", "--coordinator", jobs.address()))
                .isEqualTo(2);
        assertThat(errText()).contains("there is no job job-7", "job job-1 is stopping", "has already ended");
    }

    @Test
    void theCoordinatorMayComeFromTheEnvironment() {
        assertThat(run(Map.of("TUTTI_COORDINATOR", jobs.address()), "jobs", "list"))
                .isZero();
    }

    @Test
    void checkpointsAreAClustersOnlyIfItIsNamedOnTheCommandLine() {
        Map<String, String> environment = Map.of("TUTTI_COORDINATOR", jobs.address(), "TUTTI_STATE", folder.toString());

        assertThat(run(environment, "checkpoints", "list")).isZero();
        assertThat(outText()).doesNotContain("job-1");
        assertThat(run(environment, "checkpoints", "list", "--coordinator", jobs.address()))
                .isZero();
        assertThat(outText()).contains("job-1  500");
    }

    @Test
    void whatIsNotInTheStateFolderIsNotFound() throws IOException {
        Path nowhere = folder.resolve("nowhere");
        Files.createDirectories(folder.resolve("checkpoints/job-1"));

        assertThat(tutti("checkpoints", "list", "--state", nowhere.toString())).isEqualTo(3);
        assertThat(tutti("checkpoints", "list", "job-7", "--state", folder.toString()))
                .isEqualTo(3);
        assertThat(tutti("checkpoints", "list", "job-1", "--state", folder.toString()))
                .isZero();
        assertThat(tutti("checkpoints", "export", "job-7", "--to", "x", "--state", folder.toString()))
                .isEqualTo(3);
        assertThat(errText().lines())
                .containsExactly(
                        "there is no folder " + nowhere,
                        "there are no checkpoints of 'job-7' in " + folder
                                + "/checkpoints; 'tutti checkpoints list' shows what there is",
                        "there is no checkpoint of 'job-7' in " + folder
                                + "/checkpoints; 'tutti checkpoints list' shows what there is");
    }

    @Test
    void aClusterThatCannotStartLeavesNoFolder() {
        assertThat(tutti("train", JOB, "--data", "/nope", "--state", folder.toString()))
                .isEqualTo(2);
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void eachRoleSaysInItsHelpWhatItDoes() {
        tutti("worker", "--help");
        tutti("coordinator", "--help");

        assertThat(outText()).contains("Runs a worker as", "computes gradients", "Runs a coordinator as");
    }

    @Test
    void withoutACoordinatorCheckpointsAreThoseOfTheStateFolder() throws IOException {
        Files.createDirectories(folder.resolve("checkpoints/job-1/step-000000500"));

        assertThat(tutti("checkpoints", "list", "--state", folder.toString(), "-o", "json"))
                .isZero();
        assertThat(outText().strip()).isEqualTo("[ ]");
    }

    private int tutti(String... arguments) {
        return run(Map.of(), arguments);
    }

    @ParameterizedTest
    @CsvSource({
        "No space left on device, 1, cannot write to standard output: no space left on device",
        "Bad file descriptor, 1, cannot write to standard output: bad file descriptor",
        "Broken pipe, 0, ",
    })
    void outputThatIsLostIsAFailureUnlessItsReaderHadEnough(String reason, int exitCode, @Nullable String sentence) {
        var broken = new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                throw new IOException(reason);
            }
        };

        for (String[] arguments :
                List.of(new String[] {"checkpoints", "list", "-o", "json"}, new String[] {"--help"})) {
            err.reset();
            assertThat(run(broken, Map.of(), arguments)).isEqualTo(exitCode);
            assertThat(errText().strip()).isEqualTo(sentence == null ? "" : sentence);
        }
    }

    private int run(Map<String, String> environment, String... arguments) {
        return run(out, environment, arguments);
    }

    private int run(OutputStream data, Map<String, String> environment, String... arguments) {
        var shell = new Shell(
                new DataStream(data),
                new Narration(new PrintStream(err, true, StandardCharsets.UTF_8), false),
                environment,
                InstantSource.system());
        return Tutti.run(shell, arguments);
    }

    private String outText() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String errText() {
        return err.toString(StandardCharsets.UTF_8);
    }
}
