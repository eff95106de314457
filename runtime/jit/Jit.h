//===- Jit.h - from a variant and a spec to a callable kernel ---*- C++ -*-===//
//
// The one place where the compiler and the runtime meet. In order: a table in
// memory, keyed by the variant's handle and the spec's fields (no text is
// hashed or printed); the KernelCache; the Compiler; the sources of device
// functions, where a variant has some; and, for a GPU, the Assembler, so that
// the cache keeps machine code.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_JIT_JIT_H
#define LLSA_RUNTIME_JIT_JIT_H

#include "compiler/driver/Compiler.h"
#include "runtime/cache/KernelCache.h"
#include "runtime/cuda/CudaExecutor.h"
#include "runtime/emulator/EmulatorExecutor.h"
#include "runtime/host/HostExecutor.h"
#include "runtime/jit/Variant.h"
#include <memory>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace llsa::rt {

struct JitOptions {
  /// For get() without a target: the text of a Device.
  std::string target = "cpu";
  /// For kernels on the CPU, and to compile kernels for a GPU; 0: all of the
  /// affinity mask.
  unsigned threads = 0;
  CacheOptions cache;
  /// Every compilation writes its stages to a folder of its own in here, and
  /// no cache on disk is used.
  std::string dumpDir;

  /// What the environment says (Env.h).
  static JitOptions fromEnvironment();
};

/// A kernel that can be run, by any number of threads at once. Kernels keep
/// what they need alive; they may outlive the Jit.
class CompiledKernel {
public:
  /// On a CPU: runs and waits; see HostExecutor::run. On a GPU: puts the kernel
  /// on the default stream and does not wait; see CudaExecutor::run, which also
  /// takes other streams (cuda()). There are no times of steps then. On the
  /// emulator: as on a CPU; see EmulatorExecutor::run.
  llvm::Error run(llvm::ArrayRef<Tensor> inputs, llvm::ArrayRef<Tensor> outputs,
                  void *workspace = nullptr, int64_t workspaceBytes = 0,
                  std::vector<double> *stepMilliseconds = nullptr) const {
    if (onGpu)
      return onGpu->run(inputs, outputs, workspace, workspaceBytes,
                        /*stream=*/nullptr);
    if (emulated)
      return emulated->run(inputs, outputs, workspace, workspaceBytes,
                           stepMilliseconds);
    return executor->run(inputs, outputs, workspace, workspaceBytes,
                         stepMilliseconds);
  }
  int64_t workspaceBytes() const { return program().workspaceBytes; }
  const Program &program() const {
    return onGpu      ? onGpu->program()
           : emulated ? emulated->program()
                      : executor->program();
  }
  /// What runs it on a GPU; null for a kernel of the CPU.
  const CudaExecutor *cuda() const { return onGpu.get(); }
  /// Is it code for a GPU that runs on the emulator?
  bool isEmulated() const { return emulated != nullptr; }

private:
  friend class Jit;
  std::shared_ptr<ThreadPool> threads; // before the executors, which use it
  std::unique_ptr<HostExecutor> executor;
  std::unique_ptr<CudaExecutor> onGpu;
  std::unique_ptr<EmulatorExecutor> emulated;
};

/// How get() came to its kernel.
struct JitReport {
  Origin origin = Origin::Memory;
  std::vector<StageTime> times; ///< per stage, when it was compiled
  double milliseconds = 0;      ///< of the whole call
};

/// Makes kernels and keeps them. Thread-safe.
class Jit {
public:
  using KernelPtr = std::shared_ptr<const CompiledKernel>;

  explicit Jit(JitOptions options = JitOptions::fromEnvironment());
  ~Jit();

  /// The kernel of `variant` for `spec` on `target` (empty: the options').
  /// Equal calls, also with a variant that was loaded anew, give the same
  /// kernel. The error is the compiler's, the loader's, or says what is wrong
  /// with the spec or target.
  llvm::Expected<KernelPtr> get(const Variant &variant, const KernelSpec &spec,
                                llvm::StringRef target = {},
                                JitReport *report = nullptr);

  const JitOptions &options() const { return settings; }
  unsigned numThreads() const { return threads->size(); }

private:
  struct Slot;
  llvm::Expected<KernelPtr> make(const Variant &variant, const KernelSpec &spec,
                                 llvm::StringRef target, JitReport &report);
  KernelPtr find(uint64_t hash, const Variant &variant, const KernelSpec &spec,
                 llvm::StringRef target) const;

  JitOptions settings;
  std::shared_ptr<ThreadPool> threads;
  KernelCache cache;
  mutable std::shared_mutex mutex;
  std::unordered_map<uint64_t, std::vector<Slot>> kernels; ///< by hash
};

} // namespace llsa::rt

#endif // LLSA_RUNTIME_JIT_JIT_H
