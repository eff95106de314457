//===- Tensor.cpp - check a caller's tensors --------------------*- C++ -*-===//
#include "runtime/program/Tensor.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <fmt/format.h>

using namespace llvm;

namespace llsa {

namespace {

std::string shapeText(ArrayRef<int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

/// Dimensions that are walked at all: (stride, size) by ascending stride.
SmallVector<std::pair<int64_t, int64_t>> walkedDimensions(const Tensor &t) {
  SmallVector<std::pair<int64_t, int64_t>> dims;
  for (size_t d = 0; d < t.strides.size(); ++d)
    if (t.shape[d] > 1)
      dims.emplace_back(t.strides[d], t.shape[d]);
  std::sort(dims.begin(), dims.end());
  return dims;
}

/// Do two different indices of the tensor name one element? Exact for strides
/// that nest, as those of slices and transposes do; other strides are refused.
bool repeatsMemory(const Tensor &tensor) {
  int64_t reach = 1; // elements that the dimensions so far span
  for (auto [stride, size] : walkedDimensions(tensor)) {
    if (stride < reach)
      return true;
    reach += (size - 1) * stride;
  }
  return false;
}

/// A tensor's addresses, first byte to past the last.
struct Span {
  StringRef name;
  uint64_t begin = 0;
  uint64_t end = 0;

  bool meets(const Span &other) const {
    return begin < other.end && other.begin < end;
  }
};

/// Checks one tensor against its buffer and returns its span.
Expected<Span> checkTensor(const Buffer &buffer, const Tensor &tensor,
                           bool isOutput) {
  const char *kind = isOutput ? "output" : "input";
  auto failHere = [&](const std::string &message) {
    return createStringError(
        fmt::format("{} '{}': {}", kind, buffer.name, message));
  };
  if (tensor.type != buffer.type)
    return failHere(fmt::format("expected elements of type {}, got {}",
                                toString(buffer.type).str(),
                                toString(tensor.type).str()));
  if (tensor.shape.size() != buffer.shape.size())
    return failHere(fmt::format("expected rank {} {}, got rank {} {}",
                                buffer.shape.size(), shapeText(buffer.shape),
                                tensor.shape.size(), shapeText(tensor.shape)));
  if (tensor.shape != ArrayRef(buffer.shape))
    return failHere(fmt::format("expected shape {}, got {}",
                                shapeText(buffer.shape),
                                shapeText(tensor.shape)));
  if (!tensor.data)
    return failHere("expected a pointer to data, got null");
  int64_t elementBytes = byteSize(buffer.type);
  uint64_t begin = reinterpret_cast<uintptr_t>(tensor.data);
  if (begin % elementBytes != 0)
    return failHere(fmt::format("expected data aligned to {} bytes, got "
                                "address {:#x}",
                                elementBytes, begin));
  if (!tensor.strides.empty() && tensor.strides.size() != tensor.shape.size())
    return failHere(fmt::format("expected {} strides, got {}",
                                tensor.shape.size(), tensor.strides.size()));

  int64_t reach = tensor.strides.empty() ? buffer.numElements() : 1;
  for (size_t d = 0; d < tensor.strides.size(); ++d) {
    if (tensor.shape[d] == 1)
      continue; // never walked: any stride will do
    int64_t stride = tensor.strides[d], steps = 0;
    if (d + 1 == tensor.shape.size() && stride != 1)
      return failHere(fmt::format("expected the last dimension to be "
                                  "contiguous (stride 1), got stride {}",
                                  stride));
    if (stride < 0)
      return failHere(fmt::format(
          "expected strides of at least 0, got {} in dimension {}", stride, d));
    if (MulOverflow(stride, tensor.shape[d] - 1, steps) ||
        AddOverflow(reach, steps, reach))
      return failHere(fmt::format("stride {} in dimension {} reaches beyond "
                                  "63 bits",
                                  stride, d));
  }
  int64_t bytes = 0;
  if (MulOverflow(reach, elementBytes, bytes) ||
      begin + uint64_t(bytes) < begin)
    return failHere("its strides reach beyond the address space");
  if (isOutput && repeatsMemory(tensor))
    return failHere(fmt::format("expected strides without overlap, got {} for "
                                "shape {}",
                                shapeText(tensor.strides),
                                shapeText(tensor.shape)));
  return Span{buffer.name, begin, begin + uint64_t(bytes)};
}

} // namespace

std::vector<int64_t> contiguousStrides(ArrayRef<int64_t> shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t d = shape.size(); d-- > 1;)
    strides[d - 1] = strides[d] * shape[d];
  return strides;
}

Error checkTensors(const Program &program, ArrayRef<Tensor> inputs,
                   ArrayRef<Tensor> outputs, const void *workspace) {
  // A launch on a GPU waits for this: nothing is allocated when all is well.
  SmallVector<Span, 16> spans;
  size_t first = 0; // buffers of one role stand together, inputs in front
  for (bool isOutput : {false, true}) {
    ArrayRef<Tensor> tensors = isOutput ? outputs : inputs;
    Buffer::Role role = isOutput ? Buffer::Role::Output : Buffer::Role::Input;
    size_t count = 0;
    while (first + count < program.buffers.size() &&
           program.buffers[first + count].role == role)
      ++count;
    ArrayRef<Buffer> buffers = ArrayRef(program.buffers).slice(first, count);
    first += count;
    if (tensors.size() != count) {
      std::string names;
      for (const Buffer &buffer : buffers)
        names += (names.empty() ? "" : ", ") + buffer.name;
      return createStringError(
          fmt::format("expected {} {} tensors ({}), got {}", count,
                      isOutput ? "output" : "input", names, tensors.size()));
    }
    for (size_t i = 0; i < tensors.size(); ++i) {
      Expected<Span> span = checkTensor(buffers[i], tensors[i], isOutput);
      if (!span)
        return span.takeError();
      if (isOutput)
        for (const Span &other : spans)
          if (span->meets(other))
            return createStringError(
                fmt::format("output '{}': expected memory of its own, "
                            "but it overlaps '{}'",
                            span->name.str(), other.name.str()));
      spans.push_back(*span);
    }
  }
  if (!workspace || program.workspaceBytes == 0)
    return Error::success();
  auto begin = reinterpret_cast<uintptr_t>(workspace);
  Span own{"workspace", begin, begin + uint64_t(program.workspaceBytes)};
  for (const Span &other : spans)
    if (own.meets(other))
      return createStringError(
          fmt::format("workspace: expected memory of its own, but it overlaps "
                      "'{}'",
                      other.name.str()));
  return Error::success();
}

Error checkWorkspace(const Program &program, const void *workspace,
                     int64_t workspaceBytes, int64_t alignment) {
  if (!workspace)
    return Error::success();
  if (workspaceBytes < program.workspaceBytes)
    return createStringError(
        fmt::format("expected a workspace of at least {} bytes, got {}",
                    program.workspaceBytes, workspaceBytes));
  if (reinterpret_cast<uintptr_t>(workspace) % uint64_t(alignment) != 0)
    return createStringError(
        fmt::format("expected a workspace aligned to {} bytes, got address {}",
                    alignment, workspace));
  return Error::success();
}

bool isAlignedForGpu(const Buffer &buffer, const void *data,
                     const int64_t *strides) {
  int64_t elementBytes = byteSize(buffer.type);
  ArrayRef<int64_t> shape = buffer.shape;
  if (shape.size() < 2 || shape.back() * elementBytes % kWideBytes != 0)
    return true;
  if (reinterpret_cast<uintptr_t>(data) % kWideBytes != 0)
    return false;
  for (size_t d = 0; d + 1 < shape.size(); ++d)
    if (shape[d] > 1 && strides[d] * elementBytes % kWideBytes != 0)
      return false;
  return true;
}

} // namespace llsa
