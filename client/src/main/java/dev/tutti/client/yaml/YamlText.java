package dev.tutti.client.yaml;

import java.io.StringReader;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.nodes.Node;

/** YAML text as a tree of nodes that know their lines. One document, no aliases: a tree is never larger than its text. */
final class YamlText {
    private static final int DEEPEST_NESTING = 30;

    private YamlText() {}

    /** The document's root; nothing if there is only white space and comments. */
    static Optional<Node> parse(String text, Source source) throws SpecException {
        try {
            refuseAliasesAndFurtherDocuments(text, source);
            return Optional.ofNullable(yaml().compose(new StringReader(text)));
        } catch (MarkedYAMLException e) {
            throw new SpecException("%s: this is not YAML: %s".formatted(place(source, e), sentence(e)));
        } catch (YAMLException e) {
            throw new SpecException("%s: this is not YAML: %s".formatted(source.label(), oneLine(e.getMessage())));
        }
    }

    private static void refuseAliasesAndFurtherDocuments(String text, Source source) throws SpecException {
        int documents = 0;
        for (var event : yaml().parse(new StringReader(text))) {
            if (event instanceof AliasEvent) {
                throw new SpecException(source.at(event.getStartMark())
                        + ": YAML aliases (*name) are not allowed here; write the value out");
            }
            if (event instanceof DocumentStartEvent && ++documents > 1) {
                throw new SpecException(source.at(event.getStartMark())
                        + ": a second YAML document begins here; a file describes one job");
            }
        }
    }

    private static Yaml yaml() {
        var options = new LoaderOptions();
        options.setNestingDepthLimit(DEEPEST_NESTING);
        return new Yaml(new SafeConstructor(options));
    }

    private static String place(Source source, MarkedYAMLException e) {
        Mark mark = e.getProblemMark() != null ? e.getProblemMark() : e.getContextMark();
        return mark == null ? source.label() : source.at(mark);
    }

    private static String sentence(MarkedYAMLException e) {
        String problem = oneLine(e.getProblem());
        String context = oneLine(e.getContext());
        return context.isEmpty() ? problem : context + ", " + problem;
    }

    private static String oneLine(@Nullable String text) {
        return text == null ? "" : text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
