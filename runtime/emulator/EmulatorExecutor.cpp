//===- EmulatorExecutor.cpp - a Program's steps on the emulator -----------===//
#include "runtime/emulator/EmulatorExecutor.h"

#include "runtime/emulator/Parser.h"
#include "runtime/emulator/TensorMap.h"
#include "llvm/ADT/SmallVector.h"
#include <chrono>
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

namespace {

/// What the emulator knows of a GPU.
struct GpuLimits {
  StringLiteral target;
  int64_t sharedBytes; ///< that a CTA may have
};
constexpr GpuLimits kTargets[] = {{"sm_80", 163 << 10},
                                  {"sm_89", 99 << 10},
                                  {"sm_90a", 227 << 10},
                                  {"sm_100a", 227 << 10},
                                  {"sm_120a", 99 << 10}};
constexpr StringLiteral kDefaultTarget = "sm_90a";
constexpr int64_t kPersistentCtas = 3;
constexpr uint8_t kPoison = 0xff; // a NaN of all formats, and -1
/// Instructions of one warp, after which a kernel is taken not to end.
constexpr uint64_t kMostInstructions = uint64_t(1) << 28;

/// A tensor of the caller, with its strides spelled out.
struct View {
  const Buffer &buffer;
  uint8_t *data;
  std::vector<int64_t> strides; ///< elements

  /// One without gaps.
  View(const Buffer &buffer, uint8_t *data)
      : buffer(buffer), data(data), strides(contiguousStrides(buffer.shape)) {}
  View(const Buffer &buffer, const Tensor &tensor)
      : buffer(buffer), data(static_cast<uint8_t *>(tensor.data)),
        strides(tensor.strides.begin(), tensor.strides.end()) {
    if (strides.empty())
      strides = contiguousStrides(buffer.shape);
  }
  int64_t rowBytes() const {
    return (buffer.shape.empty() ? 1 : buffer.shape.back()) *
           byteSize(buffer.type);
  }
  /// From the first byte to behind the last one.
  int64_t spanBytes() const {
    int64_t last = 0;
    for (size_t d = 0; d + 1 < buffer.shape.size(); ++d)
      last += (buffer.shape[d] - 1) * strides[d];
    return buffer.numElements() == 0
               ? 0
               : last * byteSize(buffer.type) + rowBytes();
  }
  bool hasGaps() const { return spanBytes() > buffer.numBytes(); }

  /// body(offset) for the first byte of each row, while it returns true.
  template <typename Body> bool forRows(Body body) const {
    size_t outer = buffer.shape.empty() ? 0 : buffer.shape.size() - 1;
    std::vector<int64_t> index(outer, 0);
    if (buffer.numElements() == 0)
      return true;
    for (;;) {
      int64_t at = 0;
      for (size_t d = 0; d < outer; ++d)
        at += index[d] * strides[d];
      if (!body(at * byteSize(buffer.type)))
        return false;
      size_t d = outer;
      while (d > 0 && ++index[d - 1] == buffer.shape[d - 1])
        index[--d] = 0;
      if (d == 0)
        return true;
    }
  }
};

/// Copies between a tensor and one without gaps for the same buffer.
enum class CopyTo { Packed, Strided };
void copyRows(const View &strided, const View &packed, CopyTo to) {
  uint8_t *inside = packed.data;
  strided.forRows([&](int64_t row) {
    uint8_t *outside = strided.data + row;
    bool out = to == CopyTo::Strided;
    std::memcpy(out ? outside : inside, out ? inside : outside,
                size_t(strided.rowBytes()));
    inside += strided.rowBytes();
    return true;
  });
}

/// `box` of `buffer` at `address`, as the emulated copy engine sees it.
ptx::TensorMap tensorMapOf(const TensorView &box, const Buffer &buffer,
                           uint64_t address, ArrayRef<int64_t> strides) {
  ptx::TensorMap map;
  int64_t bytes = byteSize(buffer.type);
  map.rank = uint8_t(buffer.shape.size());
  map.elementBytes = uint8_t(bytes);
  int64_t width = box.cols * bytes;
  map.swizzle = width == 128  ? ptx::TensorMap::Swizzle::B128
                : width == 64 ? ptx::TensorMap::Swizzle::B64
                              : ptx::TensorMap::Swizzle::B32;
  map.address = address;
  for (size_t d = 0; d < buffer.shape.size(); ++d) {
    size_t from = buffer.shape.size() - 1 - d; // innermost first
    map.sizes[d] = uint32_t(buffer.shape[from]);
    map.box[d] = 1;
    if (d > 0)
      map.strides[d - 1] = uint64_t(strides[from] * bytes);
  }
  map.box[0] = uint16_t(box.cols);
  map.box[1] = uint16_t(box.rows);
  return map;
}

/// The memory of one run.
class Buffers {
public:
  Error addInput(const View &view) {
    bool gaps = view.hasGaps();
    if (Error error = add(view, ptx::GlobalMemory::Access::ReadOnly,
                          gaps ? ptx::GlobalMemory::Content::Undefined
                               : ptx::GlobalMemory::Content::Defined))
      return error;
    if (gaps)
      view.forRows([&](int64_t row) {
        std::memset(written() + row, 1, size_t(view.rowBytes()));
        return true;
      });
    return Error::success();
  }

