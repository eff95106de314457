//===- CudaDriver.h - NVIDIA's driver, opened at run time -------*- C++ -*-===//
//
// One binary runs with and without a GPU: libcuda is opened when somebody asks
// for a device, and what is missing is said then. The few types and functions
// of the driver's C interface that we use are declared here; no CUDA header is
// needed.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_CUDADRIVER_H
#define LLSA_RUNTIME_CUDA_CUDADRIVER_H

#include "runtime/cuda/SharedLibrary.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <cstddef>
#include <cstdint>

namespace llsa::rt {

// The driver's handles: pointers to what only it knows, and addresses.
using CUdevice = int;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphNode = struct CUgraphNode_st *;
using CUgraphExec = struct CUgraphExec_st *;
using CUlinkState = struct CUlinkState_st *;
using CUdeviceptr = unsigned long long;
using CUresult = int;
/// What the copy engine knows of a tensor; only the driver writes it.
struct alignas(64) CUtensorMap {
  uint64_t opaque[16];
};

/// Results that callers tell apart.
constexpr CUresult kCudaOutOfMemory = 2, kCudaNoDevice = 100,
                   kCudaInvalidHandle = 400, kCudaNotFound = 500;

/// One launch attribute, as in cuda.h: a number and a union of 64 bytes.
union CUlaunchAttributeValue {
  char bytes[64];
  int number;
};
struct CUlaunchAttribute {
  int id;
  char padding[4];
  CUlaunchAttributeValue value;
};
/// CUlaunchAttributeIDs that we use.
constexpr int kProgrammaticStreamSerialization = 6, kPriorityAttribute = 8;
/// CUgraphInstantiate_flags: without it all nodes of a graph have the priority
/// of the stream that it is launched on.
constexpr unsigned long long kUseNodePriority = 8;

/// How a node of a graph depends on another: bytes that only the driver reads;
/// zeros: it begins when the other has ended.
struct CUgraphEdgeData {
  unsigned char bytes[8];
};

/// CUDA_KERNEL_NODE_PARAMS_v2: a kernel in a graph.
struct CUkernelNodeParams {
  CUfunction function;
  unsigned gridDimX, gridDimY, gridDimZ;
  unsigned blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;
  void **kernelParams;
  void **extra;
  void *kernel;
  CUcontext context;
};

struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ;
  unsigned blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;
  CUstream stream;
  CUlaunchAttribute *attrs;
  unsigned numAttrs;
};

/// CUDA_MEMCPY2D; memory types are CUmemorytype's.
struct CUmemcpy2D {
  size_t srcX, srcY;
  unsigned srcMemoryType;
  const void *srcHost;
  CUdeviceptr srcDevice;
  void *srcArray;
  size_t srcPitch;
  size_t dstX, dstY;
  unsigned dstMemoryType;
  void *dstHost;
  CUdeviceptr dstDevice;
  void *dstArray;
  size_t dstPitch;
  size_t widthInBytes, height;
};

/// The category of error codes whose values are CUresults: what check() gives.
const std::error_category &cudaCategory();

/// The driver's functions; each is named as in cuda.h, without `cu`.
struct CudaDriver {
  /// Opens the driver that LLSA_CUDA_DRIVER names; once that has succeeded,
  /// every call gives the same. The error says what is missing: the library, a
  /// function of it (an old driver), or a device.
  static llvm::Expected<const CudaDriver *> get();
  /// Opens a driver, whatever get() gives.
  static llvm::Expected<CudaDriver> open(const std::string &path);

  /// Success, or an error with the CUDA error's name and text behind `what`.
  llvm::Error check(CUresult result, const llvm::Twine &what) const;

  CudaVersion version; ///< the release that the driver is made for

