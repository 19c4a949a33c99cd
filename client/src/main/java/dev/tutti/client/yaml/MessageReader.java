package dev.tutti.client.yaml;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import dev.tutti.client.yaml.ScalarReader.ScalarException;
import dev.tutti.client.yaml.Source.Place;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * Reads YAML nodes into a message. A mapping's keys are the message's fields in kebab-case. A scalar in a message's place is short
 * for its alternative of that name ({@code consistency: synchronous}) or for its first scalar field ({@code source: mnist}), a list in
 * its place for its first field ({@code reshape: [4, 7]}), and a scalar in the place of a list of scalars for a list of one. Remembers
 * where every path stood.
 */
final class MessageReader {
    private final Source source;
    private final Map<String, Place> places;

    /** @param places filled with path → place */
    MessageReader(Source source, Map<String, Place> places) {
        this.source = source;
        this.places = places;
    }

    /** @param path of the message, empty for the whole job */
    void readMessage(Node node, Message.Builder target, String path) throws SpecException {
        switch (node) {
            case MappingNode mapping -> readFields(mapping, target, path);
            case ScalarNode scalar -> readShorthand(scalar, target, path);
            case SequenceNode list -> {
                FieldDescriptor first = Names.firstList(target.getDescriptorForType())
                        .orElseThrow(() -> problem(
                                list, "%s must be %s, but is a list".formatted(subject(path), aMapping(target))));
                readList(list, target, first, path);
            }
            default -> throw new IllegalStateException("unknown kind of YAML node: " + node.getNodeId());
        }
    }

    void readField(Node node, Message.Builder target, FieldDescriptor field, String path) throws SpecException {
        if (node.getTag().equals(Tag.NULL) && !Names.isEmpty(field)) {
            throw problem(node, path + " has no value");
        }
        Optional<FieldDescriptor> count = Names.count(field);
        if (count.isPresent()) {
            target.clearField(field).clearField(count.get());
        }
        if (count.isPresent() && node instanceof ScalarNode) {
            target.setField(count.get(), scalar(node, count.get(), path));
        } else if (field.isRepeated()) {
            readList(node, target, field, path);
        } else {
            target.setField(field, value(node, target, field, path));
        }
    }

    private void readFields(MappingNode mapping, Message.Builder target, String path) throws SpecException {
        var seen = new HashSet<String>();
        var alternatives = new HashMap<OneofDescriptor, String>();
        for (NodeTuple entry : mapping.getValue()) {
            String key = key(entry.getKeyNode(), path);
            FieldDescriptor field = Names.field(target.getDescriptorForType(), key)
                    .orElseThrow(() -> unknownKey(entry.getKeyNode(), key, target.getDescriptorForType(), path));
            if (!seen.add(key)) {
                throw problem(entry.getKeyNode(), "'%s' stands twice%s".formatted(key, under(path)));
            }
            if (field.getRealContainingOneof() != null) {
                String other = alternatives.put(field.getRealContainingOneof(), key);
                if (other != null) {
                    throw problem(
                            entry.getKeyNode(), "choose one of '%s' and '%s'%s".formatted(other, key, under(path)));
                }
            }
            places.put(Names.join(path, key), source.place(entry.getKeyNode()));
            readField(entry.getValueNode(), target, field, Names.join(path, key));
        }
    }

    private void readList(Node node, Message.Builder target, FieldDescriptor field, String path) throws SpecException {
        List<Node> elements = switch (node) {
            case SequenceNode list -> list.getValue();
            case ScalarNode scalar when field.getJavaType() != JavaType.MESSAGE -> List.of(scalar);
            default ->
                throw problem(
                        node, "%s must be a list such as [%s], but is %s".formatted(path, text(node), kind(node)));
        };
        if (elements.isEmpty() && Names.isModel(field)) {
            throw problem(node, path + " is empty; a model has a layer at least");
        }
        target.clearField(field);
        int index = 0;
        for (Node element : elements) {
            String elementPath = "%s[%d]".formatted(path, index++);
            places.put(elementPath, source.place(element));
            target.addRepeatedField(field, value(element, target, field, elementPath));
        }
    }

