package dev.tutti.coordinator.job;

import dev.tutti.coordinator.job.RequestRefusedException.Refusal;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.spec.SpecProblem;
import dev.tutti.proto.v1.JobSpec;
import dev.tutti.proto.v1.SubmitRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/** Takes jobs in: checks the spec, knows a request that was sent before, and gives the job its name. */
public final class Submissions {
    // Without those that are read for one another.
    private static final String LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
    private static final int RANDOM_LETTERS = 6;
    private static final int MOST_NAME_LETTERS = 40;

    private final RandomGenerator random;
    private final Path checkpointsFolder;

    /** @param checkpointsFolder has one folder for each job */
    public Submissions(RandomGenerator random, Path checkpointsFolder) {
        this.random = random;
        this.checkpointsFolder = checkpointsFolder.toAbsolutePath().normalize();
    }

    /** Either the job that the same request made before, or the event that makes it. */
    public sealed interface Submission {
        record Known(String job) implements Submission {}

        record New(Event.JobSubmitted event) implements Submission {}
    }

    /** @throws RequestRefusedException if the spec breaks a rule, or the key was used for another spec */
    public Submission take(ClusterState state, SubmitRequest request, long atMillis) {
        JobSpec spec = JobSpecs.withDefaults(request.getSpec());
        List<SpecProblem> problems = JobSpecs.problems(spec);
        if (!problems.isEmpty()) {
            throw new RequestRefusedException(
                    Refusal.INVALID_ARGUMENT,
                    problems.stream().map(SpecProblem::toString).collect(Collectors.joining("\n")));
        }
        Optional<JobRecord> known = state.jobWithKey(request.getIdempotencyKey());
        if (known.isPresent()) {
            JobRecord job = known.get();
            if (!job.spec().equals(spec)) {
                throw new RequestRefusedException(
                        Refusal.ALREADY_EXISTS,
                        "The idempotency key " + request.getIdempotencyKey() + " belongs to job " + job.id()
                                + ", which was submitted with another specification");
            }
            return new Submission.Known(job.id());
        }
        String id = newId(state, spec.getName());
        return new Submission.New(new Event.JobSubmitted(
                atMillis,
                id,
                spec,
                request.getIdempotencyKey(),
                checkpointsFolder.resolve(id).toString()));
    }

    private String newId(ClusterState state, String name) {
        String readable = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        readable = readable.substring(0, Math.min(MOST_NAME_LETTERS, readable.length()))
                .replaceAll("^-+|-+$", "");
        while (true) {
            String id = (readable.isEmpty() ? "job" : readable) + "-" + randomLetters();
            if (state.job(id).isEmpty()) {
                return id;
            }
        }
    }

    private String randomLetters() {
        return random.ints(RANDOM_LETTERS, 0, LETTERS.length())
                .mapToObj(i -> String.valueOf(LETTERS.charAt(i)))
                .collect(Collectors.joining());
    }
}
