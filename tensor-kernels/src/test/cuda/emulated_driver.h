// What the parts of the emulated driver, and the emulated libraries above it, ask of each other.
#pragma once
#include <cuda.h>

#include <functional>
#include <mutex>

/// Held by whoever reads or changes what the emulator remembers, and while the device works.
extern std::recursive_mutex emulatedDevice;
using EmulatedLock = std::lock_guard<std::recursive_mutex>;

/// Memory of the host.
struct EmulatedRange {
  const void* begin = nullptr;
  size_t bytes = 0;
};

/// What a stream can be given: a node of a graph, if the stream is captured.
struct EmulatedWork {
  std::function<CUresult()> run;
  EmulatedRange reads = {}, writes = {};
  /// At each launch of the graph.
  CUevent records = nullptr;
};

/// Does the work now, after what is left of the graph that the stream was given before; or when the graph is launched that the stream captures.
CUresult emulatedSubmit(CUstream stream, EmulatedWork work);
bool emulatedIsCapturing(CUstream stream);
/// Before what CUDA calls unsafe: refuses it, and spoils the capture, if this thread captures.
CUresult emulatedBeforeUnsafe();
/// Does what is left of all graphs that have been launched.
void emulatedFinish();

/// Whether bytes of device memory are all of one allocation.
bool emulatedIsAllocated(CUdeviceptr begin, size_t bytes);
/// Of this thread.
CUcontext emulatedContext();
/// From an illegal address, or threads that wait for each other for ever, on nothing works any more, as on a device.
void emulatedBreak(CUresult fault);
CUresult emulatedFault();
/// Whether there is no fault and this thread has a context.
CUresult emulatedReady();
