package dev.tutti.client.yaml;

import java.util.List;

/** A job description that cannot be used. Each problem is one sentence that begins with the place it stands at. */
public final class SpecException extends Exception {
    private static final long serialVersionUID = 1L;

    private final List<String> problems;

    SpecException(String problem) {
        this(List.of(problem));
    }

    SpecException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