  Error addOutput(const View &view) {
    view.forRows([&](int64_t row) {
      std::memset(view.data + row, kPoison, size_t(view.rowBytes()));
      return true;
    });
    return add(view, ptx::GlobalMemory::Access::ReadWrite,
               ptx::GlobalMemory::Content::Undefined);
  }

  Error addWorkspace(const Buffer &buffer) {
    return add(makeView(buffer), ptx::GlobalMemory::Access::ReadWrite,
               ptx::GlobalMemory::Content::Undefined);
  }

  /// A tensor for `buffer` that lives as long as this object.
  View makeView(const Buffer &buffer) {
    // As aligned as what GPUs allocate.
    size_t units = size_t(buffer.numBytes()) / 256 + 1;
    storage.emplace_back(new Unit[units]);
    std::memset(storage.back().get(), kPoison, units * sizeof(Unit));
    return View(buffer, storage.back()[0].bytes);
  }

  /// "" or what is wrong with what was written to an output.
  std::string checkOutput(size_t number, const View &view) {
    uint8_t *bytes = memory.writtenBytes(addresses[number]);
    int64_t elementBytes = byteSize(view.buffer.type), done = 0;
    std::string wrong;
    view.forRows([&](int64_t row) {
      if (const void *hole =
              std::memchr(bytes + row, 0, size_t(view.rowBytes()))) {
        int64_t in = static_cast<const uint8_t *>(hole) - (bytes + row);
        wrong = fmt::format("element {} of '{}', of {}, was never written",
                            done + in / elementBytes, view.buffer.name,
                            view.buffer.numElements());
        return false;
      }
      std::memset(bytes + row, 0, size_t(view.rowBytes()));
      done += view.rowBytes() / elementBytes;
      return true;
    });
    if (!wrong.empty())
      return wrong;
    int64_t span = view.spanBytes();
    if (const void *stray = std::memchr(bytes, 1, size_t(span)))
      return fmt::format("byte {} behind the start of '{}' was written, which "
                         "lies between its rows",
                         static_cast<const uint8_t *>(stray) - bytes,
                         view.buffer.name);
    return "";
  }

  ptx::GlobalMemory memory;
  std::vector<uint64_t> addresses; ///< of all buffers

private:
  struct alignas(256) Unit {
    uint8_t bytes[256];
  };

  Error add(const View &view, ptx::GlobalMemory::Access access,
            ptx::GlobalMemory::Content content) {
    Expected<uint64_t> address =
        memory.add(view.buffer.name, view.data, uint64_t(view.spanBytes()),
                   access, content);
    if (!address)
      return address.takeError();
    addresses.push_back(*address);
    return Error::success();
  }
  uint8_t *written() { return memory.writtenBytes(addresses.back()); }

  std::vector<std::unique_ptr<Unit[]>> storage;
};

} // namespace

bool EmulatorExecutor::isDeviceText(StringRef text) {
  return text == "emulator" || text.starts_with("emulator:");
}

Expected<std::string> EmulatorExecutor::targetOf(StringRef text) {
  if (text == "emulator")
    return kDefaultTarget.str();
  StringRef target = text;
  target.consume_front("emulator:");
  std::string known;
  for (const GpuLimits &limits : kTargets) {
    if (limits.target == target)
      return target.str();
    known += (known.empty() ? "" : ", ") + limits.target.str();
  }
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("device '{}': expected emulator, or emulator: and one of {}",
                  text.str(), known));
}

Error EmulatorExecutor::fail(const std::string &message) const {
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("variant '{}': {}", plan->variant, message));
}

Expected<std::unique_ptr<EmulatorExecutor>>
EmulatorExecutor::create(std::shared_ptr<const Program> program,
                         ThreadPool &threads) {
  std::unique_ptr<EmulatorExecutor> executor(
      new EmulatorExecutor(std::move(program), threads));
  if (Error error = executor->load())
    return std::move(error);
  return executor;
}

