//===- Assembler.cpp - PTX to machine code --------------------------------===//
#include "runtime/cuda/Assembler.h"

#include "runtime/cuda/Ptxas.h"
#include "runtime/support/Env.h"
#include "runtime/support/Log.h"
#include "llvm/ADT/ScopeExit.h"
#include <climits>
#include <fmt/format.h>
#include <optional>

using namespace llvm;

namespace llsa::rt {

namespace {

class LinkerAssembler : public Assembler {
public:
  explicit LinkerAssembler(NvJitLink linker) : linker(std::move(linker)) {}
  std::string name() const override {
    return "nvJitLink " + linker.version().str();
  }
  Expected<AssembledCode> assemble(StringRef ptx,
                                   StringRef target) const override {
    return linker.link({LinkInput{LinkInput::Kind::PTX, ptx, "ptx"}}, target);
  }

private:
  NvJitLink linker;
};

class PtxasAssembler : public Assembler {
public:
  explicit PtxasAssembler(Ptxas ptxas) : ptxas(std::move(ptxas)) {}
  std::string name() const override { return "ptxas " + ptxas.version().str(); }
  Expected<AssembledCode> assemble(StringRef ptx,
                                   StringRef target) const override {
    return ptxas.assemble(ptx, target);
  }

private:
  Ptxas ptxas;
};

/// The error when there is none; `reasons`: why each was not taken, a line
/// each.
Error noAssembler(const std::string &reasons) {
  return createStringError(fmt::format(
      "there is nothing to assemble PTX with: expected libnvJitLink.so.13 or "
      ".12 (LLSA_NVJITLINK), ptxas (LLSA_PTXAS) or a GPU's driver, of CUDA {} "
      "or newer{}",
      kOldestCuda.str(), reasons));
}

class DriverAssembler : public Assembler {
public:
  /// `reasons`: why nothing else was taken.
  DriverAssembler(std::shared_ptr<const CudaDevice> device, std::string reasons)
      : device(std::move(device)), reasons(std::move(reasons)) {}
  std::string name() const override { return "the driver's compiler"; }
  Expected<AssembledCode> assemble(StringRef ptx,
                                   StringRef target) const override;

private:
  std::shared_ptr<const CudaDevice> device;
  std::string reasons;
};

// CUjit_option and CUjitInputType.
constexpr int kInfoLogBuffer = 3, kInfoLogSize = 4, kErrorLogBuffer = 5,
              kErrorLogSize = 6, kLogVerbose = 12;
constexpr int kInputPtx = 1;
/// CUDA_ERROR_JIT_COMPILER_NOT_FOUND: a part of the driver is not installed.
constexpr CUresult kNoCompiler = 221;

Expected<AssembledCode> DriverAssembler::assemble(StringRef ptx,
                                                  StringRef target) const {
  if (target != device->target())
    return createStringError(
        fmt::format("the driver's compiler makes code for GPU {} ({}) "
                    "alone, not for {}: expected nvJitLink or ptxas",
                    device->ordinal(), device->target(), target.str()));
  CudaDevice::Scope scope(*device);
  const CudaDriver &cu = device->driver();
  std::vector<char> info(65536, 0), errors(16384, 0);
  int options[] = {kInfoLogBuffer, kInfoLogSize, kErrorLogBuffer, kErrorLogSize,
                   kLogVerbose};
  void *values[] = {info.data(), reinterpret_cast<void *>(info.size() - 1),
                    errors.data(), reinterpret_cast<void *>(errors.size() - 1),
                    reinterpret_cast<void *>(1)};
  CUlinkState state = nullptr;
  scope_exit destroy([&] {
    if (state)
      cu.LinkDestroy(state);
  });
  CUresult result = cu.LinkCreate(5, options, values, &state);
  std::string text = ptx.str(); // ends in a zero, which must be counted
  if (result == 0)
    result = cu.LinkAddData(state, kInputPtx, text.data(), text.size() + 1,
                            "ptx", 0, nullptr, nullptr);
  void *cubin = nullptr;
  size_t bytes = 0;
  if (result == 0)
    result = cu.LinkComplete(state, &cubin, &bytes);
  if (result == kNoCompiler)
    return noAssembler(
        reasons + "\n  " +
        toString(cu.check(result, "the driver's compiler is not there")));
  if (result != 0) {
    StringRef log = StringRef(errors.data()).trim();
    return cu.check(
        result, fmt::format("the driver's compiler refuses the code "
                            "for {}{}{}",
                            target.str(), log.empty() ? "" : ": ", log.str()));
  }
  return AssembledCode{std::string(static_cast<const char *>(cubin), bytes),
                       StringRef(info.data()).trim().str()};
}

/// What find() has seen and not taken.
class Candidates {
public:
  explicit Candidates(const CudaDevice *device) : device(device) {}

  /// The tool, unless it is missing or too new for the driver.
  template <typename Tool> std::optional<Tool> take(Expected<Tool> tool) {
    if (!tool) {
      refuse(toString(tool.takeError()));
      return std::nullopt;
    }
    int newest = device ? device->driver().version.major : INT_MAX;
    if (tool->version().major <= newest)
      return std::move(*tool);
    refuse(fmt::format("{}: release {} is newer than the driver, which is that "
                       "of CUDA {}",
                       tool->path(), tool->version().str(),
                       device->driver().version.str()));
    return std::nullopt;
  }
  void refuse(const std::string &reason) {
    log(LogLevel::Debug, "assembler not taken: {}", reason);
    reasons += "\n  " + reason;
  }
  std::string reasons;

private:
  const CudaDevice *device;
};

} // namespace

Expected<std::unique_ptr<Assembler>>
Assembler::find(StringRef target, std::shared_ptr<const CudaDevice> device) {
  Candidates candidates(device.get());
  bool wholeFirst = target.starts_with("sm_8");
  for (bool whole : {wholeFirst, !wholeFirst}) {
    if (whole) {
      if (std::optional<Ptxas> ptxas = candidates.take(Ptxas::find()))
        return std::make_unique<PtxasAssembler>(std::move(*ptxas));
    } else if (std::optional<NvJitLink> linker =
                   candidates.take(NvJitLink::open())) {
      return std::make_unique<LinkerAssembler>(std::move(*linker));
    }
  }
  if (!device) {
    Expected<std::shared_ptr<const CudaDevice>> first = CudaDevice::open(0);
    if (!first) {
      candidates.refuse("the driver's compiler: " +
                        toString(first.takeError()));
      return noAssembler(candidates.reasons);
    }
    device = std::move(*first);
  }
  return std::make_unique<DriverAssembler>(std::move(device),
                                           std::move(candidates.reasons));
}

AssemblerSearch::AssemblerSearch(StringRef target,
                                 std::shared_ptr<const CudaDevice> device)
    : thread([this, target = target.str(), device = std::move(device)] {
        found.emplace(Assembler::find(target, device));
      }) {}

AssemblerSearch::~AssemblerSearch() {
  if (thread.joinable())
    consumeError(take().takeError());
}

Expected<std::unique_ptr<Assembler>> AssemblerSearch::take() {
  thread.join();
  return std::move(*found);
}

std::string assemblerKey(const CudaDevice &device) {
  return fmt::format("cubins,driver={},nvjitlink={},ptxas={}",
                     device.driver().version.major, env::nvJitLink(),
                     env::ptxas());
}

} // namespace llsa::rt
