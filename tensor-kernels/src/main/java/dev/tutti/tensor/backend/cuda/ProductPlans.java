package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.Values;
import dev.tutti.tensor.graph.Activation;
import dev.tutti.tensor.graph.ElementType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Products of one program by cuBLASLt. Its matrices are columns where ours are rows, so it is asked for the transposed result, rightᵀ · leftᵀ.
 * Algorithms are chosen here, when a program is compiled, once for equal products, among those whose bits are the same at every run, unless others
 * may be taken; and each runs once on what happens to be in memory, since the driver loads a kernel at its first launch, which must not be while a
 * graph is captured.
 */
final class ProductPlans {
    /** What NVIDIA recommends for Hopper. */
    private static final long MOST_WORKSPACE_BYTES = 32L << 20;
    /** Of a bias, below which some of its kernels fail. */
    private static final int BIAS_ALIGNMENT = 16;

    private static final int BEST_ALIGNMENT = 256;
    private static final byte NAN = -1;

    private final CublasLt library;
    private final ProductOptions options;
    private final Driver driver;
    private final DeviceMemory memory;
    private final Arena arena;
    private final long stream;
    /** By {@link #kind}; empty where the library has none that will do. */
    private final Map<Product, Optional<CublasLt.Algorithm>> algorithms = new HashMap<>();
    /** One for all, since they run one after the other; none as long as no algorithm needs one. */
    private Optional<Long> workspace = Optional.empty();

    /**
     * @param launches of the program
     * @param stream which is not being captured yet
     */
    ProductPlans(CublasLt library, ProductOptions options, Launches launches, long stream) {
        this.library = library;
        this.options = options;
        this.driver = launches.driver();
        this.memory = launches.memory();
        this.arena = launches.arena();
        this.stream = stream;
    }

    /** Whether a bias there can be read as it is, beside results of that type. */
    static boolean takesBias(long address, ElementType result) {
        return result == ElementType.F32 && address % BIAS_ALIGNMENT == 0;
    }

    /**
     * The product in one go; empty if the library has nothing for such operands, or if what it has for the activation is not the same function.
     *
     * @param bias of the result's type, where {@code product} has one
     */
    Optional<Launch> plan(Product product, Optional<Place> bias) {
        Optional<Integer> epilogue = epilogue(product.activation(), bias.isPresent());
        if (epilogue.isEmpty()) {
            return Optional.empty();
        }
        MemorySegment descriptor = descriptor(product, epilogue.get());
        bias.ifPresent(place -> setBias(descriptor, place.address()));
        CublasLt.Layouts layouts = layouts(product);
        Function<CublasLt.Algorithm, Launch> launch = algorithm -> {
            CublasLt.Addresses addresses = addresses(product, algorithm.workspaceBytes());
            return to -> library.multiply(descriptor, layouts, algorithm, addresses, to);
        };
        return algorithms
                .computeIfAbsent(
                        kind(product),
                        _ -> library.algorithm(descriptor, layouts, preference(product), arena)
                                .filter(algorithm -> works(launch.apply(algorithm), descriptor, product, bias)))
                .map(launch);
    }

    /** What an algorithm depends on: alignments stand where addresses do. */
    private static Product kind(Product product) {
        Product.Operands operands = product.operands();
        Place result = product.result();
        return new Product(
                new Product.Operands(
                        operands.type(),
                        alignment(operands.left()),
                        operands.transposeLeft(),
                        alignment(operands.right()),
                        operands.transposeRight()),
                product.size(),
                product.bias().map(_ -> 0L),
                product.activation(),
                new Place(result.type(), alignment(result.address())));
    }

    /** Runs it. */
    private boolean works(Launch launch, MemorySegment descriptor, Product product, Optional<Place> bias) {
        launch.on(stream);
        return product.activation() != Activation.RELU || passesNan(launch, descriptor, product, bias.orElseThrow());
    }

    /** Its GELU is an approximation by tanh, and ours is exact. */
    private static Optional<Integer> epilogue(Activation activation, boolean hasBias) {
        return switch (activation) {
            case IDENTITY ->
                Optional.of(hasBias ? LtConstants.CUBLASLT_EPILOGUE_BIAS : LtConstants.CUBLASLT_EPILOGUE_DEFAULT);
            case RELU -> hasBias ? Optional.of(LtConstants.CUBLASLT_EPILOGUE_RELU_BIAS) : Optional.empty();
            case GELU, TANH, SIGMOID -> Optional.empty();
        };
    }

