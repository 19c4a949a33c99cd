// The part of CUDA's driver API that Tutti uses, on the host: devices, memory, modules and kernels. The rest is in streams.cpp.
#include <cuda.h>
#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "emulated_driver.h"
#include "fibers.h"

struct EmulatedDim {
  unsigned x, y, z;
};
extern "C" {
EmulatedDim emulated_thread, emulated_block, emulated_threads, emulated_blocks;
}

struct CUctx_st {};
struct CUmod_st {
  void* library;
  std::string file;
};
struct CUfunc_st {
  void (*run)(const void*);
  unsigned long argumentBytes;
  unsigned mostThreads;
};

namespace {
constexpr int kMajor = 9, kMinor = 0;
thread_local CUcontext current = nullptr;
CUresult sticky = CUDA_SUCCESS;
std::map<CUdeviceptr, size_t> allocations;
Fibers fibers;
/// kWords for each lane of each warp.
constexpr unsigned kWords = 8;
std::vector<uint64_t> lanes;

/// One context each.
std::vector<CUctx_st>& contexts() {
  static std::vector<CUctx_st> all = [] {
    const char* count = std::getenv("EMULATED_DEVICES");
    return std::vector<CUctx_st>(count == nullptr ? 2 : std::strtoul(count, nullptr, 10));
  }();
  return all;
}

bool isDevice(int index) { return index >= 0 && size_t(index) < contexts().size(); }

CUresult runKernel(CUfunction f, EmulatedDim blocks, EmulatedDim threads, const std::vector<char>& arguments) {
  emulated_blocks = blocks;
  emulated_threads = threads;
  unsigned count = threads.x * threads.y * threads.z;
  lanes.assign((count + Fibers::kWarp - 1) / Fibers::kWarp * Fibers::kWarp * kWords, 0);
  try {
    for (unsigned z = 0; z < blocks.z; z++)
      for (unsigned y = 0; y < blocks.y; y++)
        for (unsigned x = 0; x < blocks.x; x++) {
          emulated_block = {x, y, z};
          fibers.run(count, [&](unsigned) { f->run(arguments.data()); },
                     [&](unsigned thread) {
                       emulated_thread = {thread % threads.x, thread / threads.x % threads.y, thread / threads.x / threads.y};
                     });
        }
  } catch (const std::exception&) {
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  }
  return CUDA_SUCCESS;
}
}  // namespace

CUcontext emulatedContext() { return current; }

void emulatedBreak(CUresult fault) { sticky = fault; }

CUresult emulatedFault() { return sticky; }

