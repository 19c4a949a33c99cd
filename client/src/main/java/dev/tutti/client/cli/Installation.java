package dev.tutti.client.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where Tutti itself lies, for commands that a person can copy.
 *
 * @param home the folder of the launcher; empty if it was not the launcher that started this process
 * @param here the folder those commands are typed in; absolute
 */
record Installation(Optional<Path> home, Path here) {
    private static final Pattern PLAIN = Pattern.compile("[\\w./:=@%+,-]+");

    static Installation ofProcess() {
        return new Installation(
                Optional.ofNullable(System.getProperty("tutti.home")).map(Path::of),
                Path.of("").toAbsolutePath());
    }

    /** {@code ./tutti} in the launcher's own folder. */
    String command() {
        return home.map(folder -> folder.equals(here) ? "./tutti" : reached(folder.resolve("tutti")))
                .orElse("tutti");
    }

    /** A job file that comes with Tutti. */
    String example(String name) {
        Path inside = Path.of("examples", name);
        return home.map(folder -> reached(folder.resolve(inside))).orElseGet(inside::toString);
    }

    private String reached(Path path) {
        return quoted((path.startsWith(here) ? here.relativize(path) : path).toString());
    }

    /** For a shell, as one word. */
    static String quoted(String word) {
        return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