  CUresult (*Init)(unsigned);
  CUresult (*DriverGetVersion)(int *);
  CUresult (*DeviceGetCount)(int *);
  CUresult (*DeviceGet)(CUdevice *, int);
  CUresult (*DeviceGetName)(char *, int, CUdevice);
  CUresult (*DeviceGetAttribute)(int *, int, CUdevice);
  CUresult (*DevicePrimaryCtxRetain)(CUcontext *, CUdevice);
  CUresult (*CtxGetCurrent)(CUcontext *);
  CUresult (*CtxGetDevice)(CUdevice *);
  CUresult (*CtxPushCurrent)(CUcontext);
  CUresult (*CtxPopCurrent)(CUcontext *);
  CUresult (*CtxSynchronize)();
  CUresult (*ModuleLoadDataEx)(CUmodule *, const void *, unsigned, int *,
                               void **);
  CUresult (*ModuleUnload)(CUmodule);
  CUresult (*ModuleGetFunction)(CUfunction *, CUmodule, const char *);
  CUresult (*FuncLoad)(CUfunction);
  CUresult (*OccupancyMaxActiveBlocksPerMultiprocessor)(int *, CUfunction, int,
                                                        size_t);
  CUresult (*FuncSetAttribute)(CUfunction, int, int);
  CUresult (*LinkCreate)(unsigned, int *, void **, CUlinkState *);
  CUresult (*LinkAddData)(CUlinkState, int, void *, size_t, const char *,
                          unsigned, int *, void **);
  CUresult (*LinkComplete)(CUlinkState, void **, size_t *);
  CUresult (*LinkDestroy)(CUlinkState);
  CUresult (*LaunchKernelEx)(const CUlaunchConfig *, CUfunction, void **,
                             void **);
  CUresult (*TensorMapEncodeTiled)(CUtensorMap *, int type, unsigned rank,
                                   void *address, const uint64_t *sizes,
                                   const uint64_t *strides, const uint32_t *box,
                                   const uint32_t *elementStrides,
                                   int interleave, int swizzle, int promotion,
                                   int fill);
  CUresult (*MemAlloc)(CUdeviceptr *, size_t);
  CUresult (*MemAllocAsync)(CUdeviceptr *, size_t, CUstream);
  CUresult (*MemFree)(CUdeviceptr);
  CUresult (*MemGetInfo)(size_t *available, size_t *total);
  CUresult (*MemcpyHtoD)(CUdeviceptr, const void *, size_t);
  CUresult (*MemcpyDtoH)(void *, CUdeviceptr, size_t);
  CUresult (*MemcpyDtoDAsync)(CUdeviceptr, CUdeviceptr, size_t, CUstream);
  CUresult (*Memcpy2DAsync)(const CUmemcpy2D *, CUstream);
  CUresult (*PointerGetAttributes)(unsigned, int *, void **, CUdeviceptr);
  CUresult (*StreamBeginCapture)(CUstream, int);
  CUresult (*StreamEndCapture)(CUstream, CUgraph *);
  CUresult (*StreamCreate)(CUstream *, unsigned);
  CUresult (*StreamDestroy)(CUstream);
  CUresult (*StreamGetCtx)(CUstream, CUcontext *);
  CUresult (*StreamGetId)(CUstream, unsigned long long *);
  CUresult (*StreamIsCapturing)(CUstream, int *);
  CUresult (*StreamSynchronize)(CUstream);
  CUresult (*StreamWaitEvent)(CUstream, CUevent, unsigned);
  CUresult (*StreamGetPriority)(CUstream, int *);
  CUresult (*CtxGetStreamPriorityRange)(int *least, int *greatest);
  CUresult (*GraphInstantiate)(CUgraphExec *, CUgraph, unsigned long long);
  CUresult (*GraphLaunch)(CUgraphExec, CUstream);
  CUresult (*GraphExecDestroy)(CUgraphExec);
  CUresult (*GraphDestroy)(CUgraph);
  CUresult (*EventCreate)(CUevent *, unsigned);
  CUresult (*EventDestroy)(CUevent);
  CUresult (*EventRecord)(CUevent, CUstream);
  CUresult (*EventSynchronize)(CUevent);
  CUresult (*EventElapsedTime)(float *, CUevent, CUevent);
  CUresult (*GetErrorName)(CUresult, const char **);
  CUresult (*GetErrorString)(CUresult, const char **);

  // Null in a driver that does not have them: steps are captured in one lane
  // then, or all with one priority, or launched one by one.
  CUresult (*StreamGetCaptureInfo)(CUstream, int *status, unsigned long long *,
                                   CUgraph *, const CUgraphNode **,
                                   const CUgraphEdgeData **, size_t *);
  CUresult (*StreamUpdateCaptureDependencies)(CUstream, CUgraphNode *,
                                              const CUgraphEdgeData *, size_t,
                                              unsigned);
  CUresult (*GraphKernelNodeGetAttribute)(CUgraphNode, int,
                                          CUlaunchAttributeValue *);
  CUresult (*GraphKernelNodeSetAttribute)(CUgraphNode, int,
                                          const CUlaunchAttributeValue *);
  CUresult (*GraphCreate)(CUgraph *, unsigned);
  CUresult (*GraphAddKernelNode)(CUgraphNode *, CUgraph, const CUgraphNode *,
                                 size_t, const CUkernelNodeParams *);
  CUresult (*GraphExecKernelNodeSetParams)(CUgraphExec, CUgraphNode,
                                           const CUkernelNodeParams *);
  CUresult (*ThreadExchangeStreamCaptureMode)(int *);
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_CUDADRIVER_H
