package dev.tutti.tensor.backend.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Kernels run once, on memory that is copied to the device and back: one context, ended with the test. */
final class DeviceRun implements AutoCloseable {
    private static final int FIRST = 0;

    private final Driver driver = Driver.load();
    private final Nvrtc compiler = Nvrtc.load(driver.version());
    private final Arena arena = Arena.ofConfined();
    private final long stream;
    private final List<Long> memory = new ArrayList<>();
    private final Map<String, Long> modules = new HashMap<>();

    DeviceRun() {
        driver.setContext(driver.retainContext(driver.device(FIRST)));
        stream = driver.createStream();
    }

    Driver driver() {
        return driver;
    }

    long stream() {
        return stream;
    }

    /** Numbers on the device. */
    long floats(float... values) {
        return put(MemorySegment.ofArray(values));
    }

    long ints(int... values) {
        return put(MemorySegment.ofArray(values));
    }

    long bytes(byte... values) {
        return put(MemorySegment.ofArray(values));
    }

    /** Memory for so many bytes, with anything in it. */
    long room(long bytes) {
        long address = driver.allocate(bytes);
        memory.add(address);
        return address;
    }

    private long put(MemorySegment values) {
        MemorySegment copy = arena.allocate(values.byteSize(), Long.BYTES).copyFrom(values);
        long address = room(values.byteSize());
        driver.copyToDevice(address, copy, stream);
        return address;
    }

    float[] floatsAt(long address, int count) {
        return bytesAt(address, (long) count * Float.BYTES).toArray(ValueLayout.JAVA_FLOAT);
    }

    short[] shortsAt(long address, int count) {
        return bytesAt(address, (long) count * Short.BYTES).toArray(ValueLayout.JAVA_SHORT);
    }

    private MemorySegment bytesAt(long address, long bytes) {
        MemorySegment copy = arena.allocate(bytes, Long.BYTES);
        driver.copyToHost(copy, address, stream);
        driver.synchronize(stream);
        return copy;
    }

    /** @param defines such as {@code X=f32 Y=f32} */
    long kernel(KernelSources kernels, String defines, String name) {
        long module = modules.computeIfAbsent(kernels + " " + defines, _ -> {
            List<String> options = new ArrayList<>(List.of("--gpu-architecture=sm_" + capability()));
            for (String define : defines.split(" ", -1)) {
                options.add("-D" + define);
            }
            return driver.loadModule(compiler.compile(kernels.text(), options));
        });
        return driver.function(module, name);
    }

    /** Such as 90. */
    private int capability() {
        int device = driver.device(FIRST);
        return 10 * driver.deviceAttribute(device, 75) + driver.deviceAttribute(device, 76);
    }

    void launch(long kernel, Grid grid, Struct struct) {
        driver.launch(kernel, grid, struct.in(arena), stream);
    }

    @Override
    public void close() {
        driver.synchronize(stream);
        modules.values().forEach(driver::unloadModule);
        memory.forEach(driver::free);
        driver.destroyStream(stream);
        driver.releaseContext(driver.device(FIRST));
        arena.close();
    }
}