    private Object value(Node node, Message.Builder target, FieldDescriptor field, String path) throws SpecException {
        if (field.getJavaType() != JavaType.MESSAGE) {
            return scalar(node, field, path);
        }
        Message.Builder message = target.newBuilderForField(field);
        if (!node.getTag().equals(Tag.NULL)) {
            readMessage(node, message, path);
        }
        return message.build();
    }

    private Object scalar(Node node, FieldDescriptor field, String path) throws SpecException {
        if (!(node instanceof ScalarNode scalar)) {
            throw problem(node, "%s must be a single value, but is %s".formatted(path, kind(node)));
        }
        try {
            return ScalarReader.read(field, scalar, path);
        } catch (ScalarException e) {
            throw problem(node, String.valueOf(e.getMessage()));
        }
    }

    private void readShorthand(ScalarNode node, Message.Builder target, String path) throws SpecException {
        Descriptor type = target.getDescriptorForType();
        Optional<FieldDescriptor> alternative = Names.field(type, node.getValue())
                .filter(field -> field.getRealContainingOneof() != null && field.getJavaType() == JavaType.MESSAGE);
        Optional<FieldDescriptor> main = type.getFields().stream()
                .filter(field -> field.getJavaType() != JavaType.MESSAGE)
                .findFirst()
                .filter(_ -> !path.isEmpty() && Names.hasMainField(type));
        Optional<FieldDescriptor> first = main.filter(field -> ScalarReader.fits(field, node));
        if (alternative.isPresent() && (first.isEmpty() || Names.isEmpty(alternative.get()))) {
            target.setField(
                    alternative.get(),
                    target.newBuilderForField(alternative.get()).build());
        } else if (first.isPresent()) {
            readField(node, target, first.get(), Names.join(path, Names.of(first.get())));
        } else {
            // A number would have stood for the whole message.
            String number = main.flatMap(ScalarReader::number)
                    .map(name -> name + ", or ")
                    .orElse("");
            throw problem(
                    node,
                    "%s must be %s%s, but is '%s'%s"
                            .formatted(
                                    subject(path),
                                    number,
                                    aMapping(target),
                                    node.getValue(),
                                    ScalarReader.suggestion(node.getValue(), Names.fields(type))));
        }
    }

    private String key(Node node, String path) throws SpecException {
        if (!(node instanceof ScalarNode scalar)) {
            throw problem(node, "a key%s must be a word, but is %s".formatted(under(path), kind(node)));
        }
        return scalar.getValue();
    }

    private SpecException unknownKey(Node node, String key, Descriptor type, String path) {
        return problem(
                node,
                "unknown key '%s'%s%s".formatted(key, under(path), ScalarReader.suggestion(key, Names.fields(type))));
    }

    private SpecException problem(Node node, String sentence) {
        return new SpecException(source.at(node) + ": " + sentence);
    }

    private static String aMapping(Message.Builder target) {
        Descriptor type = target.getDescriptorForType();
        Optional<FieldDescriptor> list = Names.firstList(type).filter(field -> field.getJavaType() == JavaType.MESSAGE);
        if (list.isPresent()) {
            return "a list of " + Names.of(list.get());
        }
        return Names.isChoice(type)
                ? "one of " + String.join(", ", Names.fields(type))
                : "a mapping with the keys " + String.join(", ", Names.fields(type));
    }

    private static String subject(String path) {
        return path.isEmpty() ? "a job" : path;
    }

    private static String under(String path) {
        return path.isEmpty() ? " at the top level" : " under " + path;
    }

    private static String kind(Node node) {
        return switch (node) {
            case MappingNode _ -> "a mapping";
            case SequenceNode _ -> "a list";
            default -> "'" + text(node) + "'";
        };
    }

    private static String text(Node node) {
        return node instanceof ScalarNode scalar ? scalar.getValue() : "…";
    }
}
