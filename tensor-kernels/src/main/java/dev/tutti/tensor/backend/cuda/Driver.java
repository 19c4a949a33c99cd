package dev.tutti.tensor.backend.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;

/**
 * CUDA's driver API ({@code cuda.h}): its functions, its status codes as exceptions. Handles and device addresses are the numbers that it gives. What
 * needs a context uses the calling thread's.
 */
final class Driver extends StatusCalls {
    private static final List<String> NAMES = List.of("libcuda.so.1");
    private static final int CAPTURE_THREAD_LOCAL = 1;
    private static final int NON_BLOCKING = 1;
    private static final int PORTABLE = 1;
    private static final int WITH_TIMING = 0;
    private static final int WITHOUT_TIMING = 2;
    private static final int RECORD_EXTERNAL = 1;
    private static final double NANOS_OF_MILLI = 1e6;

    private final NativeLibrary cuda;
    private final MethodHandle init;
    private final MethodHandle driverVersion;
    private final MethodHandle deviceCount;
    private final MethodHandle deviceGet;
    private final MethodHandle deviceName;
    private final MethodHandle deviceBus;
    private final MethodHandle deviceAttribute;
    private final MethodHandle deviceMemory;
    private final MethodHandle contextRetain;
    private final MethodHandle contextRelease;
    private final MethodHandle contextSetCurrent;
    private final MethodHandle memAlloc;
    private final MethodHandle memFree;
    private final MethodHandle memHostAlloc;
    private final MethodHandle memFreeHost;
    private final MethodHandle copyToDevice;
    private final MethodHandle copyToHost;
    private final MethodHandle memset;
    private final MethodHandle streamCreate;
    private final MethodHandle streamDestroy;
    private final MethodHandle streamSynchronize;
    private final MethodHandle streamWaitEvent;
    private final MethodHandle eventCreate;
    private final MethodHandle eventDestroy;
    private final MethodHandle eventRecord;
    private final MethodHandle eventSynchronize;
    private final MethodHandle eventElapsed;
    private final MethodHandle moduleLoad;
    private final MethodHandle moduleUnload;
    private final MethodHandle moduleFunction;
    private final MethodHandle launchKernel;
    private final MethodHandle captureBegin;
    private final MethodHandle captureEnd;
    private final MethodHandle graphInstantiate;
    private final MethodHandle graphLaunch;
    private final MethodHandle graphExecDestroy;
    private final MethodHandle graphDestroy;

