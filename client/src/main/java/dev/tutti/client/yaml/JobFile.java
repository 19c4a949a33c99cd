package dev.tutti.client.yaml;

import dev.tutti.client.yaml.Source.Place;
import dev.tutti.proto.spec.JobSpecs;
import dev.tutti.proto.spec.SpecProblem;
import dev.tutti.proto.v1.JobSpec;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.nodes.Node;

/** Reads a job from YAML and {@code --set} options, fills in defaults and checks it. */
public final class JobFile {
    private static final long LARGEST_BYTES = 1 << 20;

    private JobFile() {}

    /**
     * The job described by {@code file}, with {@code assignments} laid over it in order.
     *
     * @throws SpecException naming file and line, or the option of the command line, of each problem
     */
    public static JobSpec load(Path file, List<Assignment> assignments) throws SpecException {
        return parse(read(file), file.toString(), assignments);
    }

    /** Like {@link #load}, for text that came from elsewhere; {@code name} stands for the file in errors. */
    public static JobSpec parse(String yaml, String name, List<Assignment> assignments) throws SpecException {
        var source = new Source.JobText(name);
        Map<String, Place> places = new HashMap<>();
        Node root = YamlText.parse(yaml, source)
                .orElseThrow(() ->
                        new SpecException(name + " is empty; examples/mnist-mlp.yaml shows what a job looks like"));
        var spec = JobSpec.newBuilder();
        new MessageReader(source, places).readMessage(root, spec, "");
        for (int i = 0; i < assignments.size(); i++) {
            assignments.get(i).apply(spec, places, i + 1);
        }
        JobSpec complete = JobSpecs.withDefaults(spec.build());
        List<String> problems = JobSpecs.problems(complete).stream()
                .map(problem -> sentence(problem, new Places(places, name)))
                .toList();
        if (!problems.isEmpty()) {
            throw new SpecException(problems);
        }
        return complete;
    }

    /** An option that contradicts the file is to blame, not the file's line; and it is told what to add. */
    private static String sentence(SpecProblem problem, Places places) {
        Place own = places.of(problem.path());
        Place other = problem.measuredBy().map(places::ofAnyNear).orElse(own);
        Place blamed = other.turn() > own.turn() ? other : own;
        String remedy = problem.remedy()
                .filter(_ -> blamed.isCommandLine())
                .map(" (--set %s would do)"::formatted)
                .orElse("");
        return blamed.label() + ": " + problem + remedy;
    }

    private static String read(Path file) throws SpecException {
        if (!Files.exists(file)) {
            throw new SpecException(file + " does not exist");
        }
        if (Files.isDirectory(file)) {
            throw new SpecException(file + " is a folder; name the job file in it");
        }
        try {
            if (Files.size(file) > LARGEST_BYTES) {
                throw new SpecException("%s has %,d bytes; a job file has at most %,d"
                        .formatted(file, Files.size(file), LARGEST_BYTES));
            }
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new SpecException(file + " is not a text file in UTF-8");
        } catch (IOException e) {
            throw new SpecException("%s cannot be read: %s".formatted(file, e.getMessage()));
        }
    }
}
