/* A driver without a GPU: it has every function that CudaDriver.h asks for,
   does nothing, and keeps a list of what was called. Memory of the "device" is
   the process's own. One call can be told to fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))
typedef unsigned long long Address;

static char calls[1 << 16];
static char failing[64];
static int failure;
static long handles;

/* What was called since the last time, one name a line. */
API const char *fakeDriverCalls(void) {
  static char copy[sizeof calls];
  memcpy(copy, calls, sizeof calls);
  calls[0] = 0;
  return copy;
}

/* Calls of this function fail with this code; 0: they no longer do. */
API void fakeDriverFail(const char *name, int code) {
  snprintf(failing, sizeof failing, "%s", name);
  failure = code;
}

static int called(const char *name, const char *detail) {
  size_t length = strlen(calls);
  snprintf(calls + length, sizeof calls - length, "%s%s%s\n", name,
           *detail ? " " : "", detail);
  return failure && !strcmp(failing, name) ? failure : 0;
}

/* Functions that give nothing back. */
#define QUIET(name)                                                            \
  API int name(void) { return 0; }
#define LOGGED(name)                                                           \
  API int name(void) { return called(#name, ""); }
/* Functions whose first argument receives a handle. */
#define CREATES(name)                                                          \
  API int name(void **out) {                                                   \
    *out = (void *)(0x1000 + 8 * ++handles);                                   \
    return called(#name, "");                                                  \
  }

QUIET(cuInit)
QUIET(cuCtxGetCurrent)
API int cuCtxGetDevice(int *device) { return *device = 0, 0; }
QUIET(cuCtxPushCurrent_v2)
QUIET(cuCtxPopCurrent_v2)
QUIET(cuCtxSynchronize)
QUIET(cuFuncLoad)
QUIET(cuOccupancyMaxActiveBlocksPerMultiprocessor)
QUIET(cuFuncSetAttribute)
QUIET(cuLinkAddData_v2)
QUIET(cuLinkCreate_v2)
QUIET(cuLinkDestroy)
QUIET(cuMemGetInfo_v2)
QUIET(cuMemcpy2DAsync_v2)
QUIET(cuTensorMapEncodeTiled)
CREATES(cuDevicePrimaryCtxRetain)
CREATES(cuModuleLoadDataEx)
LOGGED(cuModuleUnload)
CREATES(cuStreamCreate)
LOGGED(cuStreamDestroy_v2)
LOGGED(cuStreamSynchronize)
LOGGED(cuStreamWaitEvent)
LOGGED(cuStreamBeginCapture_v2)
API int cuGraphInstantiateWithFlags(void **out, void *graph,
                                    unsigned long long flags) {
  (void)graph;
  *out = (void *)(0x1000 + 8 * ++handles);
  return called("cuGraphInstantiateWithFlags",
                flags == 8 ? "node priorities" : "");
}
LOGGED(cuGraphLaunch)
LOGGED(cuGraphExecDestroy)
LOGGED(cuGraphDestroy)
CREATES(cuEventCreate)
LOGGED(cuEventDestroy_v2)
LOGGED(cuEventRecord)
LOGGED(cuEventSynchronize)

API int cuDriverGetVersion(int *version) { return *version = 13000, 0; }
API int cuDeviceGetCount(int *count) { return *count = 1, 0; }
API int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, 0; }
API int cuDeviceGetName(char *name, int size) {
  return snprintf(name, size, "a fake GPU"), 0;
}
API int cuDeviceGetAttribute(int *value, int attribute) {
  *value = attribute == 75 ? 9 : 0; /* compute capability 9.0 */
  return 0;
}
API int cuStreamEndCapture(void *stream, void **graph) {
  *graph = (void *)(0x1000 + 8 * ++handles);
  return called("cuStreamEndCapture", "");
}
/* Every pointer is memory of device 0. */
API int cuPointerGetAttribute(void *value, int attribute) {
  *(unsigned *)value =
      attribute == 2 ? 2 : 0; /* CU_POINTER_ATTRIBUTE_MEMORY_TYPE: device */
  return 0;
}
API int cuPointerGetAttributes(unsigned count, const int *attributes,
                               void **values) {
  for (unsigned i = 0; i < count; ++i)
    cuPointerGetAttribute(values[i], attributes[i]);
  return 0;
}
API int cuLinkComplete(void *state, void **cubin, size_t *size) {
  static char code[] = "a cubin";
  *cubin = code;
  *size = sizeof code;
  return 0;
}
API int cuStreamGetCtx(void *stream, void **context) {
  return *context = (void *)8, 0;
}
API int cuStreamGetId(void *stream, Address *id) {
  return *id = (Address)(size_t)stream, 0;
}
API int cuStreamGetPriority(void *stream, int *priority) {
  return *priority = 0, 0;
}
API int cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return *least = 0, *greatest = -5, 0;
}
API int cuStreamIsCapturing(void *stream, int *status) {
  return *status = 0, 0;
}
API int cuEventElapsedTime(float *ms) {
  return *ms = 1.5f, called("cuEventElapsedTime", "");
}
/* A function's handle is its name, kept here. */
API int cuModuleGetFunction(void **function, void *module, const char *name) {
  static char names[64][64];
  for (size_t i = 0; i < sizeof(names) / sizeof(*names); ++i)
    if (!*names[i] || !strcmp(names[i], name)) {
      snprintf(names[i], sizeof(*names), "%s", name);
      *function = names[i];
      return 0;
    }
  return 2; /* out of memory */
}
API int cuLaunchKernel(const char *function) {
  return called("launch", function);
}
API int cuLaunchKernelEx(const void *config, const char *function) {
  return called("launch", function);
}
API int cuMemAlloc_v2(Address *address, size_t bytes) {
  *address = (Address)(size_t)aligned_alloc(256, (bytes + 255) / 256 * 256);
  return 0;
}
API int cuMemAllocAsync(Address *address, size_t bytes) {
  return cuMemAlloc_v2(address, bytes);
}
API int cuMemFree_v2(Address address) {
  return free((void *)(size_t)address), 0;
}
API int cuMemcpyHtoD_v2(Address to, const void *from, size_t bytes) {
  return memcpy((void *)(size_t)to, from, bytes), 0;
}
API int cuMemcpyDtoH_v2(void *to, Address from, size_t bytes) {
  return memcpy(to, (void *)(size_t)from, bytes), 0;
}
API int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes) {
  return memcpy((void *)(size_t)to, (void *)(size_t)from, bytes), 0;
}
API int cuGetErrorName(int code, const char **name) {
  return *name = "A_FAKE_ERROR", 0;
}
API int cuGetErrorString(int code, const char **text) {
  return *text = "as asked for", 0;
}
