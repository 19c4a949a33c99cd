package dev.tutti.client.cli;

import dev.tutti.client.local.StateFolder;
import dev.tutti.client.report.Narration;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;

/**
 * The training run of the JVM's ahead-of-time cache: what a first session does, in one process and in short, so that the cache knows its classes and
 * profiles. The launcher starts it after a build; what it prints goes to that build's log.
 */
public final class WarmUp {
    private WarmUp() {}

    public static void main(String[] arguments) throws IOException {
        var nowhere = new DataStream(OutputStream.nullOutputStream());
        var shell = new Shell(nowhere, new Narration(System.err, true), Map.of(), InstantSource.system());
        Path state = Files.createTempDirectory("tutti-warm-up");
        int code = Tutti.run(shell, "--version")
                + Tutti.run(shell, "--help")
                + Tutti.run(
                        shell,
                        "quickstart",
                        "--state=" + state,
                        "--output=json",
                        "--set=data.source={digits: {train: 2000, test: 500}}",
                        "--set=training.epochs=1")
                + Tutti.run(shell, "checkpoints", "list", "--state=" + state);
        StateFolder.remove(state);
        System.exit(code);
    }
}