Error EmulatorExecutor::load() {
  if (plan->codeFormat != "ptx")
    return fail(
        fmt::format("expected code of format ptx, got '{}'", plan->codeFormat));
  Expected<std::unique_ptr<ptx::ModuleSyntax>> parsed =
      ptx::parseModule(plan->code);
  if (!parsed)
    return fail(toString(parsed.takeError()));
  std::shared_ptr<const ptx::ModuleSyntax> module = std::move(*parsed);
  for (const Kernel &kernel : plan->kernels) {
    for (const GpuLimits &limits : kTargets)
      if (limits.target == plan->target &&
          kernel.sharedBytes > limits.sharedBytes)
        return fail(fmt::format("kernel '{}': {} bytes of shared memory, but "
                                "{} has {}",
                                kernel.name, kernel.sharedBytes, plan->target,
                                limits.sharedBytes));
    Expected<std::shared_ptr<const ptx::Kernel>> decoded =
        ptx::decodeKernel(module, kernel.name);
    if (!decoded)
      return fail(toString(decoded.takeError()));
    kernels.push_back(std::move(*decoded));
  }
  return Error::success();
}

Error EmulatorExecutor::run(ArrayRef<Tensor> inputs, ArrayRef<Tensor> outputs,
                            const void *workspace, int64_t workspaceBytes,
                            std::vector<double> *stepMilliseconds) const {
  using Clock = std::chrono::steady_clock;
  if (stepMilliseconds)
    stepMilliseconds->clear();
  if (Error error = checkTensors(*plan, inputs, outputs, workspace))
    return fail(toString(std::move(error)));
  if (Error error =
          checkWorkspace(*plan, workspace, workspaceBytes, kWorkspaceAlignment))
    return fail(toString(std::move(error)));
  Buffers buffers;
  std::vector<View> given, views; // of inputs and outputs, which stand first
  for (const Buffer &buffer : plan->buffers) {
    size_t number = views.size();
    Error error = Error::success();
    if (buffer.role == Buffer::Role::Workspace) {
      error = buffers.addWorkspace(buffer);
    } else {
      bool isInput = buffer.role == Buffer::Role::Input;
      given.emplace_back(buffer, isInput ? inputs[number]
                                         : outputs[number - inputs.size()]);
      const View &from = given.back();
      bool isAligned = isAlignedForGpu(buffer, from.data, from.strides.data());
      views.push_back(isAligned ? from : buffers.makeView(buffer));
      if (isInput && !isAligned)
        copyRows(from, views.back(), CopyTo::Packed);
      error = isInput ? buffers.addInput(views.back())
                      : buffers.addOutput(views.back());
    }
    if (error)
      return fail(toString(std::move(error)));
  }

  for (const Step &step : plan->steps) {
    ptx::Arguments arguments;
    for (int64_t b : step.args) {
      arguments.add(buffers.addresses[size_t(b)]);
      const Buffer &buffer = plan->buffers[size_t(b)];
      if (buffer.role != Buffer::Role::Workspace && buffer.shape.size() >= 2)
        for (int64_t stride : drop_end(views[size_t(b)].strides))
          arguments.add(stride);
    }
    const Kernel &kernel = plan->kernels[size_t(step.kernel)];
    for (const TensorView &box : kernel.views) {
      int64_t b = step.args[size_t(box.arg)];
      const Buffer &buffer = plan->buffers[size_t(b)];
      arguments.add(tensorMapOf(box, buffer, buffers.addresses[size_t(b)],
                                buffer.role == Buffer::Role::Workspace
                                    ? contiguousStrides(buffer.shape)
                                    : views[size_t(b)].strides));
    }
    // Fewer CTAs than work, so that the kernel's loop is run through.
    int64_t ctas = kernel.persistent ? std::min(kernel.ctas, kPersistentCtas)
                                     : kernel.ctas;
    ptx::LaunchOptions options;
    options.mostInstructions = kMostInstructions;
    Clock::time_point start = Clock::now();
    if (Error error =
            ptx::launch(*kernels[size_t(step.kernel)], {uint32_t(ctas), 1, 1},
                        {uint32_t(kernel.warps) * ptx::kLanes, 1, 1},
                        uint32_t(kernel.sharedBytes), arguments, buffers.memory,
                        threads, options))
      return fail(toString(std::move(error)));
    if (stepMilliseconds)
      stepMilliseconds->push_back(
          std::chrono::duration<double, std::milli>(Clock::now() - start)
              .count());
  }
  for (size_t v = inputs.size(); v < views.size(); ++v) {
    if (std::string wrong = buffers.checkOutput(v, views[v]); !wrong.empty())
      return fail(wrong);
    if (views[v].data != given[v].data)
      copyRows(given[v], views[v], CopyTo::Strided);
  }
  return Error::success();
}

} // namespace llsa::rt
