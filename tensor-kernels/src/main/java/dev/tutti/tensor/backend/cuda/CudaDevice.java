package dev.tutti.tensor.backend.cuda;

import dev.tutti.tensor.backend.BackendLostException;
import dev.tutti.tensor.backend.BackendUnavailableException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/** One GPU and its primary context, for as long as the process lives. Thread-safe; whoever hands it work calls {@link #enter} before, on the same thread. */
final class CudaDevice {
    private static final int MAJOR = 75;
    private static final int MINOR = 76;
    private static final int LEAST_MAJOR = 8;
    private static final int NO_DEVICE = 100;
    private static final String NOTHING = "the driver sees no NVIDIA GPU (CUDA_VISIBLE_DEVICES says which it may)";

    private final Driver driver;
    private final Nvrtc compiler;
    private final KernelCache kernels;
    private final String description;
    private final long context;
    /** Bytes by address. */
    private final ConcurrentNavigableMap<Long, Long> pinned = new ConcurrentSkipListMap<>();

    private final Optional<CublasLt> products;
    private final ProductOptions productOptions = ProductOptions.ofProperties();

    private CudaDevice(Driver driver, int device, Function<Driver, Optional<CublasLt>> products) {
        this.driver = driver;
        this.compiler = Nvrtc.load(driver.version());
        int major = driver.deviceAttribute(device, MAJOR);
        int minor = driver.deviceAttribute(device, MINOR);
        this.description = "%s, compute capability %d.%d".formatted(driver.deviceName(device), major, minor);
        this.kernels = new KernelCache(driver, compiler, "sm_" + major + minor, ImageFolder.usual());
        this.context = driver.retainContext(device);
        enter();
        runsKernels();
        this.products = products.apply(driver);
    }

    /** Now and not in the middle of a job: a compiler may be older than the device, or newer than the driver. */
    private void runsKernels() {
        try {
            kernels.function(KernelSources.LAYOUT, List.of("X=f32", "Y=f32"), "column_sum");
        } catch (IllegalStateException | CudaException e) {
            throw new BackendUnavailableException(
                    "NVRTC %s makes no kernels for %s: %s".formatted(compiler.version(), description, e.getMessage()),
                    e);
        }
    }

    /**
     * A device that no other worker of this machine has taken, if there is one. {@code CUDA_VISIBLE_DEVICES} says which may be.
     *
     * @throws BackendUnavailableException saying what is missing
     */
    static CudaDevice open() {
        return open(CublasLt::find);
    }

    /** @param products what multiplies matrices, for the device's context; nothing if kernels of our own shall */
    static CudaDevice open(Function<Driver, Optional<CublasLt>> products) {
        try {
            Driver driver = Driver.load();
            List<Integer> devices = IntStream.range(0, driver.deviceCount())
                    .mapToObj(driver::device)
                    .toList();
            if (devices.isEmpty()) {
                throw new BackendUnavailableException(NOTHING);
            }
            List<Integer> able = devices.stream()
                    .filter(device -> driver.deviceAttribute(device, MAJOR) >= LEAST_MAJOR)
                    .toList();
            if (able.isEmpty()) {
                throw new BackendUnavailableException("%s is too old: %d.0 is the least compute capability that will do"
                        .formatted(driver.deviceName(devices.getFirst()), LEAST_MAJOR));
            }
            int taken = DeviceClaim.usual()
                    .take(able.stream().map(driver::deviceBus).toList());
            return new CudaDevice(driver, able.get(taken), products);
        } catch (CudaException e) {
            throw new BackendUnavailableException(e.code() == NO_DEVICE ? NOTHING : String.valueOf(e.getMessage()), e);
        } catch (BackendLostException e) {
            throw new BackendUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    Driver driver() {
        return driver;
    }

    KernelCache kernels() {
        return kernels;
    }

    /** Nothing where kernels of our own multiply matrices. */
    Optional<CublasLt> products() {
        return products;
    }

    /** For {@link #products}. */
    ProductOptions productOptions() {
        return productOptions;
    }

    /** What the bits of results depend on. */
    String numerics() {
        String multiplication = products.map(library -> "cuBLASLt " + library.version() + productOptions)
                .orElse("no cuBLASLt");
        return "cuda: %s, NVRTC %s, %s".formatted(description, compiler.version(), multiplication);
    }

    /** Memory of the host, page-locked, zeros. */
    MemorySegment allocatePinned(long bytes, Arena arena) {
        enter();
        MemorySegment memory = driver.allocatePinned(Math.max(1, bytes));
        pinned.put(memory.address(), memory.byteSize());
        memory.fill((byte) 0);
        return reinterpret(memory, bytes, arena);
    }

    @SuppressWarnings("restricted")
    private MemorySegment reinterpret(MemorySegment memory, long bytes, Arena arena) {
        return memory.reinterpret(bytes, arena, this::freePinned);
    }

    private void freePinned(MemorySegment memory) {
        enter();
        pinned.remove(memory.address());
        driver.freePinned(memory);
    }

    /** Whether it is part of what {@link #allocatePinned} gave. */
    boolean isPinned(MemorySegment memory) {
        Map.Entry<Long, Long> block = pinned.floorEntry(memory.address());
        return block != null && memory.address() + memory.byteSize() <= block.getKey() + block.getValue();
    }

    /** Makes it the calling thread's. */
    void enter() {
        driver.setContext(context);
    }
}
