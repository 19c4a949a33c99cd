package dev.tutti.client.cli;

import dev.tutti.client.TrainingException;
import dev.tutti.client.yaml.SpecException;
import dev.tutti.proto.checkpoint.CheckpointException;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.wording.FileTrouble;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** What a command threw, as a sentence and an exit code. Only what nobody foresaw gets a stack trace. */
final class Failures implements IExecutionExceptionHandler {
    private final Shell shell;

    Failures(Shell shell) {
        this.shell = shell;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        return switch (failure) {
            case SpecException e -> {
                e.problems().forEach(shell::say);
                yield ExitCodes.USAGE;
            }
            case LaunchException e -> said(e, e.exitCode());
            case TrainingException e -> {
                int code = said(e, e.category().exitCode());
                if (code == ExitCodes.UNREACHABLE) {
                    shell.say("'tutti dev' starts a cluster on this machine; --coordinator HOST:PORT names another");
                }
                yield code;
            }
            case CommandException e -> said(e, e.exitCode());
            case CheckpointException e -> said(e, ExitCodes.FAILED);
            case IOException e -> {
                shell.say(FileTrouble.sentence(e));
                yield ExitCodes.FAILED;
            }
            case InterruptedException _ -> ExitCodes.INTERRUPTED;
            case ParameterException e -> new UsageErrors(shell).handleParseException(e, new String[0]);
            default -> {
                var trace = new StringWriter();
                failure.printStackTrace(new PrintWriter(trace));
                shell.say("tutti failed in a way it should not; please report this:\n" + trace);
                yield ExitCodes.FAILED;
            }
        };
    }

    private int said(Exception failure, int exitCode) {
        String message = failure.getMessage();
        shell.say(message == null ? failure.toString() : message);
        return exitCode;
    }
}
