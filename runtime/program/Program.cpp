//===- Program.cpp - sizes and cross references of a Program ----*- C++ -*-===//
#include "runtime/program/Program.h"

#include "runtime/program/StepOrder.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <fmt/format.h>

using namespace llvm;

namespace llsa {

namespace {

constexpr int64_t kWorkspaceAlignment = 64;

Error malformed(const std::string &message) {
  return createStringError(inconvertibleErrorCode(), "program: " + message);
}

/// Bytes of `buffer`, or -1 when they do not fit in 63 bits.
int64_t checkedBytes(const Buffer &buffer) {
  int64_t bytes = byteSize(buffer.type);
  for (int64_t size : buffer.shape)
    if (MulOverflow(bytes, size, bytes))
      return -1;
  return bytes;
}

Error verifyBuffer(const Buffer &buffer, size_t i, int64_t workspaceBytes) {
  std::string at = fmt::format("buffers[{}] '{}'", i, buffer.name);
  for (int64_t size : buffer.shape)
    if (size < 1)
      return malformed(
          fmt::format("{}: expected sizes of at least 1, got {}", at, size));
  int64_t bytes = checkedBytes(buffer);
  if (bytes < 0)
    return malformed(at + ": the size in bytes does not fit in 63 bits");
  if (buffer.role != Buffer::Role::Workspace)
    return Error::success();
  if (buffer.offset < 0 || buffer.offset % kWorkspaceAlignment != 0)
    return malformed(
        fmt::format("{}: expected an offset that is a multiple of {}, "
                    "got {}",
                    at, kWorkspaceAlignment, buffer.offset));
  if (buffer.offset > workspaceBytes || bytes > workspaceBytes - buffer.offset)
    return malformed(fmt::format("{}: {} bytes at offset {} do not lie in the "
                                 "workspace of {} bytes",
                                 at, bytes, buffer.offset, workspaceBytes));
  return Error::success();
}

Error verifyKernel(const Kernel &kernel, size_t i) {
  std::string at = fmt::format("kernels[{}] '{}'", i, kernel.name);
  if (kernel.name.empty())
    return malformed(at + ": expected a symbol name");
  const std::pair<const char *, int64_t> counts[] = {
      {"items", kernel.items},
      {"ctas", kernel.ctas},
      {"sharedBytes", kernel.sharedBytes},
      {"stackBytes", kernel.stackBytes}};
  for (auto [what, value] : counts)
    if (value < 0)
      return malformed(
          fmt::format("{}: {} = {}: expected at least 0", at, what, value));
  if (kernel.warps < 1)
    return malformed(
        fmt::format("{}: warps = {}: expected at least 1", at, kernel.warps));
  for (const TensorView &view : kernel.views)
    if (view.rows < 1 || view.rows > 256 || view.cols < 1 || view.cols > 256)
      return malformed(
          fmt::format("{}: a view's box is {} x {}: expected 1 to 256 "
                      "rows and columns",
                      at, view.rows, view.cols));
  for (double estimate : {kernel.flops, kernel.bytes})
    if (!std::isfinite(estimate) || estimate < 0)
      return malformed(
          at + ": expected flops and bytes to be finite and at least 0");
  return Error::success();
}

/// The kernel of a step, for messages.
std::string stepText(const Program &program, size_t i) {
  return fmt::format("steps[{}] '{}'", i,
                     program.kernels[size_t(program.steps[i].kernel)].name);
}

Error verifyLane(const Program &program, size_t i) {
  const Step &step = program.steps[i];
  const Kernel &kernel = program.kernels[size_t(step.kernel)];
  for (int64_t position : kernel.writes)
    if (position < 0 || position >= int64_t(step.args.size()))
      return malformed(fmt::format("{}: writes argument {}, there are {}",
                                   stepText(program, i), position,
                                   step.args.size()));
  if (step.lane < 0 || step.lane >= Program::kLanes)
    return malformed(fmt::format("{}: lane {}: expected 0 to {}",
                                 stepText(program, i), step.lane,
                                 Program::kLanes - 1));
  for (int64_t earlier : step.after)
    if (earlier < 0 || earlier >= int64_t(i) ||
        program.steps[size_t(earlier)].lane == step.lane)
      return malformed(
          fmt::format("{}: after step {}: expected an earlier step of another "
                      "lane",
                      stepText(program, i), earlier));
  return Error::success();
}

/// Whether two buffers have bytes in common.
bool overlap(const Buffer &a, const Buffer &b) {
  if (a.role != Buffer::Role::Workspace || b.role != Buffer::Role::Workspace)
    return a.name == b.name;
  return a.offset < b.offset + b.numBytes() &&
         b.offset < a.offset + a.numBytes();
}

/// Steps that may run at the same time have nothing in common that one of them
/// writes.
Error verifyPair(const Program &program, size_t a, size_t b) {
  const Step &first = program.steps[a], &second = program.steps[b];
  auto isWritten = [&](const Step &step, size_t position) {
    return is_contained(program.kernels[size_t(step.kernel)].writes,
                        int64_t(position));
  };
  for (size_t i = 0; i < first.args.size(); ++i)
    for (size_t j = 0; j < second.args.size(); ++j) {
      if (!isWritten(first, i) && !isWritten(second, j))
        continue;
      const Buffer &one = program.buffers[size_t(first.args[i])],
                   &other = program.buffers[size_t(second.args[j])];
      if (overlap(one, other))
        return malformed(fmt::format(
            "{} and {} may run at the same time, and one writes what the other "
            "uses: {}",
            stepText(program, a), stepText(program, b),
            one.name == other.name ? fmt::format("'{}'", one.name)
                                   : fmt::format("bytes of both '{}' and '{}'",
                                                 one.name, other.name)));
    }
  return Error::success();
}

Error verifyLanes(const Program &program) {
  for (size_t i = 0; i < program.steps.size(); ++i)
    if (Error error = verifyLane(program, i))
      return error;
  if (all_of(program.steps, [](const Step &step) { return step.lane == 0; }))
    return Error::success();
  for (const Kernel &kernel : program.kernels)
    if (kernel.dependentLaunch)
      return malformed(fmt::format("kernel '{}' may start before the launch in "
                                   "front of it has ended: expected all steps "
                                   "in one lane",
                                   kernel.name));
  StepOrder order(program.steps);
  for (size_t b = 0; b < program.steps.size(); ++b)
    for (size_t a = 0; a < b; ++a)
      if (!order.precedes(a, b))
        if (Error error = verifyPair(program, a, b))
          return error;
  return Error::success();
}

} // namespace

std::optional<ElementType> elementTypeNamed(StringRef name) {
  for (ElementType type : kElementTypes)
    if (name == toString(type))
      return type;
  return std::nullopt;
}

StringRef toString(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "f32";
  case ElementType::BF16:
    return "bf16";
  case ElementType::F16:
    return "f16";
  case ElementType::I32:
    return "i32";
  case ElementType::I8:
    return "i8";
  }
  llvm_unreachable("all element types are listed");
}

