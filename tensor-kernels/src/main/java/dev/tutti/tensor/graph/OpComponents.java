package dev.tutti.tensor.graph;

import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** What operations have in common as records: operands, a copy with others, a name. Only graphs that are being built or printed ask. */
final class OpComponents {
    private static final ClassValue<OpComponents> BY_CLASS = new ClassValue<>() {
        @Override
        protected OpComponents computeValue(Class<?> type) {
            return new OpComponents(type);
        }
    };

    private final String name;
    private final RecordComponent[] components;
    private final Constructor<?> constructor;

    private OpComponents(Class<?> type) {
        this.name = kebabCase(type.getSimpleName());
        this.components = type.getRecordComponents();
        try {
            this.constructor = type.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(type + " is not a record", e);
        }
    }

    static OpComponents of(Op op) {
        return BY_CLASS.get(op.getClass());
    }

    List<Tensor> operands(Op op) {
        List<Tensor> operands = new ArrayList<>();
        for (RecordComponent component : components) {
            operands.addAll(tensors(value(component, op)));
        }
        return List.copyOf(operands);
    }

    Op with(Op op, UnaryOperator<Tensor> replacement) {
        Object[] values = new Object[components.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (value(components[i], op)) {
                case Tensor tensor -> replacement.apply(tensor);
                case Optional<?> optional -> optional.map(tensor -> replacement.apply((Tensor) tensor));
                case List<?> list
                when !tensors(list).isEmpty() ->
                    tensors(list).stream().map(replacement).toList();
                case Object constant -> constant;
            };
        }
        try {
            return (Op) constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("copying " + op, e);
        }
    }

    /** {@code mat-mul(x, weight, transpose-right)}: a flag by its name if it is set, other constants as {@code name=value}. */
    String print(Op op) {
        return Arrays.stream(components)
                .flatMap(component -> print(component.getName(), value(component, op)).stream())
                .collect(Collectors.joining(", ", name + "(", ")"));
    }

    private static List<String> print(String component, Object value) {
        List<Tensor> tensors = tensors(value);
        if (!tensors.isEmpty()) {
            return tensors.stream().map(Tensor::name).toList();
        }
        return switch (value) {
            case Optional<?> _ -> List.of();
            case OptionalInt number ->
                number.isPresent() ? List.of(kebabCase(component) + "=" + number.getAsInt()) : List.of();
            case Boolean set -> set ? List.of(kebabCase(component)) : List.of();
            default -> List.of(kebabCase(component) + "=" + value);
        };
    }

    private static List<Tensor> tensors(Object value) {
        return switch (value) {
            case Tensor tensor -> List.of(tensor);
            case Optional<?> optional ->
                optional.stream().map(Tensor.class::cast).toList();
            case List<?> list ->
                list.stream()
                        .filter(Tensor.class::isInstance)
                        .map(Tensor.class::cast)
                        .toList();
            default -> List.of();
        };
    }

    private static Object value(RecordComponent component, Op op) {
        try {
            return component.getAccessor().invoke(op);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("reading " + component.getName() + " of an operation", e);
        }
    }

    private static String kebabCase(String camelCase) {
        return camelCase.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }
}
