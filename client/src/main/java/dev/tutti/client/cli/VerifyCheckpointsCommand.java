package dev.tutti.client.cli;

import dev.tutti.client.local.StoredCheckpoints;
import dev.tutti.client.report.Table;
import dev.tutti.proto.checkpoint.CheckpointException;
import dev.tutti.proto.checkpoint.CheckpointFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tutti checkpoints verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description =
                "Holds every file of checkpoints against the size and the SHA-256 that its manifest says; ends with 1"
                        + " if one is damaged.")
final class VerifyCheckpointsCommand implements Callable<Integer> {
    private final Shell shell;

    @Parameters(
            paramLabel = "PATH_OR_JOB",
            arity = "0..1",
            description =
                    "A checkpoint's folder, a job's folder, or the ID of a job in the state folder (default: all of"
                            + " the state folder).")
    private String name = "";

    @Mixin
    private StateOption state = new StateOption();

    @Mixin
    private FormatOption format = new FormatOption();

    @Mixin
    private LogLevel log = new LogLevel();

    VerifyCheckpointsCommand(Shell shell) {
        this.shell = shell;
    }

    /** @param defect one sentence; empty if all is as it was written */
    private record Verdict(Path checkpoint, Optional<String> defect) {
        static Verdict of(Path checkpoint) throws IOException {
            try {
                CheckpointFolder.verify(checkpoint);
                return new Verdict(checkpoint, Optional.empty());
            } catch (CheckpointException e) {
                return new Verdict(checkpoint, Optional.of(String.valueOf(e.getMessage())));
            }
        }

        Map<String, @Nullable Object> report() {
            Map<String, @Nullable Object> report = new LinkedHashMap<>();
            report.put("path", checkpoint.toString());
            report.put("whole", defect.isEmpty());
            report.put("defect", defect.orElse(null));
            return report;
        }
    }

    @Override
    public Integer call() throws CommandException, IOException {
        log.quiet();
        Path folder = state.folder(shell).checkpoints();
        List<Path> checkpoints = new StoredCheckpoints(folder).all(name);
        if (checkpoints.isEmpty()) {
            throw new CommandException(
                    ExitCodes.NOT_FOUND,
                    name.isEmpty()
                            ? "there are no checkpoints in " + folder
                            : "there are no checkpoints of '%s' in %s; 'tutti checkpoints list' shows what there is"
                                    .formatted(name, folder));
        }
        List<Verdict> verdicts = new ArrayList<>();
        for (Path checkpoint : checkpoints) {
            verdicts.add(Verdict.of(checkpoint));
        }
        shell.print(
                format.format().render(verdicts.stream().map(Verdict::report).toList(), () -> table(verdicts)));
        return verdicts.stream().allMatch(verdict -> verdict.defect.isEmpty()) ? ExitCodes.OK : ExitCodes.FAILED;
    }

    private static String table(List<Verdict> verdicts) {
        var table = new Table().row("CHECKPOINT", "");
        verdicts.forEach(verdict -> table.row(verdict.checkpoint.toString(), verdict.defect.orElse("whole")));
        return table.toString();
    }
}
