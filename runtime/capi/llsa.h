/*===- llsa.h - compile and run LLSA kernels from C ---------------*- C -*-===*\

  The whole interface, and the only header that is installed.

      LlsaContext *context;
      LlsaVariant *variant;
      LlsaKernel *kernel;
      llsaContextCreate(NULL, &context);
      llsaVariantLoad("llsa.mlir", &variant);
      llsaKernelGet(context, variant, "B=1,H=8,N=99,D=64,dtype=f32", &kernel);
      llsaKernelLaunch(kernel, inputs, 3, outputs, 2, NULL, 0, NULL);

  Every function that can fail returns NULL on success, otherwise an error that
  the caller frees with llsaErrorFree; its out-parameter is then set to NULL.
  All functions may be called from any thread, also on one object, except that
  nobody may use an object while or after it is destroyed. Strings and arrays
  that are returned belong to the object that was asked, and live as long.

  Where memory runs out, the error is LLSA_ERROR_OUT_OF_MEMORY. If that was in
  a compilation, the process compiles nothing any more, for LLVM was left as it
  stood; kernels that there are and those of the cache on disk go on. It may
  also end the process there: LLVM does not report each failed allocation.

  Tensors are DLPack's. They stay the caller's; nothing keeps a pointer to them
  after a call returns (a GPU uses them until its stream is done). Environment
variables are listed by `llsa-cache env`.

\*===----------------------------------------------------------------------===*/
#ifndef LLSA_H
#define LLSA_H

#include <dlpack/dlpack.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LLSA_API __attribute__((visibility("default")))

/* ---- Versions ------------------------------------------------------------ */

#define LLSA_VERSION_MAJOR 0
#define LLSA_VERSION_MINOR 1
#define LLSA_VERSION_PATCH 0

/** The library's version, "0.1.0"; a static string. */
LLSA_API const char *llsaVersion(void);
/** Identifies the compiler's build, as cache keys do; a static string. */
LLSA_API const char *llsaBuildId(void);

/* ---- Errors -------------------------------------------------------------- */

typedef struct LlsaError LlsaError;

typedef enum LlsaErrorCode {
  LLSA_ERROR_INVALID_ARGUMENT = 1, /**< null handle, bad spec, wrong tensor */
  LLSA_ERROR_COMPILE = 2,       /**< the variant, spec or target is refused */
  LLSA_ERROR_SYSTEM = 3,        /**< a file or a thread */
  LLSA_ERROR_OUT_OF_MEMORY = 4, /**< the host's or a GPU's */
  LLSA_ERROR_DEVICE = 5 /**< no GPU or driver, too old ones, a failed kernel */
} LlsaErrorCode;

LLSA_API LlsaErrorCode llsaErrorCode(const LlsaError *error);
/** What was expected and what came; one or more lines, owned by the error. */
LLSA_API const char *llsaErrorMessage(const LlsaError *error);
/** Null is allowed. */
LLSA_API void llsaErrorFree(LlsaError *error);

/* ---- Context ------------------------------------------------------------- */

/** Owns the kernels, their cache and the threads that run them. */
typedef struct LlsaContext LlsaContext;

/** Zero means default; the environment gives the defaults. */
typedef struct LlsaContextOptions {
  size_t structSize; /**< sizeof(LlsaContextOptions) */
  /** "cpu" (this machine, the default), "cpu:MARCH", "cuda", "cuda:NUMBER",
      "emulator" or "emulator:TARGET" (tensors in the CPU's memory) */
  const char *target;
  const char *cacheDir; /**< kernels on disk; "off" keeps none */
  uint32_t numThreads;  /**< for kernels on the CPU, at most 4096 */
} LlsaContextOptions;

/** `options` may be null. The caller destroys the context. */
LLSA_API LlsaError *llsaContextCreate(const LlsaContextOptions *options,
                                      LlsaContext **context);
/** Destroys the context and its kernels; null is allowed. No launch may be
    running. */
LLSA_API void llsaContextDestroy(LlsaContext *context);

/* ---- Variants ------------------------------------------------------------ */

/** The source of a variant. Independent of contexts. */
typedef struct LlsaVariant LlsaVariant;

/** Reads a .mlir file of at most 64 MiB. The caller destroys the variant; kernels
    made from it do not need it any more. */
LLSA_API LlsaError *llsaVariantLoad(const char *path, LlsaVariant **variant);
/** The same from memory; `text` need not end in a zero and is copied. */
LLSA_API LlsaError *llsaVariantCreate(const char *text, size_t length,
                                      const char *name, LlsaVariant **variant);
/** Gives a variant the source of device functions that its score and mask
    regions call: CUDA C++ with extern "C" __device__ functions, or PTX when
    `name`, which also stands in messages, ends in .ptx. A source has at most
    64 MiB. Call it once per source, before llsaKernelGet: one that another
    thread calls meanwhile takes the variant with or without the source, and
    kernels that there are do not change. */
LLSA_API LlsaError *llsaVariantAddDeviceFunctions(LlsaVariant *variant,
                                                  const char *text,
                                                  size_t length,
                                                  const char *name);
