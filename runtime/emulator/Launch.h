//===- Launch.h - run a kernel over a grid ----------------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_LAUNCH_H
#define LLSA_RUNTIME_EMULATOR_LAUNCH_H

#include "runtime/emulator/GlobalMemory.h"
#include "runtime/emulator/Kernel.h"
#include "llvm/ADT/ArrayRef.h"
#include <cstring>

namespace llsa::rt {
class ThreadPool;
}

namespace llsa::ptx {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// The arguments of an entry, in order.
class Arguments {
public:
  template <typename T> Arguments &add(const T &value) {
    const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&value);
    values.emplace_back(bytes, bytes + sizeof(T));
    return *this;
  }
  size_t size() const { return values.size(); }
  llvm::ArrayRef<uint8_t> operator[](size_t index) const {
    return values[index];
  }

private:
  std::vector<std::vector<uint8_t>> values;
};

struct LaunchOptions {
  /// Instructions after which a warp is taken to be in an endless loop.
  uint64_t mostInstructions = uint64_t(1) << 34;
  /// Add up what was executed.
  uint64_t *instructions = nullptr;
};

/// Runs `kernel` over all CTAs and waits. The first fault, by the order of
/// CTAs, is the error; its message names kernel, PTX line, block, warp, lane.
llvm::Error launch(const Kernel &kernel, Dim3 grid, Dim3 block,
                   uint32_t dynamicSharedBytes, const Arguments &arguments,
                   GlobalMemory &memory, rt::ThreadPool &threads,
                   const LaunchOptions &options = {});

/// Parses, decodes and launches in one go, for tests.
llvm::Error runPtxKernel(std::string text, llvm::StringRef entry, Dim3 grid,
                         Dim3 block, uint32_t dynamicSharedBytes,
                         const Arguments &arguments, GlobalMemory &memory,
                         const LaunchOptions &options = {});

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_LAUNCH_H