    private MemorySegment descriptor(Product product, int epilogue) {
        Product.Operands operands = product.operands();
        boolean short32 = options.tf32() && operands.type() == ElementType.F32;
        MemorySegment descriptor = library.descriptor(
                short32 ? LtConstants.CUBLAS_COMPUTE_32F_FAST_TF32 : LtConstants.CUBLAS_COMPUTE_32F,
                LtConstants.CUDA_R_32F,
                arena);
        library.set(descriptor, LtConstants.CUBLASLT_MATMUL_DESC_TRANSA, operation(operands.transposeRight()));
        library.set(descriptor, LtConstants.CUBLASLT_MATMUL_DESC_TRANSB, operation(operands.transposeLeft()));
        library.set(descriptor, LtConstants.CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
        return descriptor;
    }

    private static int operation(boolean transpose) {
        return transpose ? LtConstants.CUBLAS_OP_T : LtConstants.CUBLAS_OP_N;
    }

    private void setBias(MemorySegment descriptor, long address) {
        library.set(descriptor, LtConstants.CUBLASLT_MATMUL_DESC_BIAS_POINTER, address);
    }

    private CublasLt.Layouts layouts(Product product) {
        Product.Operands operands = product.operands();
        Product.Size size = product.size();
        int type = dataType(operands.type());
        return new CublasLt.Layouts(
                columns(type, size.n(), size.k(), operands.transposeRight()),
                columns(type, size.k(), size.m(), operands.transposeLeft()),
                columns(dataType(product.result().type()), size.n(), size.m(), false));
    }

    private MemorySegment columns(int type, int rows, int columns, boolean transposed) {
        return transposed ? library.layout(type, columns, rows, arena) : library.layout(type, rows, columns, arena);
    }

    private static int dataType(ElementType type) {
        return switch (type) {
            case F32 -> LtConstants.CUDA_R_32F;
            case BF16 -> LtConstants.CUDA_R_16BF;
            case F16 -> LtConstants.CUDA_R_16F;
            case I32 -> throw new IllegalArgumentException("products are of floats, not of " + type);
        };
    }

    /** Parts of a sum may go through the workspace and be added there in order, but not, by default, where they meet by chance. */
    private MemorySegment preference(Product product) {
        Product.Operands operands = product.operands();
        int d = alignment(product.result().address());
        MemorySegment preference = library.preference(arena);
        library.prefer(preference, LtConstants.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, MOST_WORKSPACE_BYTES);
        library.prefer(
                preference,
                LtConstants.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                options.deterministic()
                        ? LtConstants.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE
                        : LtConstants.CUBLASLT_REDUCTION_SCHEME_MASK);
        library.prefer(preference, LtConstants.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment(operands.right()));
        library.prefer(preference, LtConstants.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment(operands.left()));
        library.prefer(preference, LtConstants.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, d);
        library.prefer(preference, LtConstants.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, d);
        return preference;
    }

    private static int alignment(long address) {
        return (int) Math.min(BEST_ALIGNMENT, Long.lowestOneBit(address));
    }

    private CublasLt.Addresses addresses(Product product, long workspaceBytes) {
        if (workspaceBytes > 0 && workspace.isEmpty()) {
            workspace = Optional.of(memory.allocate(MOST_WORKSPACE_BYTES));
        }
        Product.Operands operands = product.operands();
        return new CublasLt.Addresses(
                operands.right(),
                operands.left(),
                product.result().address(),
                workspaceBytes > 0 ? workspace.orElseThrow() : 0);
    }

    /** Whether a relu lets a NaN pass, as ours does, which its documentation leaves open: found out with a bias of nothing else. */
    private boolean passesNan(Launch plan, MemorySegment descriptor, Product product, Place bias) {
        int columns = product.size().n();
        ElementType type = product.result().type();
        long bytes = (long) columns * type.byteSize();
        long nans = driver.allocate(bytes);
        try (Arena confined = Arena.ofConfined()) {
            driver.fill(nans, NAN, bytes, stream);
            setBias(descriptor, nans);
            plan.on(stream);
            MemorySegment row = confined.allocate(bytes, Long.BYTES);
            driver.copyToHost(row, product.result().address(), stream);
            driver.synchronize(stream);
            return Values.of(row, type).doubles().allMatch(Double::isNaN);
        } finally {
            setBias(descriptor, bias.address());
            driver.free(nans);
        }
    }
}
