package dev.tutti.tensor.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tutti.tensor.backend.Backend;
import dev.tutti.tensor.backend.Backends;
import dev.tutti.tensor.backend.Closeness;
import dev.tutti.tensor.backend.Execution;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import dev.tutti.tensor.graph.Graph;
import dev.tutti.tensor.graph.GraphBuilder;
import dev.tutti.tensor.graph.Initializer;
import dev.tutti.tensor.graph.MatrixOp;
import dev.tutti.tensor.graph.Shape;
import dev.tutti.tensor.graph.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Products by cuBLASLt, and by tiles of our own where it is not: the contract of backends runs with the library alone. */
@ExtendWith(EmulatedCuda.class)
class ProductsTest {
    private static final double F32_CLOSE = 1e-5;
    private static final double HALF_CLOSE = 1e-2;
    private static final double TF32_CLOSE = 2e-3;
    private static final List<ElementType> FLOATS = List.of(ElementType.F32, ElementType.BF16, ElementType.F16);

    private static CudaDevice library;
    private static CudaDevice tiles;

    @BeforeAll
    static void open() {
        library = CudaDevice.open();
        tiles = CudaDevice.open(_ -> Optional.empty());
    }

    static Stream<Arguments> products() {
        return FLOATS.stream()
                .flatMap(type -> Stream.of(Shape.of(1, 1, 1), Shape.of(3, 17, 33), Shape.of(65, 127, 130))
                        .flatMap(size -> Stream.of(false, true)
                                .flatMap(left ->
                                        Stream.of(false, true).map(right -> Arguments.of(type, size, left, right)))));
    }

    @ParameterizedTest
    @MethodSource("products")
    void tilesMultiplyWhereThereIsNoLibrary(ElementType type, Shape size, boolean left, boolean right) {
        int m = size.size(0);
        int k = size.size(1);
        int n = size.size(2);
        GraphBuilder builder = new GraphBuilder();
        Tensor a = builder.input("left", type, left ? Shape.of(k, m) : Shape.of(m, k));
        Tensor b = builder.input("right", type, right ? Shape.of(n, k) : Shape.of(k, n));
        builder.output("y", builder.add("y", new MatrixOp.MatMul(a, left, b, right)));
        assertAgrees(tiles, builder.build(), F32_CLOSE);
    }

    static Stream<Arguments> activations() {
        return Stream.of(Activation.values())
                .flatMap(activation ->
                        FLOATS.stream().flatMap(x -> FLOATS.stream().map(y -> Arguments.of(activation, x, y))));
    }

    @ParameterizedTest
    @MethodSource("activations")
    void biasAndActivationFollow(Activation activation, ElementType x, ElementType y) {
        double tolerance = y == ElementType.F32 ? F32_CLOSE : HALF_CLOSE;
        assertAgrees(library, dense(activation, x, y), tolerance);
        assertAgrees(tiles, dense(activation, x, y), tolerance);
    }

    private static Graph dense(Activation activation, ElementType x, ElementType y) {
        GraphBuilder builder = new GraphBuilder();
        Tensor operand = builder.input("x", x, Shape.of(5, 40));
        Tensor weight = builder.input("weight", x, Shape.of(7, 40));
        Tensor bias = builder.input("bias", ElementType.F32, Shape.of(7));
        builder.output("y", builder.add("y", new MatrixOp.Dense(operand, weight, bias, activation, y)));
        return builder.build();
    }

    private static void assertAgrees(CudaDevice device, Graph graph, double tolerance) {
        try (Execution expected = new Execution(Backends.select("reference", 1), graph);
                Execution actual = new Execution(new CudaBackend(device), graph)) {
            expected.draw(3, 1).run();
            actual.draw(3, 1).run();
            Closeness.assertClose("y", actual.output("y"), expected.output("y"), tolerance);
        }
    }