    private Driver(NativeLibrary cuda) {
        super(cuda.status("cuGetErrorName", JAVA_INT, ADDRESS));
        this.cuda = cuda;
        init = cuda.status("cuInit", JAVA_INT);
        driverVersion = cuda.status("cuDriverGetVersion", ADDRESS);
        deviceCount = cuda.status("cuDeviceGetCount", ADDRESS);
        deviceGet = cuda.status("cuDeviceGet", ADDRESS, JAVA_INT);
        deviceName = cuda.status("cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
        deviceBus = cuda.status("cuDeviceGetPCIBusId", ADDRESS, JAVA_INT, JAVA_INT);
        deviceAttribute = cuda.status("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
        deviceMemory = cuda.status("cuDeviceTotalMem_v2", ADDRESS, JAVA_INT);
        contextRetain = cuda.status("cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
        contextRelease = cuda.status("cuDevicePrimaryCtxRelease_v2", JAVA_INT);
        contextSetCurrent = cuda.status("cuCtxSetCurrent", JAVA_LONG);
        memAlloc = cuda.status("cuMemAlloc_v2", ADDRESS, JAVA_LONG);
        memFree = cuda.status("cuMemFree_v2", JAVA_LONG);
        memHostAlloc = cuda.status("cuMemHostAlloc", ADDRESS, JAVA_LONG, JAVA_INT);
        memFreeHost = cuda.status("cuMemFreeHost", ADDRESS);
        copyToDevice = cuda.status("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
        copyToHost = cuda.status("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
        memset = cuda.status("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, JAVA_LONG);
        streamCreate = cuda.status("cuStreamCreate", ADDRESS, JAVA_INT);
        streamDestroy = cuda.status("cuStreamDestroy_v2", JAVA_LONG);
        streamSynchronize = cuda.status("cuStreamSynchronize", JAVA_LONG);
        streamWaitEvent = cuda.status("cuStreamWaitEvent", JAVA_LONG, JAVA_LONG, JAVA_INT);
        eventCreate = cuda.status("cuEventCreate", ADDRESS, JAVA_INT);
        eventDestroy = cuda.status("cuEventDestroy_v2", JAVA_LONG);
        eventRecord = cuda.status("cuEventRecordWithFlags", JAVA_LONG, JAVA_LONG, JAVA_INT);
        eventSynchronize = cuda.status("cuEventSynchronize", JAVA_LONG);
        eventElapsed = cuda.status("cuEventElapsedTime", ADDRESS, JAVA_LONG, JAVA_LONG);
        moduleLoad = cuda.status("cuModuleLoadData", ADDRESS, ADDRESS);
        moduleUnload = cuda.status("cuModuleUnload", JAVA_LONG);
        moduleFunction = cuda.status("cuModuleGetFunction", ADDRESS, JAVA_LONG, ADDRESS);
        launchKernel = cuda.status(
                "cuLaunchKernel",
                JAVA_LONG,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_INT,
                JAVA_LONG,
                ADDRESS,
                ADDRESS);
        captureBegin = cuda.status("cuStreamBeginCapture_v2", JAVA_LONG, JAVA_INT);
        captureEnd = cuda.status("cuStreamEndCapture", JAVA_LONG, ADDRESS);
        graphInstantiate = cuda.status("cuGraphInstantiateWithFlags", ADDRESS, JAVA_LONG, JAVA_LONG);
        graphLaunch = cuda.status("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
        graphExecDestroy = cuda.status("cuGraphExecDestroy", JAVA_LONG);
        graphDestroy = cuda.status("cuGraphDestroy", JAVA_LONG);
    }

    /**
     * Loads and starts the driver.
     *
     * @throws dev.tutti.tensor.backend.BackendUnavailableException saying what is missing
     * @throws CudaException if the driver does not start: 100 says that there is no device
     */
    static Driver load() {
        Driver driver = new Driver(NativeLibrary.load("NVIDIA's driver", NAMES));
        try {
            driver.check("cuInit", (int) driver.init.invokeExact(0));
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
        return driver;
    }

    /** What is used of the library, by name. */
    Map<String, FunctionDescriptor> functions() {
        return cuda.bound();
    }

    // ---- devices

    /** Of CUDA, that the driver is made for: 13000 is 13.0. */
    int version() {
        return askInt("cuDriverGetVersion", result -> (int) driverVersion.invokeExact(result));
    }

    int deviceCount() {
        return askInt("cuDeviceGetCount", result -> (int) deviceCount.invokeExact(result));
    }

    int device(int ordinal) {
        return askInt("cuDeviceGet", result -> (int) deviceGet.invokeExact(result, ordinal));
    }

    String deviceName(int device) {
        return askText("cuDeviceGetName", name -> (int) deviceName.invokeExact(name, TEXT_BYTES, device));
    }

    /** Such as {@code 0000:3b:00.0}: where it is in this machine, whatever devices the process is let see. */
    String deviceBus(int device) {
        return askText("cuDeviceGetPCIBusId", name -> (int) deviceBus.invokeExact(name, TEXT_BYTES, device));
    }

    /** @param attribute a {@code CUdevice_attribute} */
    int deviceAttribute(int device, int attribute) {
        return askInt("cuDeviceGetAttribute", result -> (int) deviceAttribute.invokeExact(result, attribute, device));
    }

    long deviceMemoryBytes(int device) {
        return askLong("cuDeviceTotalMem", result -> (int) deviceMemory.invokeExact(result, device));
    }

    /** The device's primary context, which all of this process share. */
    long retainContext(int device) {
        return askLong("cuDevicePrimaryCtxRetain", result -> (int) contextRetain.invokeExact(result, device));
    }

    void releaseContext(int device) {
        tell("cuDevicePrimaryCtxRelease", _ -> (int) contextRelease.invokeExact(device));
    }

    /** Of the calling thread. */
    void setContext(long context) {
        tell("cuCtxSetCurrent", _ -> (int) contextSetCurrent.invokeExact(context));
    }

    // ---- memory

    /** Device memory; its content is whatever was in it. */
    long allocate(long bytes) {
        return askLong("cuMemAlloc", result -> (int) memAlloc.invokeExact(result, bytes));
    }

    void free(long address) {
        tell("cuMemFree", _ -> (int) memFree.invokeExact(address));
    }

    /** Memory of the host that copies need no detour for. */
    @SuppressWarnings("restricted")
    MemorySegment allocatePinned(long bytes) {
        long address = askLong("cuMemHostAlloc", result -> (int) memHostAlloc.invokeExact(result, bytes, PORTABLE));
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    void freePinned(MemorySegment memory) {
        tell("cuMemFreeHost", _ -> (int) memFreeHost.invokeExact(memory));
    }

    void copyToDevice(long to, MemorySegment from, long stream) {
        tell("cuMemcpyHtoDAsync", _ -> (int) copyToDevice.invokeExact(to, from, from.byteSize(), stream));
    }

    void copyToHost(MemorySegment to, long from, long stream) {
        tell("cuMemcpyDtoHAsync", _ -> (int) copyToHost.invokeExact(to, from, to.byteSize(), stream));
    }

    void fill(long to, byte value, long bytes, long stream) {
        tell("cuMemsetD8Async", _ -> (int) memset.invokeExact(to, value, bytes, stream));
    }

    // ---- streams and graphs

    long createStream() {
        return askLong("cuStreamCreate", result -> (int) streamCreate.invokeExact(result, NON_BLOCKING));
    }

    void destroyStream(long stream) {
        tell("cuStreamDestroy", _ -> (int) streamDestroy.invokeExact(stream));
    }

    /** Waits until all that the stream was given is done. */
    void synchronize(long stream) {
        tell("cuStreamSynchronize", _ -> (int) streamSynchronize.invokeExact(stream));
    }

    long createEvent() {
        return askLong("cuEventCreate", result -> (int) eventCreate.invokeExact(result, WITHOUT_TIMING));
    }

    /** One that also says when the device came to it. */
    long createTimedEvent() {
        return askLong("cuEventCreate", result -> (int) eventCreate.invokeExact(result, WITH_TIMING));
    }

    void destroyEvent(long event) {
        tell("cuEventDestroy", _ -> (int) eventDestroy.invokeExact(event));
    }

    /** The event stands for all that the stream has been given. */
    void record(long event, long stream) {
        tell("cuEventRecord", _ -> (int) eventRecord.invokeExact(event, stream, 0));
    }

    /** The same at each launch of the graph that is being captured, for {@link #synchronizeEvent}. */
    void recordForHost(long event, long stream) {
        tell("cuEventRecordWithFlags", _ -> (int) eventRecord.invokeExact(event, stream, RECORD_EXTERNAL));
    }

    /** What the stream is given from now on waits for the event. */
    void await(long stream, long event) {
        tell("cuStreamWaitEvent", _ -> (int) streamWaitEvent.invokeExact(stream, event, 0));
    }

    /** Waits on the host. */
    void synchronizeEvent(long event) {
        tell("cuEventSynchronize", _ -> (int) eventSynchronize.invokeExact(event));
    }

    /** Between two timed events that the device has come to; it counts half microseconds. */
    long nanosBetween(long begin, long end) {
        float millis = askFloat("cuEventElapsedTime", result -> (int) eventElapsed.invokeExact(result, begin, end));
        return (long) (millis * NANOS_OF_MILLI);
    }

    /** From now on what the stream is given is remembered, not done. */
    void beginCapture(long stream) {
        tell("cuStreamBeginCapture", _ -> (int) captureBegin.invokeExact(stream, CAPTURE_THREAD_LOCAL));
    }

    /** What has been remembered, ready to be launched. */
    long endCapture(long stream) {
        long graph = askLong("cuStreamEndCapture", result -> (int) captureEnd.invokeExact(stream, result));
        try {
            return askLong("cuGraphInstantiate", result -> (int) graphInstantiate.invokeExact(result, graph, 0L));
        } finally {
            tell("cuGraphDestroy", _ -> (int) graphDestroy.invokeExact(graph));
        }
    }

    /** Forgets what has been remembered: something in it was wrong. */
    void dropCapture(long stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment graph = arena.allocate(JAVA_LONG);
            if ((int) captureEnd.invokeExact(stream, graph) == 0) {
                tell("cuGraphDestroy", _ -> (int) graphDestroy.invokeExact(graph.get(JAVA_LONG, 0)));
            }
        } catch (Throwable e) {
            throw Unchecked.of(e);
        }
    }

    void launchGraph(long graph, long stream) {
        tell("cuGraphLaunch", _ -> (int) graphLaunch.invokeExact(graph, stream));
    }

    void destroyGraph(long graph) {
        tell("cuGraphExecDestroy", _ -> (int) graphExecDestroy.invokeExact(graph));
    }

    // ---- kernels

    long loadModule(byte[] image) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(image.length, Long.BYTES).copyFrom(MemorySegment.ofArray(image));
            return askLong("cuModuleLoadData", result -> (int) moduleLoad.invokeExact(result, bytes));
        }
    }

    void unloadModule(long module) {
        tell("cuModuleUnload", _ -> (int) moduleUnload.invokeExact(module));
    }

    long function(long module, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            return askLong(
                    "cuModuleGetFunction of " + name, result -> (int) moduleFunction.invokeExact(result, module, text));
        }
    }

    /**
     * Launches a kernel.
     *
     * @param struct its argument, which is copied
     */
    void launch(long function, Grid grid, MemorySegment struct, long stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment arguments = arena.allocateFrom(ADDRESS, struct);
            tell("cuLaunchKernel", _ -> (int) launchKernel.invokeExact(
                    function,
                    grid.x(),
                    grid.y(),
                    grid.z(),
                    grid.threads(),
                    1,
                    1,
                    0,
                    stream,
                    arguments,
                    MemorySegment.NULL));
        }
    }
}
