// Streams, events, captures and graphs of the emulated driver. What a stream is given is done at once, but a graph as late as may be: launching it
// only queues it, and each wait on the host does no more of it than it waits for, so that what nobody waited for has not been done.
#include <cuda.h>
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "emulated_driver.h"

namespace {
using Clock = std::chrono::steady_clock;

struct Node {
  EmulatedWork work;
  std::set<size_t> after;
};
using Nodes = std::vector<Node>;

struct Capture {
  CUstream origin;
  std::thread::id thread;
  Nodes nodes;
  bool isValid = true, isOver = false;
};

/// A launch of a graph.
struct Run {
  std::shared_ptr<const Nodes> nodes;
  bool lastFirst;
  std::set<size_t> left;
};
}  // namespace

struct CUgraph_st {
  std::shared_ptr<const Nodes> nodes;
};
struct CUgraphExec_st {
  std::shared_ptr<const Nodes> nodes;
  bool lastFirst;
  std::shared_ptr<Run> run;
};
struct CUstream_st {
  CUcontext context;
  /// That it takes part in, and the nodes that what comes next has to wait for.
  std::shared_ptr<Capture> capture;
  std::set<size_t> after;
  std::shared_ptr<Run> run;
};
struct CUevent_st {
  bool isTimed;
  /// Where it was recorded last: in a capture, in a graph that has been launched, or outside of both.
  std::shared_ptr<Capture> capture;
  std::set<size_t> after;
  std::shared_ptr<Run> run;
  size_t node;
  std::optional<Clock::time_point> time;
};

std::recursive_mutex emulatedDevice;

namespace {
std::set<CUstream> streams;
std::set<CUevent> events;
std::set<std::shared_ptr<Capture>> captures;

/// These of the nodes and all that they depend on, as far as they are among those that are left.
std::set<size_t> needed(const Nodes& nodes, std::vector<size_t> next, const std::set<size_t>& left) {
  std::set<size_t> found;
  while (!next.empty()) {
    size_t node = next.back();
    next.pop_back();
    if (left.count(node) > 0 && found.insert(node).second)
      next.insert(next.end(), nodes[node].after.begin(), nodes[node].after.end());
  }
  return found;
}

std::set<size_t> all(const Nodes& nodes) {
  std::set<size_t> indices;
  for (size_t i = 0; i < nodes.size(); i++) indices.insert(indices.end(), i);
  return indices;
}

/// In any order that keeps to the edges: now what was captured first comes first, now last, so that a missing edge shows.
CUresult perform(Run& run, const std::set<size_t>& wanted) {
  const Nodes& nodes = *run.nodes;
  std::map<size_t, size_t> waiting;
  std::map<size_t, std::vector<size_t>> before;
  std::set<size_t> free;
  for (size_t node : wanted) {
    for (size_t other : nodes[node].after)
      if (wanted.count(other) > 0) {
        waiting[node]++;
        before[other].push_back(node);
      }
    if (waiting[node] == 0) free.insert(node);
  }
  while (!free.empty()) {
    if (CUresult fault = emulatedFault()) return fault;
    size_t node = run.lastFirst ? *free.rbegin() : *free.begin();
    free.erase(node);
    run.left.erase(node);
    if (CUresult fault = nodes[node].work.run()) emulatedBreak(fault);
    for (size_t other : before[node])
      if (--waiting[other] == 0) free.insert(other);
  }
  return emulatedFault();
}

CUresult finish(std::shared_ptr<Run>& run) {
  if (run == nullptr) return CUDA_SUCCESS;
  std::shared_ptr<Run> ending = std::move(run);
  run = nullptr;
  return perform(*ending, std::set<size_t>(ending->left));
}

/// Does what the event stands for, if a launch recorded it; else that is done.
CUresult reach(CUevent event) {
  Run* run = event->run.get();
  return run == nullptr ? CUDA_SUCCESS : perform(*run, needed(*run->nodes, {event->node}, run->left));
}

CUresult invalidate(Capture& capture, CUresult status) {
  capture.isValid = false;
  return status;
}

/// Whether this thread may give the stream something.
CUresult check(CUstream stream) {
  if (CUresult status = emulatedReady()) return status;
  if (streams.count(stream) == 0) return CUDA_ERROR_INVALID_HANDLE;
  if (stream->context != emulatedContext()) return CUDA_ERROR_INVALID_CONTEXT;
  return stream->capture != nullptr && !stream->capture->isValid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}

/// Before something is done for the stream outside of a capture.
CUresult settle(CUstream stream) {
  CUresult status = check(stream);
  return status == CUDA_SUCCESS ? finish(stream->run) : status;
}

bool overlap(const EmulatedRange& a, const EmulatedRange& b) {
  auto *beginA = static_cast<const char*>(a.begin), *beginB = static_cast<const char*>(b.begin);
  return beginA < beginB + b.bytes && beginB < beginA + a.bytes;
}

/// NaN to where the graph will copy, unless it copies from there too: so that who reads too early sees it.
void forget(const Nodes& nodes) {
  std::vector<EmulatedRange> read;
  for (const Node& node : nodes)
    if (node.work.reads.bytes > 0) read.push_back(node.work.reads);
  for (const Node& node : nodes) {
    const EmulatedRange& to = node.work.writes;
    bool isRead = std::any_of(read.begin(), read.end(), [&](const EmulatedRange& from) { return overlap(to, from); });
    if (to.bytes > 0 && !isRead) std::memset(const_cast<void*>(to.begin), 0xff, to.bytes);
  }
}

/// Whether somebody wants this process to lose its device: by a file beside this library.
bool isLost() {
  Dl_info info;
  dladdr(reinterpret_cast<void*>(&cuGraphLaunch), &info);
  std::string path(info.dli_fname);
  return access((path.substr(0, path.rfind('/')) + "/lost-" + std::to_string(getpid())).c_str(), F_OK) == 0;
}
}  // namespace