    @Test
    void biasAnywhereInTheParametersIsRead() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(2, 3));
        Tensor weight = builder.parameter("weight", Shape.of(5, 3), new Initializer.Uniform(1));
        Tensor bias = builder.parameter("bias", Shape.of(5), new Initializer.Uniform(1));
        builder.output(
                "y", builder.add("y", new MatrixOp.Dense(x, weight, bias, Activation.IDENTITY, ElementType.F32)));
        assertAgrees(library, builder.build(), F32_CLOSE);
    }

    /** One algorithm does them all. */
    @Test
    void equalProductsKeepWhatIsTheirs() {
        GraphBuilder builder = new GraphBuilder();
        Tensor x = builder.input("x", ElementType.F32, Shape.of(3, 16));
        for (int i = 0; i < 4; i++) {
            Tensor weight = builder.parameter("weight" + i, Shape.of(16, 16), new Initializer.Uniform(1));
            Tensor bias = builder.parameter("bias" + i, Shape.of(16), new Initializer.Uniform(1));
            x = builder.add("y" + i, new MatrixOp.Dense(x, weight, bias, Activation.RELU, ElementType.F32));
        }
        builder.output("y", x);
        assertAgrees(library, builder.build(), F32_CLOSE);
    }

    @ParameterizedTest
    @CsvSource({"F32", "BF16", "F16"})
    void reluPassesNan(ElementType type) {
        for (CudaDevice device : List.of(library, tiles)) {
            try (Execution execution = new Execution(new CudaBackend(device), dense(Activation.RELU, type, type))) {
                execution.draw(3, 1).input("bias").set(4, Float.NaN);
                float[] y = execution.run().output("y");
                for (int i = 0; i < y.length; i++) {
                    assertThat(Float.isNaN(y[i])).isEqualTo(i % 7 == 4);
                }
            }
        }
    }

    @Test
    void tf32IsAnOption() {
        Graph graph = dense(Activation.IDENTITY, ElementType.F32, ElementType.F32);
        System.setProperty(ProductOptions.TF32, "true");
        try {
            CudaDevice shortened = CudaDevice.open();
            assertThat(shortened.numerics()).endsWith(" with tf32");
            assertThat(y(shortened, graph)).isNotEqualTo(y(library, graph));
            assertAgrees(shortened, graph, TF32_CLOSE);
            Graph halves = dense(Activation.IDENTITY, ElementType.BF16, ElementType.F32);
            assertThat(y(shortened, halves)).isEqualTo(y(library, halves));
        } finally {
            System.clearProperty(ProductOptions.TF32);
        }
    }

    @Test
    void theOrderOfSumsIsAnOption() {
        Graph graph = dense(Activation.IDENTITY, ElementType.BF16, ElementType.F32);
        System.setProperty(ProductOptions.DETERMINISTIC, "false");
        try {
            CudaDevice any = CudaDevice.open();
            assertThat(any.numerics()).endsWith(", not deterministic");
            assertAgrees(any, graph, TF32_CLOSE);
        } finally {
            System.clearProperty(ProductOptions.DETERMINISTIC);
        }
    }

    private static float[] y(CudaDevice device, Graph graph) {
        Backend backend = new CudaBackend(device);
        try (Execution execution = new Execution(backend, graph)) {
            return execution.draw(3, 1).run().output("y");
        }
    }

    @Test
    void numericsSayWhatMultiplies() {
        assertThat(library.numerics()).containsPattern(", cuBLASLt \\d+\\.\\d+\\.\\d+$");
        assertThat(tiles.numerics()).endsWith(", no cuBLASLt");
    }

    /** What NVIDIA's documentation lists; tiles do the rest. */
    @ParameterizedTest
    @CsvSource({
        "F32, F32, IDENTITY, true",
        "BF16, F32, IDENTITY, true",
        "F16, F32, IDENTITY, true",
        "BF16, BF16, IDENTITY, true",
        "F16, F16, RELU, true",
        "F32, BF16, IDENTITY, false",
        "BF16, F16, IDENTITY, false",
        "F32, F32, GELU, false"
    })
    void theLibraryDoesWhatItCan(ElementType operands, ElementType result, Activation activation, boolean planned) {
        library.enter();
        Driver driver = library.driver();
        long stream = driver.createStream();
        try (Arena arena = Arena.ofShared();
                DeviceMemory memory = new DeviceMemory(driver, dense(activation, operands, result))) {
            Launches launches = new Launches(driver, library.kernels(), memory, arena);
            ProductPlans plans = new ProductPlans(
                    library.products().orElseThrow(), new ProductOptions(false, true), launches, stream);
            long x = memory.allocate(64 * 64 * 4);
            Place bias = new Place(result, memory.allocate(64 * 4));
            Product product = new Product(
                    new Product.Operands(operands, x, false, x, true),
                    new Product.Size(64, 64, 64),
                    Optional.of(bias.address()),
                    activation,
                    new Place(result, memory.allocate(64 * 64 * 4)));
            assertThat(plans.plan(product, Optional.of(bias)).isPresent()).isEqualTo(planned);
            driver.synchronize(stream);
        } finally {
            driver.destroyStream(stream);
        }
    }

    /** As with a driver that is too old for it. */
    @Test
    void aLibraryThatDoesNotStartIsAsGoodAsNone() {
        library.driver().setContext(0);
        try {
            assertThat(CublasLt.find(library.driver())).isEmpty();
        } finally {
            library.enter();
        }
    }

    @Test
    void whatTheLibraryRefusesIsSaidWithItsWords() {
        library.enter();
        CublasLt products = library.products().orElseThrow();
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> products.layout(99, 1, 1, arena))
                    .isInstanceOf(CudaException.class)
                    .hasMessageStartingWith("cublasLtMatrixLayoutCreate failed with 7: CUBLAS_STATUS_INVALID_VALUE");
        }
    }
}