CUresult emulatedReady() {
  if (sticky != CUDA_SUCCESS) return sticky;
  return current == nullptr ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

bool emulatedIsAllocated(CUdeviceptr begin, size_t bytes) {
  EmulatedLock lock(emulatedDevice);
  auto after = allocations.upper_bound(begin);
  if (after == allocations.begin()) return false;
  --after;
  return begin + bytes <= after->first + after->second;
}

extern "C" {
void emulated_block_barrier() { fibers.waitForBlock(); }
void emulated_warp_barrier() { fibers.waitForWarp(); }
uint64_t* emulated_lanes() { return &lanes[fibers.current() / Fibers::kWarp * Fibers::kWarp * kWords]; }

CUresult CUDAAPI cuInit(unsigned) { return contexts().empty() ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS; }

CUresult CUDAAPI cuDriverGetVersion(int* version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetCount(int* count) {
  *count = contexts().size();
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice* device, int ordinal) {
  if (!isDevice(ordinal)) return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char* name, int length, CUdevice) {
  std::strncpy(name, "Emulated device", length);
  name[length - 1] = 0;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetPCIBusId(char* name, int length, CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  std::snprintf(name, length, "0000:%02x:00.0", device);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceTotalMem(size_t* bytes, CUdevice) {
  *bytes = size_t(4) << 30;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetAttribute(int* value, CUdevice_attribute attribute, CUdevice) {
  switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = kMajor; return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = kMinor; return CUDA_SUCCESS;
    default: return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext* out, CUdevice device) {
  if (!isDevice(device)) return CUDA_ERROR_INVALID_DEVICE;
  *out = &contexts()[device];
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }

CUresult CUDAAPI cuCtxSetCurrent(CUcontext made) {
  current = made;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemAlloc(CUdeviceptr* out, size_t bytes) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  if (CUresult status = emulatedReady()) return status;
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (memory == nullptr) return CUDA_ERROR_OUT_OF_MEMORY;
  // Nobody may count on zeros.
  std::memset(memory, 0xff, bytes);
  *out = reinterpret_cast<CUdeviceptr>(memory);
  allocations[*out] = bytes;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFree(CUdeviceptr memory) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  emulatedFinish();
  if (allocations.erase(memory) == 0) return CUDA_ERROR_INVALID_VALUE;
  std::free(reinterpret_cast<void*>(memory));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemHostAlloc(void** out, size_t bytes, unsigned) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  *out = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  return *out == nullptr ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFreeHost(void* memory) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  emulatedFinish();
  std::free(memory);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  if (!emulatedIsAllocated(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  auto copy = [=] {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return CUDA_SUCCESS;
  };
  return emulatedSubmit(stream, {copy, {from, bytes}, {}});
}

CUresult CUDAAPI cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  if (!emulatedIsAllocated(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  auto copy = [=] {
    std::memcpy(to, reinterpret_cast<void*>(from), bytes);
    return CUDA_SUCCESS;
  };
  return emulatedSubmit(stream, {copy, {}, {to, bytes}});
}

CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  if (!emulatedIsAllocated(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  auto fill = [=] {
    std::memset(reinterpret_cast<void*>(to), value, bytes);
    return CUDA_SUCCESS;
  };
  return emulatedSubmit(stream, {fill});
}

/// Of nvrtc.cpp: 8 bytes length, then a shared library.
CUresult CUDAAPI cuModuleLoadData(CUmodule* out, const void* image) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  if (CUresult status = emulatedReady()) return status;
  uint64_t bytes;
  std::memcpy(&bytes, image, sizeof(bytes));
  char file[] = "/tmp/tutti-emulated-XXXXXX";
  int descriptor = mkstemp(file);
  if (descriptor < 0 || write(descriptor, static_cast<const char*>(image) + sizeof(bytes), bytes) != ssize_t(bytes))
    return CUDA_ERROR_INVALID_IMAGE;
  close(descriptor);
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  unlink(file);
  if (library == nullptr) return CUDA_ERROR_INVALID_IMAGE;
  *out = new CUmod_st{library, file};
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuModuleUnload(CUmodule module) {
  EmulatedLock lock(emulatedDevice);
  emulatedFinish();
  dlclose(module->library);
  delete module;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuModuleGetFunction(CUfunction* out, CUmodule module, const char* name) {
  auto run = reinterpret_cast<void (*)(const void*)>(dlsym(module->library, name));
  std::string base(name);
  auto* bytes = static_cast<unsigned long*>(dlsym(module->library, (base + "_bytes").c_str()));
  auto* threads = static_cast<unsigned*>(dlsym(module->library, (base + "_threads").c_str()));
  if (run == nullptr || bytes == nullptr || threads == nullptr) return CUDA_ERROR_NOT_FOUND;
  *out = new CUfunc_st{run, *bytes, *threads};
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuLaunchKernel(CUfunction f, unsigned bx, unsigned by, unsigned bz, unsigned tx, unsigned ty, unsigned tz,
                                unsigned sharedBytes, CUstream stream, void** parameters, void**) {
  uint64_t threads = uint64_t(tx) * ty * tz;
  if (bx == 0 || by == 0 || bz == 0 || threads == 0 || by > 65535 || bz > 65535 || threads > f->mostThreads ||
      sharedBytes > 0)
    return CUDA_ERROR_INVALID_VALUE;
  auto* bytes = static_cast<const char*>(parameters[0]);
  std::vector<char> arguments(bytes, bytes + f->argumentBytes);
  return emulatedSubmit(stream, {[=] { return runKernel(f, {bx, by, bz}, {tx, ty, tz}, arguments); }});
}

CUresult CUDAAPI cuGetErrorName(CUresult error, const char** name) {
  *name = error == CUDA_ERROR_INVALID_VALUE ? "CUDA_ERROR_INVALID_VALUE" : "CUDA_ERROR_OF_EMULATOR";
  return CUDA_SUCCESS;
}
}
