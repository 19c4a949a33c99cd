// What kernels use of CUDA, on a device and in the emulator that tests run them in. Stands before every kernel source.

#ifdef __CUDACC__

#define DEVICE __device__ __forceinline__
#define SHARED __shared__
// A kernel takes one struct.
#define KERNEL(threads, name, Arguments) \
  extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ Arguments arguments)

#ifdef __CUDACC_RTC__
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef long long int64_t;
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)
#else
#include <cstdint>
#endif

#else
#include "emulated_device.h"
#endif
