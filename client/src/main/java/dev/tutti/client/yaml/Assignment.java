package dev.tutti.client.yaml;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import dev.tutti.client.yaml.Source.Place;
import java.util.Map;
import org.yaml.snakeyaml.nodes.Node;

/**
 * A change to a job that the command line makes.
 *
 * @param typed the option as the user knows it, such as {@code --set training.epochs=3} or {@code --workers 4}: errors begin with it
 * @param path the key that is set; what stood under it is replaced
 * @param value YAML, as it would stand in the file under that path
 */
public record Assignment(String typed, String path, String value) {
    /** Of {@code --set path=value}. */
    public static Assignment ofSet(String option) throws SpecException {
        int equals = option.indexOf('=');
        if (equals < 1) {
            throw new SpecException(
                    "--set %s: write path=value, for example --set training.epochs=3".formatted(option));
        }
        String path = option.substring(0, equals).strip();
        String value = option.substring(equals + 1).strip();
        return new Assignment("--set " + path + "=" + value, path, value);
    }

    /** @param turn 1 for the first change to this job */
    void apply(Message.Builder job, Map<String, Place> places, int turn) throws SpecException {
        var source = new Source.CommandLine(typed, turn);
        Node node = YamlText.parse(value, source)
                .orElseThrow(() -> new SpecException("%s: %s has no value".formatted(source.label(), path)));
        places.keySet()
                .removeIf(known -> known.equals(path) || known.startsWith(path + ".") || known.startsWith(path + "["));
        Message.Builder target = job;
        String walked = "";
        String rest = path;
        for (int dot = rest.indexOf('.'); dot >= 0; dot = rest.indexOf('.')) {
            FieldDescriptor field = field(target, rest.substring(0, dot), walked, source);
            walked = Names.join(walked, rest.substring(0, dot));
            if (field.getJavaType() != JavaType.MESSAGE || field.isRepeated()) {
                throw new SpecException(
                        "%s: %s has no keys of its own; set it as a whole".formatted(source.label(), walked));
            }
            target = target.getFieldBuilder(field);
            rest = rest.substring(dot + 1);
        }
        places.put(path, source.place(node));
        new MessageReader(source, places).readField(node, target, field(target, rest, walked, source), path);
    }

    private static FieldDescriptor field(Message.Builder target, String key, String walked, Source source)
            throws SpecException {
        var type = target.getDescriptorForType();
        return Names.field(type, key)
                .orElseThrow(() -> new SpecException("%s: unknown key '%s'%s%s"
                        .formatted(
                                source.label(),
                                key,
                                walked.isEmpty() ? " at the top level" : " under " + walked,
                                ScalarReader.suggestion(key, Names.fields(type)))));
    }
}
