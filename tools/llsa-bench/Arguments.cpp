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
