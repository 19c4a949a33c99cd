package dev.tutti.proto.spec;

import java.util.Optional;

/**
 * A rule that a job breaks.
 *
 * @param path as it stands in the job file, e.g. {@code cluster.parameter-servers}
 * @param sentence what is wrong and what would be right; it begins where the path ends
 * @param measuredBy the path of the other value, of a rule about two
 * @param remedy {@code path=value} that would keep the rule, where there is one value that plainly does
 */
public record SpecProblem(String path, String sentence, Optional<String> measuredBy, Optional<String> remedy) {
    static SpecProblem of(String path, String sentence) {
        return new SpecProblem(path, sentence, Optional.empty(), Optional.empty());
    }

    @Override
    public String toString() {
        return path + " " + sentence;
    }
}
