//===- AssembleProgram.cpp - a Program's PTX to a cubin -------------------===//
#include "runtime/cuda/AssembleProgram.h"

#include "runtime/cuda/CubinArchive.h"
#include "runtime/cuda/ToolkitProgram.h"
#include "runtime/program/PtxKernels.h"
#include "llvm/Support/ThreadPool.h"
#include <fmt/format.h>
#include <numeric>
#include <optional>

using namespace llvm;

namespace llsa::rt {

/// The pieces that are assembled apart: one for each kernel.
static std::vector<PtxKernel> piecesOf(const Program &program) {
  std::vector<PtxKernel> pieces = splitPtxKernels(program.code);
  if (pieces.empty()) // the assembler says what is wrong with it
    pieces.push_back({program.variant, program.code});
  return pieces;
}

Error assembleProgram(Program &program, const Assembler &assembler,
                      unsigned threads) {
  std::vector<PtxKernel> pieces = piecesOf(program);
  // The longest first: then the last one to end is a short one.
  std::vector<size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), size_t(0));
  llvm::stable_sort(order, [&](size_t a, size_t b) {
    return pieces[a].text.size() > pieces[b].text.size();
  });
  std::vector<std::optional<Expected<AssembledCode>>> made(pieces.size());
  auto assemble = [&](size_t i) {
    made[i].emplace(assembler.assemble(pieces[i].text, program.target));
  };
  unsigned most = hardware_concurrency(threads).compute_thread_count();
  if (most == 1 || pieces.size() == 1) {
    llvm::for_each(order, assemble);
  } else {
    StdThreadPool pool(
        hardware_concurrency(std::min<size_t>(most, pieces.size())));
    for (size_t i : order)
      pool.async(assemble, i);
    pool.wait();
  }

  Error failed = Error::success();
  std::vector<Cubin> cubins;
  std::string log;
  for (auto [piece, code] : zip(pieces, made)) {
    if (!*code) {
      // One message is enough: the first kernel's.
      if (failed)
        consumeError(code->takeError());
      else
        failed = code->takeError();
      continue;
    }
    cubins.push_back({piece.name, std::move((*code)->cubin)});
    log += (*code)->log + "\n";
  }
  Expected<std::string> packed =
      failed ? std::move(failed) : packCubins(cubins);
  if (!packed) {
    std::error_code number;
    std::string message;
    handleAllErrors(packed.takeError(), [&](const ErrorInfoBase &info) {
      message = info.message();
      number = info.convertToErrorCode();
    });
    return createStringError(
        number, fmt::format("kernel '{}': {}", program.variant, message));
  }
  program.code = std::move(*packed);
  program.codeFormat = "cubin";
  program.explain +=
      explainResources(program, parseResources(log), assembler.name());
  return Error::success();
}

/// The number in front of `unit` in `line`: 784 of "672 bytes spill stores, 784
/// bytes spill loads" for " bytes spill loads"; 0 when it is not there.
static int64_t numberBefore(StringRef line, StringRef unit) {
  size_t end = line.find(unit);
  int64_t value = 0;
  if (end == StringRef::npos)
    return 0;
  StringRef digits = line.take_front(end);
  digits = digits.substr(digits.find_last_not_of("0123456789") + 1);
  return digits.getAsInteger(10, value) ? 0 : value;
}

StringMap<KernelResources> parseResources(StringRef log) {
  StringMap<KernelResources> all;
  KernelResources *kernel = nullptr;
  while (!log.empty()) {
    auto [line, rest] = log.split('\n');
    log = rest;
    if (line.contains("Compiling entry function '"))
      kernel = &all[line.split('\'').second.split('\'').first];
    else if (line.contains("Compiling"))
      kernel = nullptr; // a function that is no kernel
    if (!kernel)
      continue;
    if (line.contains(" bytes stack frame")) {
      kernel->stackBytes = numberBefore(line, " bytes stack frame");
      kernel->spillStores = numberBefore(line, " bytes spill stores");
      kernel->spillLoads = numberBefore(line, " bytes spill loads");
    }
    if (line.contains("Used ")) {
      kernel->registers = numberBefore(line, " registers");
      kernel->sharedBytes = numberBefore(line, " bytes smem");
      kernel = nullptr; // the last line of a kernel
    }
  }
  return all;
}

std::string explainResources(const Program &program,
                             const StringMap<KernelResources> &resources,
                             StringRef assembler) {
  std::string text = fmt::format("assembled  by {}\n", assembler.str());
  for (const Kernel &kernel : program.kernels) {
    auto found = resources.find(kernel.name);
    if (found == resources.end() || found->second.registers == 0)
      continue;
    const KernelResources &needs = found->second;
    int64_t shared = needs.sharedBytes + kernel.sharedBytes;
    text +=
        fmt::format("  {:<14} {} registers, ", kernel.name, needs.registers);
    if (needs.spillStores + needs.spillLoads > 0)
      text += fmt::format("{} bytes spilled ({} read back), ",
                          needs.spillStores, needs.spillLoads);
    else
      text += "no spills, ";
    if (needs.stackBytes > needs.spillStores)
      text += fmt::format("{} bytes of stack, ", needs.stackBytes);
    text += fmt::format("{} bytes of shared memory", shared);
    if (std::optional<Occupancy> fits =
            occupancy(program.target, kernel.warps, needs.registers, shared))
      text += fmt::format(": {} {} of {} warps per multiprocessor, {} of {} "
                          "warps ({}%)",
                          fits->ctas, fits->ctas == 1 ? "CTA" : "CTAs",
                          kernel.warps, fits->warps, fits->maxWarps,
                          100 * fits->warps / fits->maxWarps);
    text += '\n';
  }
  return text;
}

Expected<std::string> disassemble(StringRef code) {
  std::vector<std::string> command;
  std::string reasons;
  for (auto [name, option] :
       {std::pair("cuobjdump", "-sass"), std::pair("nvdisasm", "-c")}) {
    Expected<std::string> program = findToolkitProgram(name);
    if (program) {
      command = {*program, option};
      break;
    }
    reasons += "\n  " + toString(program.takeError());
  }
  if (command.empty())
    return createStringError(inconvertibleErrorCode(),
                             "there is nothing to disassemble a cubin with: "
                             "expected cuobjdump or nvdisasm" +
                                 reasons);
  Expected<std::vector<Cubin>> cubins = unpackCubins(code);
  if (!cubins)
    return cubins.takeError();
  std::string text;
  for (const Cubin &cubin : *cubins) {
    Expected<TemporaryFile> file = TemporaryFile::create("cubin", cubin.code);
    if (!file)
      return file.takeError();
    std::vector<std::string> own = command;
    own.push_back(file->path());
    Expected<std::string> part = runProgram(own);
    if (!part)
      return part.takeError();
    text += *part;
  }
  return text;
}

} // namespace llsa::rt
