package dev.tutti.client.yaml;

import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.Node;

/** Where YAML text came from, so that an error can say where to look. */
sealed interface Source {
    record JobText(String name) implements Source {}

    /**
     * One option of the command line.
     *
     * @param typed such as {@code --workers 4}
     * @param turn 1 for the first; later ones win
     */
    record CommandLine(String typed, int turn) implements Source {}

    /** {@code examples/x.yaml:12} or {@code --set training.epochs=ten}. */
    default String at(Mark mark) {
        return switch (this) {
            case JobText(var name) -> name + ":" + (mark.getLine() + 1);
            case CommandLine _ -> label();
        };
    }

    default String at(Node node) {
        return at(node.getStartMark());
    }

    /** Of two places the one with the later turn is whose values count. */
    default Place place(Node node) {
        return switch (this) {
            case JobText _ -> new Place(at(node), 0);
            case CommandLine(var typed, int turn) -> new Place(typed, turn);
        };
    }

    /**
     * Where a value was given.
     *
     * @param label begins an error's sentence
     * @param turn 0: in the file; else which option of the command line it was
     */
    record Place(String label, int turn) {
        boolean isCommandLine() {
            return turn > 0;
        }
    }

    default String label() {
        return switch (this) {
            case JobText(var name) -> name;
            case CommandLine option -> option.typed();
        };
    }
}
