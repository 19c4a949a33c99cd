package dev.tutti.client.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.UncheckedIOException;
import java.util.function.Supplier;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** How data is written to standard output. Lower case, as typed after {@code -o}. */
public enum OutputFormat {
    table,
    json,
    yaml;

    /**
     * @param tree maps, lists and scalars
     * @param table the same for a person; asked for only when it is wanted
     * @return text that ends with a line break
     */
    public String render(Object tree, Supplier<String> table) {
        return switch (this) {
            case table -> table.get();
            case json -> json(tree);
            case yaml -> yaml(tree);
        };
    }

    /** One pretty-printed JSON value and a line break. */
    public static String json(Object tree) {
        try {
            return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(tree) + "\n";
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException("not a tree of maps, lists and scalars: " + tree, e);
        }
    }

    public static String yaml(Object tree) {
        var options = new DumperOptions();
        options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        options.setIndicatorIndent(2);
        options.setIndentWithIndicator(true);
        // All empty lists are one object.
        options.setDereferenceAliases(true);
        return new Yaml(options).dump(tree);
    }
}
