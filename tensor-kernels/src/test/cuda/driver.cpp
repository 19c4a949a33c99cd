// The part of CUDA's driver API that Tutti uses, on the host: work is done when it is asked for, captured work when its graph is launched.
#include <cuda.h>
#include <dlfcn.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <set>
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
struct Node {
  std::function<CUresult()> work;
  std::set<size_t> after;
};
struct CUgraph_st {
  std::vector<Node> nodes;
};
struct CUgraphExec_st {
  std::vector<Node> nodes;
  bool lastFirst;
};
struct CUstream_st {
  /// Of the capture that it takes part in, and the nodes that what comes next has to wait for.
  CUgraph captured;
  std::set<size_t> after;
  bool isOrigin;
};
struct CUevent_st {
  CUgraph captured;
  std::set<size_t> after;
  std::chrono::steady_clock::time_point at{};
};

namespace {
constexpr int kMajor = 9, kMinor = 0;
constexpr size_t kSharedBytes = 227 << 10;
CUctx_st context;
thread_local CUcontext current = nullptr;
/// Of an illegal address, or of threads that wait for each other for ever: as on a device nothing works any more.
CUresult sticky = CUDA_SUCCESS;
std::mutex device;
std::map<CUdeviceptr, size_t> allocations;
std::set<CUstream> streams;
Fibers fibers;
/// kWords for each lane of each warp.
constexpr unsigned kWords = 8;
std::vector<uint64_t> lanes;
std::vector<char> dynamicShared(kSharedBytes);

CUresult ready() {
  if (sticky != CUDA_SUCCESS) return sticky;
  return current == nullptr ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
}

CUresult runKernel(CUfunction f, EmulatedDim blocks, EmulatedDim threads, const std::vector<char>& arguments) {
  std::lock_guard<std::mutex> one(device);
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
    sticky = CUDA_ERROR_LAUNCH_TIMEOUT;
    return sticky;
  }
  return CUDA_SUCCESS;
}
}  // namespace

bool emulatedIsAllocated(CUdeviceptr begin, size_t bytes) {
  auto after = allocations.upper_bound(begin);
  if (after == allocations.begin()) return false;
  --after;
  return begin + bytes <= after->first + after->second;
}

bool emulatedIsCapturing(CUstream stream) { return stream != nullptr && stream->captured != nullptr; }

CUresult emulatedSubmit(CUstream stream, std::function<CUresult()> work) {
  if (CUresult status = ready()) return status;
  if (emulatedIsCapturing(stream)) {
    auto& nodes = stream->captured->nodes;
    nodes.push_back({std::move(work), stream->after});
    stream->after = {nodes.size() - 1};
    return CUDA_SUCCESS;
  }
  return work();
}

