package dev.tutti.client.yaml;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.tutti.proto.spec.DidYouMean;
import dev.tutti.proto.spec.WholeRange;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** One YAML scalar as the Java value of a protobuf field. */
final class ScalarReader {
    private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]+(_[0-9]+)*");
    private static final Pattern DECIMAL =
            Pattern.compile("[-+]?([0-9]+(_[0-9]+)*(\\.[0-9]*)?|\\.[0-9]+)([eE][-+]?[0-9]+)?");
    private static final Pattern NOT_FINITE = Pattern.compile("[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");
    private static final BigInteger INT32_MIN = BigInteger.valueOf(Integer.MIN_VALUE);
    private static final BigInteger INT32_MAX = BigInteger.valueOf(Integer.MAX_VALUE);
    private static final BigInteger UINT32_MAX = BigInteger.ONE.shiftLeft(32).subtract(BigInteger.ONE);
    private static final BigInteger UINT64_MAX = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    private ScalarReader() {}

    /** Whether the scalar's text is of the field's type, in range or not. */
    static boolean fits(FieldDescriptor field, ScalarNode node) {
        return switch (field.getJavaType()) {
            case INT, LONG -> isPlain(node) && INTEGER.matcher(node.getValue()).matches();
            case FLOAT, DOUBLE -> isNumber(node);
            case BOOLEAN -> isPlain(node) && isBoolean(node.getValue());
            case STRING -> !isNumber(node);
            case ENUM -> true;
            case BYTE_STRING, MESSAGE -> false;
        };
    }

    /** What a number of this field is called; empty if it is none. */
    static Optional<String> number(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case INT, LONG -> Optional.of("a whole number");
            case FLOAT, DOUBLE -> Optional.of("a number");
            case BOOLEAN, STRING, ENUM, BYTE_STRING, MESSAGE -> Optional.empty();
        };
    }

    /**
     * The field's value.
     *
     * @param path of the field, for the error
     */
    static Object read(FieldDescriptor field, ScalarNode node, String path) throws ScalarException {
        return switch (field.getJavaType()) {
            case INT ->
                (field.getType() == FieldDescriptor.Type.INT32
                                ? integer(node, path, INT32_MIN, INT32_MAX)
                                : integer(node, path, BigInteger.ZERO, UINT32_MAX))
                        .intValue();
            case LONG -> integer(node, path, BigInteger.ZERO, UINT64_MAX).longValue();
            case FLOAT -> (float) decimal(node, path);
            case DOUBLE -> decimal(node, path);
            case BOOLEAN -> bool(node, path);
            case STRING -> node.getValue();
            case ENUM -> enumValue(field, node, path);
            case BYTE_STRING, MESSAGE -> throw new IllegalArgumentException(field.getFullName() + " is no scalar");
        };
    }

    private static BigInteger integer(ScalarNode node, String path, BigInteger min, BigInteger max)
            throws ScalarException {
        if (!isPlain(node) || !INTEGER.matcher(node.getValue()).matches()) {
            throw wrong(path, "a whole number", node);
        }
        var value = new BigInteger(node.getValue().replace("_", ""));
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            String refusal = WholeRange.of(path)
                    .map(range -> range.refusal(value))
                    .orElseGet(() -> "must be %s to %s, got %s".formatted(min, max, value));
            throw new ScalarException(path + " " + refusal);
        }
        return value;
    }

    private static double decimal(ScalarNode node, String path) throws ScalarException {
        if (!isNumber(node)) {
            throw wrong(path, "a number", node);
        }
        if (NOT_FINITE.matcher(node.getValue()).matches()
                || !Double.isFinite(Double.parseDouble(node.getValue().replace("_", "")))) {
            throw new ScalarException("%s must be a finite number, but is %s".formatted(path, node.getValue()));
        }
        return Double.parseDouble(node.getValue().replace("_", ""));
    }

    private static boolean bool(ScalarNode node, String path) throws ScalarException {
        if (!isPlain(node) || !isBoolean(node.getValue())) {
            throw wrong(path, "true or false", node);
        }
        return node.getValue().equals("true");
    }

    private static Object enumValue(FieldDescriptor field, ScalarNode node, String path) throws ScalarException {
        var values = Names.values(field.getEnumType());
        for (var value : values) {
            if (Names.of(value).equals(node.getValue())) {
                return value;
            }
        }
        List<String> names = values.stream().map(Names::of).toList();
        throw new ScalarException("%s must be one of %s, but is '%s'%s"
                .formatted(path, String.join(", ", names), node.getValue(), suggestion(node.getValue(), names)));
    }

    /** {@code ; did you mean 'epochs'?}, or nothing when nothing is near. */
    static String suggestion(String typed, List<String> known) {
        return DidYouMean.suggest(typed, known)
                .map(name -> "; did you mean '" + name + "'?")
                .orElse("");
    }

    private static ScalarException wrong(String path, String expected, ScalarNode node) {
        String got = isNumber(node) ? node.getValue() : "'" + node.getValue() + "'";
        String kind = isPlain(node) ? "" : "the text ";
        return new ScalarException("%s must be %s, but is %s%s".formatted(path, expected, kind, got));
    }

    private static boolean isPlain(ScalarNode node) {
        return node.getScalarStyle() == ScalarStyle.PLAIN;
    }

    private static boolean isNumber(ScalarNode node) {
        String text = node.getValue();
        return isPlain(node)
                && (DECIMAL.matcher(text).matches() || NOT_FINITE.matcher(text).matches());
    }

    private static boolean isBoolean(String text) {
        return text.equals("true") || text.equals("false");
    }

    /** The sentence without its place. */
    static final class ScalarException extends Exception {
        private static final long serialVersionUID = 1L;

        ScalarException(String message) {
            super(message);
        }
    }
}