bool isInteger(ElementType type) {
  return type == ElementType::I32 || type == ElementType::I8;
}

int64_t byteSize(ElementType type) {
  switch (type) {
  case ElementType::F32:
  case ElementType::I32:
    return 4;
  case ElementType::BF16:
  case ElementType::F16:
    return 2;
  case ElementType::I8:
    return 1;
  }
  llvm_unreachable("all element types are listed");
}

int64_t Buffer::numElements() const {
  int64_t elements = 1;
  for (int64_t size : shape)
    elements *= size;
  return elements;
}

int64_t Buffer::numBytes() const { return numElements() * byteSize(type); }

std::vector<int64_t> Program::buffersOf(Buffer::Role role) const {
  std::vector<int64_t> indices;
  for (size_t i = 0; i < buffers.size(); ++i)
    if (buffers[i].role == role)
      indices.push_back(int64_t(i));
  return indices;
}

Error Program::verify() const {
  if (variant.empty())
    return malformed("expected a variant name");
  if (target.empty())
    return malformed("expected a target");
  if (codeFormat != "elf" && codeFormat != "ptx" && codeFormat != "cubin")
    return malformed(fmt::format(
        "codeFormat = '{}': expected elf, ptx or cubin", codeFormat));
  if (Error error = spec.verify())
    return malformed("spec: " + toString(std::move(error)));
  if (workspaceBytes < 0)
    return malformed(fmt::format("workspaceBytes = {}: expected at least 0",
                                 workspaceBytes));

  StringSet<> names;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const Buffer &buffer = buffers[i];
    if (buffer.name.empty() || !names.insert(buffer.name).second)
      return malformed(
          fmt::format("buffers[{}]: expected a name of its own, got "
                      "'{}'",
                      i, buffer.name));
    if (i > 0 && buffer.role < buffers[i - 1].role)
      return malformed(
          fmt::format("buffers[{}] '{}': expected inputs, then outputs,"
                      " then workspace",
                      i, buffer.name));
    if (Error error = verifyBuffer(buffer, i, workspaceBytes))
      return error;
  }
  for (size_t i = 0; i < kernels.size(); ++i)
    if (Error error = verifyKernel(kernels[i], i))
      return error;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step &step = steps[i];
    if (step.kernel < 0 || step.kernel >= int64_t(kernels.size()))
      return malformed(
          fmt::format("steps[{}]: kernel {} does not exist, there are "
                      "{}",
                      i, step.kernel, kernels.size()));
    for (int64_t arg : step.args)
      if (arg < 0 || arg >= int64_t(buffers.size()))
        return malformed(
            fmt::format("steps[{}]: buffer {} does not exist, there "
                        "are {}",
                        i, arg, buffers.size()));
    for (const TensorView &view : kernels[size_t(step.kernel)].views)
      if (view.arg < 0 || view.arg >= int64_t(step.args.size()) ||
          buffers[size_t(step.args[size_t(view.arg)])].shape.size() < 2)
        return malformed(
            fmt::format("steps[{}]: a view of argument {}: expected an "
                        "argument of rank 2 or more",
                        i, view.arg));
  }
  return verifyLanes(*this);
}

} // namespace llsa
