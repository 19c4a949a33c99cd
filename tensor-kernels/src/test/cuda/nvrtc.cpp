// NVRTC, as far as Tutti uses it: kernels become a shared library of the host, made by g++ for the emulator.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {
enum Status { kSuccess = 0, kInvalidInput = 3, kInvalidProgram = 4, kCompilation = 6 };

struct Program {
  std::string source, log, image;
};

/// Where this library lies: the emulated driver, which kernels are linked with, lies beside it.
std::string folder() {
  Dl_info info;
  dladdr(reinterpret_cast<void*>(&folder), &info);
  std::string path(info.dli_fname);
  return path.substr(0, path.rfind('/'));
}

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
}  // namespace

extern "C" {
typedef Program* nvrtcProgram;

int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = 0;
  return kSuccess;
}

const char* nvrtcGetErrorString(int status) { return status == kCompilation ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR"; }

int nvrtcCreateProgram(nvrtcProgram* out, const char* source, const char*, int headers, const char* const*, const char* const*) {
  if (headers != 0) return kInvalidInput;
  *out = new Program{source, "", ""};
  return kSuccess;
}

int nvrtcDestroyProgram(nvrtcProgram* program) {
  delete *program;
  *program = nullptr;
  return kSuccess;
}

int nvrtcCompileProgram(nvrtcProgram program, int count, const char* const* options) {
  char work[] = "/tmp/tutti-emulated-XXXXXX";
  if (mkdtemp(work) == nullptr) return kInvalidProgram;
  std::string base(work);
  std::ofstream(base + "/kernels.cpp") << program->source;
  std::string command = "g++ -std=c++17 -O1 -ffp-contract=off -shared -fPIC -w -I'" + folder() + "'";
  for (int i = 0; i < count; i++)
    if (std::strncmp(options[i], "-D", 2) == 0) command += std::string(" '") + options[i] + "'";
  command += " " + base + "/kernels.cpp -o " + base + "/kernels.so '" + folder() + "/libcuda.so.1' > " + base + "/log 2>&1";
  int status = std::system(command.c_str());
  program->log = contents(base + "/log");
  if (status == 0) {
    std::string library = contents(base + "/kernels.so");
    uint64_t bytes = library.size();
    program->image.assign(reinterpret_cast<char*>(&bytes), sizeof(bytes));
    program->image += library;
  }
  for (const char* file : {"/kernels.cpp", "/kernels.so", "/log"}) unlink((base + file).c_str());
  rmdir(work);
  return status == 0 ? kSuccess : kCompilation;
}

int nvrtcGetProgramLogSize(nvrtcProgram program, size_t* size) {
  *size = program->log.size() + 1;
  return kSuccess;
}

int nvrtcGetProgramLog(nvrtcProgram program, char* log) {
  std::memcpy(log, program->log.c_str(), program->log.size() + 1);
  return kSuccess;
}

int nvrtcGetCUBINSize(nvrtcProgram program, size_t* size) {
  *size = program->image.size();
  return kSuccess;
}

int nvrtcGetCUBIN(nvrtcProgram program, char* image) {
  std::memcpy(image, program->image.data(), program->image.size());
  return kSuccess;
}
}
