package dev.tutti.client.yaml;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.tutti.proto.spec.ModelKeys;
import dev.tutti.proto.v1.Model;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The way back: a message as the maps, lists and scalars that {@link JobFile} would read into it. A value whose absence means 0 or none is
 * there as 0 or none, but for keys of a model that another preset takes.
 */
public final class SpecTree {
    private SpecTree() {}

    public static Map<String, Object> of(Message message) {
        var tree = new LinkedHashMap<String, Object>();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (isShown(message, field)) {
                tree.put(Names.of(field), value(field, message.getField(field)));
            }
        }
        return tree;
    }

    private static boolean isShown(Message message, FieldDescriptor field) {
        if (message instanceof Model model && !ModelKeys.has(model, field)) {
            return false;
        }
        return field.hasPresence() ? message.hasField(field) : !isUnspecified(message.getField(field));
    }

    private static boolean isUnspecified(Object value) {
        return value instanceof EnumValueDescriptor choice && choice.getNumber() == 0;
    }

    private static Object value(FieldDescriptor field, Object value) {
        return value instanceof List<?> list
                ? list.stream().map(element -> single(field, element)).toList()
                : single(field, value);
    }

    private static Object single(FieldDescriptor field, Object value) {
        return switch (field.getType()) {
            case MESSAGE, GROUP -> message((Message) value);
            case ENUM -> Names.of((EnumValueDescriptor) value);
            case UINT32, FIXED32 -> Integer.toUnsignedLong((Integer) value);
            case UINT64, FIXED64 -> unsigned((Long) value);
            default -> value;
        };
    }

    private static Object unsigned(long value) {
        return value >= 0 ? (Object) value : new java.math.BigInteger(Long.toUnsignedString(value));
    }

    private static Object message(Message message) {
        List<FieldDescriptor> fields = message.getDescriptorForType().getFields();
        if (fields.size() == 1 && fields.getFirst().isRepeated()) {
            return value(fields.getFirst(), message.getField(fields.getFirst()));
        }
        if (!Names.isChoice(message.getDescriptorForType())
                || message.getAllFields().size() != 1) {
            return of(message);
        }
        var chosen = message.getAllFields().entrySet().iterator().next();
        if (chosen.getKey().getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
            return value(chosen.getKey(), chosen.getValue());
        }
        return Names.isEmpty(chosen.getKey()) ? Names.of(chosen.getKey()) : of(message);
    }
}
