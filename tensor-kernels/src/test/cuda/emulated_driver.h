// What emulated libraries of CUDA ask of the emulated driver.
#pragma once
#include <cuda.h>

#include <functional>

/// Does the work now, or when the graph is launched that the stream captures.
CUresult emulatedSubmit(CUstream stream, std::function<CUresult()> work);
bool emulatedIsCapturing(CUstream stream);
/// Whether bytes of device memory are all of one allocation.
bool emulatedIsAllocated(CUdeviceptr begin, size_t bytes);
