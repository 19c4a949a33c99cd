package dev.tutti.client.yaml;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.tutti.proto.v1.Clip;
import dev.tutti.proto.v1.ExchangeEncodings;
import dev.tutti.proto.v1.Model;
import dev.tutti.proto.v1.Regularization;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * How a message's names are spelled in YAML: {@code parameter_servers} is {@code parameter-servers}, {@code LOSS_MSE} is {@code mse}. A list
 * {@code layers} and a number {@code layer_count} beside it share the key {@code layers}.
 */
final class Names {
    private static final Set<Descriptor> NO_MAIN_FIELD =
            Set.of(Clip.getDescriptor(), Regularization.getDescriptor(), ExchangeEncodings.getDescriptor());

    private static final String COUNT = "_count";

    private Names() {}

    static String of(FieldDescriptor field) {
        return countedList(field).orElse(field).getName().replace('_', '-');
    }

    static String of(EnumValueDescriptor value) {
        return kebab(value.getName().substring(prefix(value.getType()).length()));
    }

    static Optional<FieldDescriptor> field(Descriptor message, String key) {
        return message.getFields().stream()
                .filter(field -> of(field).equals(key))
                .findFirst();
    }

    static List<String> fields(Descriptor message) {
        return message.getFields().stream().map(Names::of).distinct().toList();
    }

    /** The number that may stand in a list's place: how many elements there are, where they are all alike. */
    static Optional<FieldDescriptor> count(FieldDescriptor list) {
        return list.getContainingType().getFields().stream()
                .filter(field -> countedList(field).filter(list::equals).isPresent())
                .findFirst();
    }

    private static Optional<FieldDescriptor> countedList(FieldDescriptor count) {
        return count.getName().endsWith(COUNT)
                ? Optional.ofNullable(count.getContainingType()
                                .findFieldByName(count.getName().replaceFirst(COUNT + "$", "s")))
                        .filter(FieldDescriptor::isRepeated)
                : Optional.empty();
    }

    /** The list that may stand in a message's place: its first field. */
    static Optional<FieldDescriptor> firstList(Descriptor message) {
        return message.getFields().stream()
                .limit(1)
                .filter(FieldDescriptor::isRepeated)
                .findFirst();
    }

    /** Every value a person may write; the unspecified one is not among them. */
    static List<EnumValueDescriptor> values(EnumDescriptor type) {
        return type.getValues().stream().filter(value -> value.getNumber() != 0).toList();
    }

    /** A message all of whose fields are alternatives of one oneof, such as {@code Optimizer}. */
    static boolean isChoice(Descriptor message) {
        return message.getRealOneofs().size() == 1
                && message.getRealOneofs().getFirst().getFieldCount()
                        == message.getFields().size();
    }

    /** Whether one of a message's values matters most, so that it may stand for all. A bound, a weight or a direction has to be named: which one is the question. */
    static boolean hasMainField(Descriptor message) {
        return !NO_MAIN_FIELD.contains(message);
    }

    /** The list that is a model of one's own. */
    static boolean isModel(FieldDescriptor field) {
        return field.getContainingType().equals(Model.getDescriptor())
                && field.getNumber() == Model.LAYERS_FIELD_NUMBER;
    }

    static boolean isEmpty(FieldDescriptor field) {
        return field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                && field.getMessageType().getFields().isEmpty();
    }

    static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static String prefix(EnumDescriptor type) {
        return type.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT) + "_";
    }

    private static String kebab(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