extern "C" {
void emulated_block_barrier() { fibers.waitForBlock(); }
void emulated_warp_barrier() { fibers.waitForWarp(); }
uint64_t* emulated_lanes() { return &lanes[fibers.current() / Fibers::kWarp * Fibers::kWarp * kWords]; }
void* emulated_dynamic_shared() { return dynamicShared.data(); }

CUresult CUDAAPI cuInit(unsigned) { return CUDA_SUCCESS; }

CUresult CUDAAPI cuDriverGetVersion(int* version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetCount(int* count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice* device, int ordinal) {
  if (ordinal != 0) return CUDA_ERROR_INVALID_DEVICE;
  *device = 0;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char* name, int length, CUdevice) {
  std::strncpy(name, "Emulated device", length);
  name[length - 1] = 0;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetPCIBusId(char* name, int length, CUdevice) {
  std::strncpy(name, "0000:00:00.0", length);
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
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = 4; return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *value = kSharedBytes; return CUDA_SUCCESS;
    default: return CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext* out, CUdevice) {
  *out = &context;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }

CUresult CUDAAPI cuCtxSetCurrent(CUcontext made) {
  current = made;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxGetCurrent(CUcontext* out) {
  *out = current;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemAlloc(CUdeviceptr* out, size_t bytes) {
  if (CUresult status = ready()) return status;
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
  if (allocations.erase(memory) == 0) return CUDA_ERROR_INVALID_VALUE;
  std::free(reinterpret_cast<void*>(memory));
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemHostAlloc(void** out, size_t bytes, unsigned) {
  *out = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  return *out == nullptr ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFreeHost(void* memory) {
  std::free(memory);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  if (!emulatedIsAllocated(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return emulatedSubmit(stream, [=] {
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return CUDA_SUCCESS;
  });
}

CUresult CUDAAPI cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  if (!emulatedIsAllocated(from, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return emulatedSubmit(stream, [=] {
    std::memcpy(to, reinterpret_cast<void*>(from), bytes);
    return CUDA_SUCCESS;
  });
}

CUresult CUDAAPI cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream) {
  if (!emulatedIsAllocated(to, bytes)) return CUDA_ERROR_INVALID_VALUE;
  return emulatedSubmit(stream, [=] {
    std::memset(reinterpret_cast<void*>(to), value, bytes);
    return CUDA_SUCCESS;
  });
}

CUresult CUDAAPI cuStreamCreate(CUstream* out, unsigned) {
  if (CUresult status = ready()) return status;
  *out = new CUstream_st{nullptr, {}, false};
  streams.insert(*out);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamDestroy(CUstream stream) {
  streams.erase(stream);
  delete stream;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamSynchronize(CUstream stream) {
  if (stream != nullptr && stream->captured != nullptr) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  return ready();
}

/// In a capture the stream takes part from now on. Otherwise all has been done by now.
CUresult CUDAAPI cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  if (CUresult status = ready()) return status;
  if (event->captured == nullptr) return stream->captured == nullptr ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  if (stream->captured != nullptr && stream->captured != event->captured) return CUDA_ERROR_STREAM_CAPTURE_MERGE;
  stream->captured = event->captured;
  stream->after.insert(event->after.begin(), event->after.end());
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventCreate(CUevent* out, unsigned) {
  if (CUresult status = ready()) return status;
  *out = new CUevent_st{nullptr, {}, {}};
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventDestroy(CUevent event) {
  delete event;
  return CUDA_SUCCESS;
}

/// External: a node of the graph, which others than streams of the capture may wait for.
CUresult CUDAAPI cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
  if (flags == CU_EVENT_RECORD_EXTERNAL) {
    if (stream->captured == nullptr) return CUDA_ERROR_ILLEGAL_STATE;
    return emulatedSubmit(stream, [] { return CUDA_SUCCESS; });
  }
  if (CUresult status = ready()) return status;
  event->captured = stream->captured;
  event->after = stream->after;
  event->at = std::chrono::steady_clock::now();
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventSynchronize(CUevent event) { return event->captured != nullptr ? CUDA_ERROR_CAPTURED_EVENT : ready(); }

// Without a version, as drivers of CUDA 12 and 13 both have it.
#undef cuEventElapsedTime
CUresult CUDAAPI cuEventElapsedTime(float* millis, CUevent begin, CUevent end) {
  *millis = std::chrono::duration<float, std::milli>(end->at - begin->at).count();
  return ready();
}

/// Of nvrtc.cpp: 8 bytes length, then a shared library.
CUresult CUDAAPI cuModuleLoadData(CUmodule* out, const void* image) {
  if (CUresult status = ready()) return status;
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

CUresult CUDAAPI cuFuncSetAttribute(CUfunction, CUfunction_attribute attribute, int value) {
  bool fits = attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES || value <= int(kSharedBytes);
  return fits ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuLaunchKernel(CUfunction f, unsigned bx, unsigned by, unsigned bz, unsigned tx, unsigned ty, unsigned tz,
                                unsigned sharedBytes, CUstream stream, void** parameters, void**) {
  uint64_t threads = uint64_t(tx) * ty * tz;
  if (bx == 0 || by == 0 || bz == 0 || threads == 0 || by > 65535 || bz > 65535 || threads > f->mostThreads ||
      sharedBytes > kSharedBytes)
    return CUDA_ERROR_INVALID_VALUE;
  auto* bytes = static_cast<const char*>(parameters[0]);
  std::vector<char> arguments(bytes, bytes + f->argumentBytes);
  return emulatedSubmit(stream, [=] { return runKernel(f, {bx, by, bz}, {tx, ty, tz}, arguments); });
}

CUresult CUDAAPI cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode) {
  if (stream->captured != nullptr) return CUDA_ERROR_ILLEGAL_STATE;
  stream->captured = new CUgraph_st();
  stream->after.clear();
  stream->isOrigin = true;
  return CUDA_SUCCESS;
}

/// Whatever other streams were given has to be waited for by the one in which the capture began.
CUresult CUDAAPI cuStreamEndCapture(CUstream stream, CUgraph* out) {
  if (stream->captured == nullptr || !stream->isOrigin) return CUDA_ERROR_ILLEGAL_STATE;
  CUgraph graph = stream->captured;
  std::set<size_t> joined;
  std::vector<size_t> next(stream->after.begin(), stream->after.end());
  while (!next.empty()) {
    size_t node = next.back();
    next.pop_back();
    if (joined.insert(node).second) next.insert(next.end(), graph->nodes[node].after.begin(), graph->nodes[node].after.end());
  }
  for (CUstream other : streams)
    if (other->captured == graph) *other = {nullptr, {}, false};
  if (joined.size() != graph->nodes.size()) return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  *out = graph;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphInstantiateWithFlags(CUgraphExec* out, CUgraph graph, unsigned long long) {
  *out = new CUgraphExec_st{graph->nodes, true};
  return CUDA_SUCCESS;
}

/// Whether somebody wants this process to lose its device: by a file beside this library.
static bool isLost() {
  Dl_info info;
  dladdr(reinterpret_cast<void*>(&cuGraphLaunch), &info);
  std::string path(info.dli_fname);
  return access((path.substr(0, path.rfind('/')) + "/lost-" + std::to_string(getpid())).c_str(), F_OK) == 0;
}

/// In any order that keeps to the edges: now what was captured first comes first, now last, so that a missing edge shows.
CUresult CUDAAPI cuGraphLaunch(CUgraphExec graph, CUstream) {
  if (isLost()) sticky = CUDA_ERROR_ILLEGAL_ADDRESS;
  if (CUresult status = ready()) return status;
  auto& nodes = graph->nodes;
  std::vector<size_t> waiting(nodes.size());
  std::vector<std::vector<size_t>> before(nodes.size());
  std::set<size_t> free;
  for (size_t i = 0; i < nodes.size(); i++) {
    waiting[i] = nodes[i].after.size();
    for (size_t other : nodes[i].after) before[other].push_back(i);
    if (waiting[i] == 0) free.insert(i);
  }
  while (!free.empty()) {
    size_t node = graph->lastFirst ? *free.rbegin() : *free.begin();
    free.erase(node);
    if (CUresult status = nodes[node].work()) return status;
    for (size_t other : before[node])
      if (--waiting[other] == 0) free.insert(other);
  }
  graph->lastFirst = !graph->lastFirst;
  return ready();
}

CUresult CUDAAPI cuGraphExecDestroy(CUgraphExec graph) {
  delete graph;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphDestroy(CUgraph graph) {
  delete graph;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorName(CUresult error, const char** name) {
  *name = error == CUDA_ERROR_INVALID_VALUE ? "CUDA_ERROR_INVALID_VALUE" : "CUDA_ERROR_OF_EMULATOR";
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorString(CUresult, const char** text) {
  *text = "see the emulator";
  return CUDA_SUCCESS;
}
}
