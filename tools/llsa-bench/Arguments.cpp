//===- Arguments.cpp - tensors to run a case on ---------------------------===//
#include "tools/llsa-bench/Arguments.h"

#include "tools/io/Tokens.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace llsa::bench {

std::vector<tools::TypedArray>
makeInputs(const Program &program, const std::string &kind, uint64_t seed) {
  const KernelSpec &spec = program.spec;
  tools::TokenShape shape{spec.B, spec.H, spec.Hkv, spec.M, spec.N, spec.D};
  tools::Tokens tokens = kind == "structured"
                             ? tools::structuredTokens(shape, seed)
                             : tools::randomTokens(shape, seed);
  std::vector<tools::TypedArray> inputs;
  for (int64_t b : program.buffersOf(Buffer::Role::Input)) {
    const Buffer &buffer = program.buffers[size_t(b)];
    const std::vector<float> *values = buffer.name == "q"   ? &tokens.q
                                       : buffer.name == "k" ? &tokens.k
                                       : buffer.name == "v" ? &tokens.v
                                                            : nullptr;
    std::vector<float> other;
    if (!values) {
      tools::TokenShape flat{1, 1, 1, buffer.numElements(), 1, 1};
      other = tools::randomTokens(flat, seed + uint64_t(b)).q;
      values = &other;
    }
    inputs.push_back(
        tools::TypedArray::fromFloats(buffer.type, buffer.shape, *values));
  }
  return inputs;
}

std::vector<Tensor> views(const std::vector<tools::TypedArray> &arrays) {
  std::vector<Tensor> result;
  for (const tools::TypedArray &array : arrays)
    result.push_back(array.view());
  return result;
}

void addViews(NamedViews &views, const Program &program, Buffer::Role role,
              llvm::ArrayRef<Tensor> tensors) {
  size_t i = 0;
  for (int64_t b : program.buffersOf(role))
    views[program.buffers[size_t(b)].name] = tensors[i++];
}

std::vector<tools::TypedArray>
makeUnknown(const Program &backward, const NamedViews &known, uint64_t seed) {
  std::vector<tools::TypedArray> made;
  for (int64_t b : backward.buffersOf(Buffer::Role::Input)) {
    const Buffer &buffer = backward.buffers[size_t(b)];
    if (known.count(buffer.name))
      continue;
    tools::TokenShape flat{1, 1, 1, buffer.numElements(), 1, 1};
    made.push_back(tools::TypedArray::fromFloats(
        buffer.type, buffer.shape,
        tools::randomTokens(flat, seed + 100 + uint64_t(b)).q));
  }
  return made;
}

std::vector<Tensor> readsOf(const Program &backward, const NamedViews &known,
                            llvm::ArrayRef<Tensor> unknown) {
  std::vector<Tensor> reads;
  size_t next = 0;
  for (int64_t b : backward.buffersOf(Buffer::Role::Input)) {
    auto found = known.find(backward.buffers[size_t(b)].name);
    reads.push_back(found != known.end() ? found->second : unknown[next++]);
  }
  return reads;
}

/// "kept1", or a selection, "i1".
static bool isKept(llvm::StringRef name) {
  int64_t number;
  return (name.consume_front("kept") || name.consume_front("i")) &&
         !name.getAsInteger(10, number);
}

int64_t keptBytes(const Program &forward) {
  int64_t bytes = 0;
  for (int64_t b : forward.buffersOf(Buffer::Role::Output)) {
    const Buffer &buffer = forward.buffers[size_t(b)];
    if (isKept(buffer.name))
      bytes += buffer.numBytes();
  }
  return bytes;
}

const std::vector<tools::TypedArray> &
InputMaker::inputsFor(const Program &program) {
  std::string key = fmt::format("{} {}", program.spec.N, program.spec.M);
  for (int64_t b : program.buffersOf(Buffer::Role::Input)) {
    const Buffer &buffer = program.buffers[size_t(b)];
    key += fmt::format(" {} {} {}", buffer.name, int(buffer.type),
                       fmt::join(buffer.shape, "x"));
  }
  if (key != madeFor) {
    made.clear(); // before the new ones need the memory
    made = makeInputs(program, kind, /*seed=*/1);
    madeFor = key;
  }
  return made;
}

} // namespace llsa::bench
