package dev.tutti.proto.spec;

/**
 * A rule that a job breaks.
 *
 * @param path as it stands in the job file, e.g. {@code cluster.parameter-servers}
 * @param sentence what is wrong and what would be right, without the path
 */
public record SpecProblem(String path, String sentence) {
    @Override
    public String toString() {
        return path + ": " + sentence;
    }
}