/** Null is allowed. */
LLSA_API void llsaVariantDestroy(LlsaVariant *variant);

/* ---- Kernels ------------------------------------------------------------- */

/** A variant compiled for one spec. Owned by its context; never freed alone. */
typedef struct LlsaKernel LlsaKernel;

/** Finds or compiles a kernel. `spec` as on llsac's command line:
    "B=1,H=8,N=65536,D=64,dtype=bf16,levels=3,topk=8" (runtime/program/
    KernelSpec.h has all keys). With dtype=f32 a GPU's products have the error of
    float32, unless "tf32=1" lets it round their factors to 11 bits. Equal calls
    give the same kernel; so do variants with the same text, name and device
    functions. */
LLSA_API LlsaError *llsaKernelGet(LlsaContext *context,
                                  const LlsaVariant *variant, const char *spec,
                                  LlsaKernel **kernel);

/** Runs a kernel. On the CPU: and waits for it. On a GPU: puts it on a stream
    and returns; an error that happens there is told by a later call.

    Tensors must have the sizes and element types that llsaKernelInput and
    llsaKernelOutput tell, be in the CPU's memory or on the kernel's GPU, and
    have a contiguous last dimension; other strides are free (null strides:
    row-major). On a GPU or the emulator, a tensor whose address or strides are
    no multiples of 16 bytes is copied first, which takes time. Outputs must not overlap
    anything. All is checked before anything runs; that a tensor is on the GPU
    its DLPack device says is believed.
    `workspace`: null (the library allocates one for each stream and keeps it),
    or memory on the kernel's device of at least llsaKernelWorkspaceBytes(),
    aligned to 256 bytes (on the CPU or the emulator: 64), unused until the
    kernel is done, which overlaps no tensor.
    `stream`: a CUstream or cudaStream_t of the kernel's GPU, null for its
    default stream; it may be being captured in a graph, if the library has the stream's workspace from
    an earlier launch or is given one. On a stream that is not, a launch is that
    of a graph of the library's, which a stream's first launch makes. Some
    kernels may run beside others; for what comes before and behind on `stream`,
    it is as if all were on it. Which of them go first is a matter of their
    priorities, so instantiate a captured graph with
    CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY, as PyTorch does; without it
    results are the same, but kernels may wait for others that are less urgent.
    Must be null on the CPU. */
LLSA_API LlsaError *llsaKernelLaunch(const LlsaKernel *kernel,
                                     DLTensor *const *inputs, size_t numInputs,
                                     DLTensor *const *outputs,
                                     size_t numOutputs, void *workspace,
                                     size_t workspaceBytes, void *stream);

/* A backward is a kernel of its own. For one variant and one spec get two
   kernels, with these added to the spec:

   "pass=keep": the forward, which gives what the backward needs as further
   outputs, of the types and shapes that llsaKernelOutput tells.

   "pass=backward": takes the variant's inputs, the gradient of each float
   output, called "d" and its name ("do"; "dlse" only where both specs say
   dlse=1), and what the forward gave; gives "dq", "dk", "dv", and the gradient
   of every further input that has one.

   Hand on tensors by name, as runtime/examples/gradients.c does. Where no
   backward follows, the plain forward keeps nothing.

   The backward reads the forward's inputs and outputs as they were: they must
   neither change nor be freed until it is done. What was kept can then be
   freed, or serve another backward. Both workspaces are known before anything
   runs (llsaKernelWorkspaceBytes), and may be one memory when the kernels run
   behind each other. Both can be captured in a graph, alone or together. */

/** Where the kernel's tensors must be: a CPU, or a GPU by its number. */
LLSA_API DLDevice llsaKernelDevice(const LlsaKernel *kernel);

/** What a kernel takes or gives at one position; pointers are the kernel's. */
typedef struct LlsaTensorInfo {
  const char *name;
  DLDataType dtype;
  int32_t ndim;
  const int64_t *shape;
} LlsaTensorInfo;

LLSA_API size_t llsaKernelNumInputs(const LlsaKernel *kernel);
LLSA_API size_t llsaKernelNumOutputs(const LlsaKernel *kernel);
LLSA_API LlsaError *llsaKernelInput(const LlsaKernel *kernel, size_t index,
                                    LlsaTensorInfo *info);
LLSA_API LlsaError *llsaKernelOutput(const LlsaKernel *kernel, size_t index,
                                     LlsaTensorInfo *info);
LLSA_API size_t llsaKernelWorkspaceBytes(const LlsaKernel *kernel);
/** What the compiler decided and why, as text. */
LLSA_API const char *llsaKernelExplain(const LlsaKernel *kernel);
/** The launch plan as JSON. */
LLSA_API const char *llsaKernelProgramJSON(const LlsaKernel *kernel);
/** The exact target, such as "cpu:znver3:+avx2,..." or "sm_90a". */
LLSA_API const char *llsaKernelTarget(const LlsaKernel *kernel);

#ifdef __cplusplus
}
#endif

#endif /* LLSA_H */