bool emulatedIsCapturing(CUstream stream) {
  EmulatedLock lock(emulatedDevice);
  return streams.count(stream) > 0 && stream->capture != nullptr;
}

CUresult emulatedBeforeUnsafe() {
  bool isCapturing = false;
  for (const auto& capture : captures)
    if (capture->thread == std::this_thread::get_id()) {
      isCapturing = true;
      capture->isValid = false;
    }
  return isCapturing ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

void emulatedFinish() {
  for (CUstream stream : streams) finish(stream->run);
}

CUresult emulatedSubmit(CUstream stream, EmulatedWork work) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = check(stream)) return status;
  if (stream->capture != nullptr) {
    Nodes& nodes = stream->capture->nodes;
    nodes.push_back({std::move(work), stream->after});
    stream->after = {nodes.size() - 1};
    return CUDA_SUCCESS;
  }
  if (CUresult status = finish(stream->run)) return status;
  if (CUresult fault = work.run()) emulatedBreak(fault);
  return emulatedFault();
}

extern "C" {
CUresult CUDAAPI cuStreamCreate(CUstream* out, unsigned) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedReady()) return status;
  *out = new CUstream_st{emulatedContext(), nullptr, {}, nullptr};
  streams.insert(*out);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamDestroy(CUstream stream) {
  EmulatedLock lock(emulatedDevice);
  if (streams.erase(stream) == 0) return CUDA_ERROR_INVALID_HANDLE;
  finish(stream->run);
  delete stream;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamSynchronize(CUstream stream) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  if (emulatedIsCapturing(stream)) return invalidate(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  return settle(stream);
}

/// In a capture the stream takes part from now on. Otherwise what the event stands for is done now.
CUresult CUDAAPI cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = check(stream)) return status;
  if (event->capture == nullptr) {
    if (stream->capture != nullptr) return invalidate(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
    if (CUresult status = finish(stream->run)) return status;
    return reach(event);
  }
  if (event->capture->isOver) return CUDA_ERROR_CAPTURED_EVENT;
  if (stream->capture != nullptr && stream->capture != event->capture) {
    event->capture->isValid = false;
    return invalidate(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_MERGE);
  }
  if (!event->capture->isValid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  stream->capture = event->capture;
  stream->after.insert(event->after.begin(), event->after.end());
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventCreate(CUevent* out, unsigned flags) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedReady()) return status;
  *out = new CUevent_st{(flags & CU_EVENT_DISABLE_TIMING) == 0, nullptr, {}, nullptr, 0, {}};
  events.insert(*out);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventDestroy(CUevent event) {
  EmulatedLock lock(emulatedDevice);
  if (events.erase(event) == 0) return CUDA_ERROR_INVALID_HANDLE;
  delete event;
  return CUDA_SUCCESS;
}

/// External: a node of the graph, which others than streams of the capture may wait for.
CUresult CUDAAPI cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
  EmulatedLock lock(emulatedDevice);
  if (flags == CU_EVENT_RECORD_EXTERNAL) {
    if (!emulatedIsCapturing(stream)) return CUDA_ERROR_ILLEGAL_STATE;
    return emulatedSubmit(stream, {[] { return CUDA_SUCCESS; }, {}, {}, event});
  }
  bool isCapturing = emulatedIsCapturing(stream);
  if (CUresult status = isCapturing ? check(stream) : settle(stream)) return status;
  event->capture = stream->capture;
  event->after = stream->after;
  event->run = nullptr;
  event->time = isCapturing ? std::nullopt : std::optional(Clock::now());
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventSynchronize(CUevent event) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = emulatedBeforeUnsafe()) return status;
  if (CUresult status = emulatedReady()) return status;
  if (event->capture != nullptr) {
    event->capture->isValid = false;
    return CUDA_ERROR_CAPTURED_EVENT;
  }
  return reach(event);
}

