package dev.tutti.tensor.backend.cuda;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.attribute.ConstantValueAttribute;
import java.lang.classfile.constantpool.IntegerEntry;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Holds what we say of cuBLASLt against what JavaCPP's generator read in NVIDIA's headers. Its classes are read as files: none of them is loaded, and no
 * library with them. The functions that we bind are taken from the emulator's library, which has them all.
 */
@ExtendWith(EmulatedCuda.class)
class CublasLtBindingsTest {
    private static final Map<String, Integer> constants = new HashMap<>();
    /** The kinds of a function's result and parameters, of each of its overloads. */
    private static final Map<String, Set<String>> functions = new HashMap<>();

    @BeforeAll
    static void readTheGeneratedClasses() throws IOException {
        for (String name : new String[] {"cudart", "cublas"}) {
            ClassModel generated = parsed("/org/bytedeco/cuda/global/" + name + ".class");
            generated
                    .fields()
                    .forEach(field -> field.findAttribute(Attributes.constantValue())
                            .map(ConstantValueAttribute::constant)
                            .filter(IntegerEntry.class::isInstance)
                            .ifPresent(value ->
                                    constants.put(field.fieldName().stringValue(), ((IntegerEntry) value).intValue())));
            functions.putAll(generated.methods().stream()
                    .filter(method -> method.methodName().stringValue().startsWith("cublasLt"))
                    .collect(Collectors.groupingBy(
                            method -> method.methodName().stringValue(),
                            Collectors.mapping(method -> kinds(method.methodTypeSymbol()), Collectors.toSet()))));
        }
    }

    private static ClassModel parsed(String resource) throws IOException {
        try (InputStream bytes = CublasLtBindingsTest.class.getResourceAsStream(resource)) {
            assumeTrue(bytes != null, "there is no " + resource + " on the class path");
            return ClassFile.of().parse(bytes.readAllBytes());
        }
    }

    @Test
    void constantsAreThoseOfTheHeaders() throws IllegalAccessException {
        Map<String, Integer> ours = new HashMap<>();
        for (Field field : LtConstants.class.getDeclaredFields()) {
            ours.put(field.getName(), field.getInt(null));
        }
        assertThat(ours).isNotEmpty();
        assertThat(constants).containsAllEntriesOf(ours);
    }

    @Test
    void functionsHaveTheParametersOfTheHeader() {
        Driver driver = Driver.load();
        driver.setContext(driver.retainContext(driver.device(0)));
        Map<String, String> ours = CublasLt.find(driver).orElseThrow().functions().entrySet().stream()
                .collect(toMap(Map.Entry::getKey, function -> kinds(function.getValue())));

        assertThat(ours).isNotEmpty();
        ours.forEach((name, kinds) ->
                assertThat(functions.get(name)).as(name).isNotNull().contains(kinds));
    }

    private static String kinds(FunctionDescriptor function) {
        return Stream.concat(function.returnLayout().stream(), function.argumentLayouts().stream())
                .map(CublasLtBindingsTest::kind)
                .collect(joining(" "));
    }

    private static String kind(MemoryLayout layout) {
        return layout instanceof AddressLayout ? "pointer" : layout.byteSize() == Integer.BYTES ? "int" : "long";
    }

    private static String kinds(MethodTypeDesc type) {
        return Stream.concat(Stream.of(type.returnType()), type.parameterList().stream())
                .map(CublasLtBindingsTest::kind)
                .collect(joining(" "));
    }

    private static String kind(ClassDesc type) {
        return type.isPrimitive() ? type.displayName() : "pointer";
    }
}
