package dev.tutti.client.yaml;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.Map;
import org.yaml.snakeyaml.nodes.Node;

/** One {@code --set path=value}: the value is YAML, as it would stand in the file under that path. */
record Assignment(String path, String value) {

    static Assignment parse(String option) throws SpecException {
        int equals = option.indexOf('=');
        if (equals < 1) {
            throw new SpecException(
                    "--set %s: write path=value, for example --set training.epochs=3".formatted(option));
        }
        return new Assignment(
                option.substring(0, equals).strip(),
                option.substring(equals + 1).strip());
    }

    /** Sets the path in {@code job}; what stood under it is replaced. */
    void apply(Message.Builder job, Map<String, String> places) throws SpecException {
        var source = new Source.SetOption(path + "=" + value);
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
        places.put(path, source.label());
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