// The name that drivers of CUDA 12 have too.
#undef cuEventElapsedTime
CUresult CUDAAPI cuEventElapsedTime(float* milliseconds, CUevent begin, CUevent end) {
  EmulatedLock lock(emulatedDevice);
  if (!begin->isTimed || !end->isTimed || !begin->time || !end->time) return CUDA_ERROR_INVALID_HANDLE;
  *milliseconds = std::chrono::duration<float, std::milli>(*end->time - *begin->time).count();
  return emulatedReady();
}

CUresult CUDAAPI cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
  EmulatedLock lock(emulatedDevice);
  if (CUresult status = check(stream)) return status;
  if (mode != CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) return CUDA_ERROR_NOT_SUPPORTED;
  if (stream->capture != nullptr) return CUDA_ERROR_ILLEGAL_STATE;
  stream->capture = std::make_shared<Capture>(Capture{stream, std::this_thread::get_id(), {}});
  stream->after.clear();
  captures.insert(stream->capture);
  return CUDA_SUCCESS;
}

/// Whatever other streams were given has to be waited for by the one in which the capture began.
CUresult CUDAAPI cuStreamEndCapture(CUstream stream, CUgraph* out) {
  EmulatedLock lock(emulatedDevice);
  *out = nullptr;
  if (!emulatedIsCapturing(stream)) return CUDA_ERROR_ILLEGAL_STATE;
  std::shared_ptr<Capture> capture = stream->capture;
  if (capture->origin != stream) return invalidate(*capture, CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
  if (capture->thread != std::this_thread::get_id()) return invalidate(*capture, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
  std::vector<size_t> last(stream->after.begin(), stream->after.end());
  for (CUstream other : streams)
    if (other->capture == capture) {
      other->capture = nullptr;
      other->after.clear();
    }
  capture->isOver = true;
  captures.erase(capture);
  if (!capture->isValid) return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  if (needed(capture->nodes, last, all(capture->nodes)).size() != capture->nodes.size()) return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  *out = new CUgraph_st{std::make_shared<const Nodes>(std::move(capture->nodes))};
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphInstantiateWithFlags(CUgraphExec* out, CUgraph graph, unsigned long long) {
  *out = new CUgraphExec_st{graph->nodes, true, nullptr};
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphLaunch(CUgraphExec graph, CUstream stream) {
  EmulatedLock lock(emulatedDevice);
  if (isLost()) emulatedBreak(CUDA_ERROR_ILLEGAL_ADDRESS);
  if (emulatedIsCapturing(stream)) return invalidate(*stream->capture, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  if (CUresult status = settle(stream)) return status;
  if (CUresult status = finish(graph->run)) return status;
  const Nodes& nodes = *graph->nodes;
  for (const Node& node : nodes)
    if (node.work.records != nullptr && events.count(node.work.records) == 0) return CUDA_ERROR_INVALID_HANDLE;
  graph->run = stream->run = std::make_shared<Run>(Run{graph->nodes, graph->lastFirst, all(nodes)});
  graph->lastFirst = !graph->lastFirst;
  for (size_t i = 0; i < nodes.size(); i++)
    if (CUevent event = nodes[i].work.records) {
      event->capture = nullptr;
      event->run = graph->run;
      event->node = i;
      event->time = std::nullopt;
    }
  forget(nodes);
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphExecDestroy(CUgraphExec graph) {
  EmulatedLock lock(emulatedDevice);
  finish(graph->run);
  delete graph;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphDestroy(CUgraph graph) {
  delete graph;
  return CUDA_SUCCESS;
}
}
