package dev.tutti.client.yaml;

import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.Node;

/** Where YAML text came from, so that an error can say where to look. */
sealed interface Source {
    record JobText(String name) implements Source {}

    /** One {@code --set} option, as it was typed. */
    record SetOption(String assignment) implements Source {}

    /** {@code examples/x.yaml:12} or {@code --set training.epochs=ten}. */
    default String at(Mark mark) {
        return switch (this) {
            case JobText(var name) -> name + ":" + (mark.getLine() + 1);
            case SetOption _ -> label();
        };
    }

    default String at(Node node) {
        return at(node.getStartMark());
    }

    default String label() {
        return switch (this) {
            case JobText(var name) -> name;
            case SetOption(var assignment) -> "--set " + assignment;
        };
    }
}
