package dev.tutti.client.cli;

import dev.tutti.client.report.Narration;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * What a command sees of the world around it.
 *
 * @param out data
 * @param narration everything else
 */
record Shell(DataStream out, Narration narration, Map<String, String> environment, InstantSource clock) {
    /** This process's. The launcher says whether standard error is a terminal. */
    static Shell ofProcess() {
        boolean terminal = Boolean.getBoolean("tutti.terminal");
        return new Shell(
                new DataStream(new FileOutputStream(FileDescriptor.out)),
                new Narration(System.err, terminal),
                System.getenv(),
                InstantSource.system());
    }

    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    void say(String sentence) {
        narration.line(sentence);
    }

    /** @param text ends with a line break */
    void print(String text) {
        narration.clear();
        out.print(text);
        out.flush();
    }
}
