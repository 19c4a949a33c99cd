package dev.tutti.node;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import dev.tutti.proto.launch.LaunchException;
import dev.tutti.proto.spec.DidYouMean;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The keys there are, taken from the defaults. */
final class ConfigSchema {
    private static final int USAGE = 2;

    private final Config defaults;
    private final Set<String> paths = new TreeSet<>();
    private final Set<String> sections = new TreeSet<>();

    ConfigSchema(Config defaults) {
        this.defaults = defaults;
        for (Map.Entry<String, ConfigValue> entry : defaults.entrySet()) {
            String path = entry.getKey();
            paths.add(path);
            for (int dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
                sections.add(path.substring(0, dot));
            }
        }
    }

    /** @throws LaunchException for the first key that is not known or stands where a section should */
    void check(Config file) throws LaunchException {
        check(file.root(), "");
    }

    private void check(ConfigObject section, String prefix) throws LaunchException {
        for (Map.Entry<String, ConfigValue> entry : section.entrySet()) {
            String path = prefix + entry.getKey();
            ConfigValue value = entry.getValue();
            if (paths.contains(path)) {
                if (value instanceof ConfigObject) {
                    throw wrong(value, path + " is a value, not a section");
                }
            } else if (!sections.contains(path)) {
                throw wrong(value, unknown(path));
            } else if (value instanceof ConfigObject inner) {
                check(inner, path + ".");
            } else {
                throw wrong(value, path + " is a section, not a value; it has " + keysIn(path));
            }
        }
    }

    private String keysIn(String path) {
        return String.join(
                ", ",
                paths.stream().filter(known -> known.startsWith(path + ".")).toList());
    }

    private String unknown(String path) {
        Set<String> all = new TreeSet<>(paths);
        all.addAll(sections);
        return "unknown key " + path
                + DidYouMean.suggest(path, all)
                        .map(known -> "; did you mean " + known + "?")
                        .orElse("");
    }

    /**
     * One value from outside a file. Numbers, durations and lists are read as they would stand in one; a list may also be plain
     * words between commas. Anything else is text as it is, so that paths and URLs need no quotes.
     */
    Config entry(String path, String text, String source) throws LaunchException {
        if (!paths.contains(path)) {
            throw new LaunchException(USAGE, source + ": " + unknown(path), null);
        }
        ConfigOrigin origin = ConfigOriginFactory.newSimple(source);
        ConfigValue value = switch (defaults.getValue(path).valueType()) {
            case LIST -> list(text, source).withOrigin(origin);
            case STRING, NUMBER, BOOLEAN, NULL, OBJECT ->
                ConfigValueFactory.fromAnyRef(unquoted(text)).withOrigin(origin);
        };
        return value.atPath(path);
    }

    private static ConfigValue list(String text, String source) {
        if (text.strip().startsWith("[")) {
            ConfigParseOptions named = ConfigParseOptions.defaults().setOriginDescription(source);
            return ConfigFactory.parseString("list = " + text, named).getValue("list");
        }
        List<String> words = Arrays.stream(text.split(",", -1))
                .map(word -> unquoted(word.strip()))
                .filter(word -> !word.isEmpty())
                .toList();
        return ConfigValueFactory.fromIterable(words);
    }

    private static String unquoted(String text) {
        boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
        return quoted ? text.substring(1, text.length() - 1) : text;
    }

    private static LaunchException wrong(ConfigValue value, String what) {
        return new LaunchException(USAGE, place(value.origin()) + ": " + what, null);
    }

    /** file:line, or the name of another source. */
    static String place(ConfigOrigin origin) {
        String name = origin.filename() == null ? origin.description() : origin.filename();
        return origin.lineNumber() > 0 && origin.filename() != null ? name + ":" + origin.lineNumber() : name;
    }
}
