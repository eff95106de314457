//===- GradientCase.cpp - a variant and its derived backward --------------===//
#include "test/numerics/GradientCase.h"
#include "kernels/reference/Compare.h"
#include "kernels/reference/Gradients.h"
#include "runtime/support/Env.h"
#include "tools/io/Random.h"
#include "tools/llsa-run/CheckGradients.h"
#include <cmath>
#include <fmt/format.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;
using reference::Array;

//===----------------------------------------------------------------------===//
// Compile and run
//===----------------------------------------------------------------------===//

llvm::Expected<GradientKernel> GradientKernel::create(const std::string &text,
                                                      KernelSpec spec,
                                                      unsigned threads) {
  GradientKernel out;
  rt::JitOptions options;
  options.threads = threads;
  options.target = rt::env::testDevice();
  out.jit = std::make_unique<rt::Jit>(options);
  rt::Variant variant = rt::Variant::fromSource(text, "case");
  KernelSpec plain = spec;
  plain.pass = Pass::Forward;
  plain.lseGradient = false;
  auto interpreter = makeInterpreter(variant, plain, "cpu");
  if (!interpreter)
    return interpreter.takeError();
  out.interpreter =
      std::make_unique<reference::Interpreter>(std::move(*interpreter));
  spec.indices = true;
  spec.pass = Pass::Keep;
  auto keep = out.jit->get(variant, spec);
  if (!keep)
    return keep.takeError();
  out.keep = *keep;
  spec.pass = Pass::Backward;
  auto backward = out.jit->get(variant, spec);
  if (!backward)
    return backward.takeError();
  out.backward = *backward;
  return out;
}

/// The result whose gradient the backward's argument `name` is; null: none.
static const reference::Port *
resultOfGradient(const reference::Interpreter &interpreter,
                 llvm::StringRef name) {
  for (const reference::Port &port : interpreter.outputs())
    if (name == "d" + port.name)
      return &port;
  return nullptr;
}

llvm::Expected<NamedTensors>
GradientKernel::outputGradients(uint64_t seed, Layout layout,
                                bool quietRows) const {
  NamedTensors out;
  const Program &program = backward->program();
  for (int64_t b : program.buffersOf(Buffer::Role::Input)) {
    const Buffer &buffer = program.buffers[size_t(b)];
    if (!resultOfGradient(*interpreter, buffer.name))
      continue;
    auto tensor = HostTensor::create(buffer.type, buffer.shape, layout);
    if (!tensor)
      return tensor.takeError();
    Random random(seed, /*stream=*/901 + uint64_t(b));
    // By the row of tokens, so that "do" and "dlse" are quiet at once.
    int64_t width = buffer.shape.size() == 4 ? buffer.shape[3] : 1;
    Random quiet(seed, /*stream=*/900);
    tensor->fill([&](int64_t e) -> double {
      bool isQuiet = quietRows && quiet.bits(uint64_t(e / width)) % 2 == 0;
      return isQuiet ? 0 : random.normal(uint64_t(e));
    });
    out.emplace(buffer.name, std::move(*tensor));
  }
  return out;
}

llvm::Expected<GradientRun> GradientKernel::run(NamedTensors inputs,
                                                Layout layout) const {
  GradientRun out;
  out.tensors = std::move(inputs);
  auto forward = makeOutputs(keep->program(), layout);
  if (!forward)
    return forward.takeError();
  if (llvm::Error error = runOnce(*keep, out.tensors, *forward))
    return std::move(error);
  out.tensors.merge(*forward);
  auto gradients = makeOutputs(backward->program(), layout);
  if (!gradients)
    return gradients.takeError();
  out.gradients = std::move(*gradients);
  if (llvm::Error error = runOnce(*backward, out.tensors, out.gradients))
    return std::move(error);
  return out;
}

//===----------------------------------------------------------------------===//
// Directions
//===----------------------------------------------------------------------===//

namespace {
/// The loss sum of do * o (and dlse * lse) of the float64 forward.
class Loss {
public:
  Loss(const GradientKernel &kernel, const GradientRun &run)
      : kernel(kernel), run(run) {
    for (const reference::Port &port : kernel.interpreter->inputs())
      inputs.emplace(port.name, run.tensors.at(port.name).toArray());
    for (const reference::Port &port : kernel.interpreter->selections())
      selections.emplace(port.name, run.tensors.at(port.name).toIndices());
    for (const reference::Port &port : kernel.interpreter->outputs()) {
      auto weights = run.tensors.find("d" + port.name);
      if (weights != run.tensors.end())
        gradients.emplace(port.name, weights->second.toArray());
    }
  }

  llvm::Expected<double> at(const std::map<std::string, Array> &direction,
                            double step) const {
    reference::NamedArrays moved = inputs;
    for (const auto &[name, y] : direction)
      for (size_t e = 0; e < y.data.size(); ++e)
        moved.at(name).data[e] += step * y.data[e];
    reference::EvaluateOptions options;
    options.forced = &selections;
    auto result = kernel.interpreter->evaluate(moved, options);
    if (!result)
      return result.takeError();
    double sum = 0;
    for (const auto &[name, weights] : gradients) {
      const Array &values = result->outputs.at(name).values;
      for (size_t e = 0; e < values.data.size(); ++e)
        if (std::isfinite(values.data[e])) // lse of a row that saw no key
          sum += weights.data[e] * values.data[e];
    }
    return sum;
  }

  /// d loss(x + t y) / dt at t = 0. A small step, since one that crosses a kink
  /// (relu's) adds its share: with scores that move by 100 t, what is left of
  /// the third derivative is 2e-8 of the first, and rounding 1e-8.
  llvm::Expected<double>
  along(const std::map<std::string, Array> &direction) const {
    constexpr double kStep = 3e-6;
    auto up = at(direction, kStep), down = at(direction, -kStep);
    if (!up)
      return up.takeError();
    if (!down)
      return down.takeError();
    return (*up - *down) / (2 * kStep);
  }

  reference::NamedArrays inputs;

private:
  const GradientKernel &kernel;
  const GradientRun &run;
  reference::NamedIndices selections;
  std::map<std::string, Array> gradients; ///< by the result's name
};

/// A random direction: in all tensors, or in one, or in one row of one.
std::map<std::string, Array>
randomDirection(const std::map<std::string, Array> &gradients, int kind,
                const Random &random, uint64_t &counter) {
  std::map<std::string, Array> out;
  uint64_t chosen = random.bits(counter++) % gradients.size(), i = 0;
  for (const auto &[name, gradient] : gradients) {
    if (kind > 0 && i++ != chosen)
      continue;
    Array y(gradient.shape);
    size_t row = gradient.rank() == 4 && kind > 1 ? size_t(gradient.dim(3)) : 0;
    size_t rows = row ? y.data.size() / row : 1;
    size_t first = row ? random.bits(counter++) % rows * row : 0;
    size_t last = row ? first + row : y.data.size();
    for (size_t e = first; e < last; ++e)
      y.data[e] = random.normal(counter++);
    out.emplace(name.substr(1), std::move(y));
  }
  return out;
}
} // namespace

/// An element's error may be some units of its tensor's greatest magnitude.
static double allowedUnits(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return 64 * 0x1p-24;
  case DType::BF16:
    return 8 * 0x1p-9;
  case DType::F16:
    return 8 * 0x1p-12;
  }
  llvm_unreachable("all element types are listed");
}

/// Gradients of scores are differences, do . v - delta, which may be far
/// smaller than their terms: what an element of dq, dk or of the gradient of
/// what a score reads could be without cancellation. An error may be this share
/// of it, too.
static double termsOf(const GradientKernel &kernel, const GradientRun &run,
                      llvm::StringRef name) {
  if (name == "v" || name == "gate")
    return 0; // sums of terms of one sign or the other, no differences
  auto greatestRow = [&](const char *name) {
    Array values = run.tensors.at(name).toArray();
    double most = 0;
    for (int64_t first = 0; first < values.numElements();
         first += values.dim(3)) {
      double squares = 0;
      for (int64_t d = 0; d < values.dim(3); ++d)
        squares += std::pow(values.data[size_t(first + d)], 2);
      most = std::max(most, squares);
    }
    return std::sqrt(most / double(values.dim(3))); // of an element
  };
  const KernelSpec &spec = kernel.backward->program().spec;
  double depth = double(spec.D), queries = double(spec.M);
  double ofScore = std::sqrt(depth) * greatestRow("do") * greatestRow("v");
  double scale = std::abs(spec.scale.value_or(1 / std::sqrt(depth)));
  if (name == "q" || name == "k")
    return scale * ofScore *
           std::max(greatestRow("k"), greatestRow("q") * std::sqrt(queries));
  // Read by all queries of all batches; slopes are multiplied by a distance.
  double factor = name == "slopes" ? std::max(queries, double(spec.N)) / 16 : 1;
  return ofScore * factor * std::sqrt(double(spec.B) * queries);
}
static double termUnits(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return 16 * 0x1p-24;
  case DType::BF16:
    return 0x1p-10;
  case DType::F16:
    return 0x1p-13;
  }
  llvm_unreachable("all element types are listed");
}

std::string llsa::numerics::checkDirections(const GradientKernel &kernel,
                                            const GradientRun &run, DType dtype,
                                            uint64_t seed, double &worst) {
  Loss loss(kernel, run);
  std::map<std::string, Array> gradients;
  std::map<std::string, double> greatest;
  for (const auto &[name, tensor] : run.gradients) {
    const Array &values =
        gradients.emplace(name, tensor.toArray()).first->second;
    double &most = greatest[name];
    for (double value : values.data) {
      if (!std::isfinite(value))
        return fmt::format("{} has an element {}", name, value);
      most = std::max(most, std::abs(value));
    }
  }
  Random random(seed, /*stream=*/77);
  uint64_t counter = 0;
  for (int n = 0; n < 5; ++n) {
    auto direction =
        randomDirection(gradients, std::min(n, 2), random, counter);
    // relu has a kink at 0, where some random numbers are.
    for (const char *name : {"q", "k"})
      if (auto y = direction.find(name); y != direction.end())
        for (size_t e = 0; e < y->second.data.size(); ++e)
          if (loss.inputs.at(name).data[e] == 0)
            y->second.data[e] = 0;
    auto expected = loss.along(direction);
    if (!expected)
      return llvm::toString(expected.takeError());
    double got = 0, squares = 0;
    for (const auto &[name, y] : direction) {
      const Array &gradient = gradients.at("d" + name);
      double ySquares = 0;
      for (size_t e = 0; e < y.data.size(); ++e) {
        got += y.data[e] * gradient.data[e];
        ySquares += y.data[e] * y.data[e];
      }
      double terms = termsOf(kernel, run, name) * termUnits(dtype);
      squares +=
          ySquares *
          std::pow(allowedUnits(dtype) * greatest.at("d" + name) + terms, 2);
    }
    double allowed = std::sqrt(squares) + 1e-7;
    double share = std::abs(got - *expected) / allowed;
    worst = std::max(worst, share);
    if (!(share <= 1))
      return fmt::format("along direction {} (in {}{}): the gradients give {}, "
                         "the reference {} +- {}",
                         n, direction.begin()->first,
                         direction.size() > 1 ? " and others"
                         : n > 1              ? ", one row"
                                              : "",
                         got, *expected, allowed);
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

std::string llsa::numerics::checkElements(const GradientRun &run,
                                          const reference::Hierarchy &hierarchy,
                                          double scale, DType dtype,
                                          bool tf32) {
  using reference::Precision;
  Array q = run.tensors.at("q").toArray(), k = run.tensors.at("k").toArray(),
        v = run.tensors.at("v").toArray(), o = run.tensors.at("do").toArray();
  reference::OutputGradients outputs{&o, nullptr};
  Array lse;
  if (auto found = run.tensors.find("dlse"); found != run.tensors.end()) {
    lse = found->second.toArray();
    outputs.lse = &lse;
  }
  std::vector<reference::IndexArray> indices;
  for (int64_t level = 1; level <= hierarchy.levels; ++level)
    indices.push_back(run.tensors.at("i" + std::to_string(level)).toIndices());
  auto evaluate = [&](Precision precision, bool fused) {
    reference::AttendOptions options;
    options.scale = scale;
    options.precision = precision;
    options.fused = fused;
    return reference::attendLevelsGradients(q, k, v, hierarchy, indices,
                                            outputs, options);
  };
  reference::TokenGradients exact = evaluate(Precision::F64, false),
                            plain = evaluate(
                                reference::plainPrecision(dtype, tf32), false),
                            other = evaluate(
                                reference::plainPrecision(dtype, tf32), true);
  for (auto [name, part, terms] :
       {std::tuple("dq", &reference::TokenGradients::query, exact.queryTerms),
        std::tuple("dk", &reference::TokenGradients::keys, exact.keyTerms),
        std::tuple("dv", &reference::TokenGradients::values, 0.0)}) {
    const Array &truth = exact.*part, &x = plain.*part, &y = other.*part;
    reference::Comparison comparison = compareGradient(
        name, run.gradients.at(name).toArray(),
        {truth, fartherFrom(truth, x, y), terms},
        reference::unitsOf(dtype, tf32), greatestLse(run.tensors));
    if (!comparison.ok())
      return comparison.message;
  }
  return "";
}

std::string GradientCaseRunner::run(const Case &c, double &worst) {
  KernelSpec spec = specOf(c);
  spec.lseGradient = c.lse && c.form != Case::Form::Linear && c.kernel % 3 == 0;
  std::string text = variantText(c), wanted = spec.str() + text;
  if (spec.lseGradient)
    spec.pass = Pass::Keep;
  if (!kernel || key != wanted) {
    kernel.reset();
    auto made = GradientKernel::create(text, spec);
    if (!made)
      return llvm::toString(made.takeError());
    kernel = std::make_unique<GradientKernel>(std::move(*made));
    key = wanted;
  }
  auto inputs = inputsOf(c, spec, *kernel->interpreter);
  if (!inputs)
    return llvm::toString(inputs.takeError());
  auto gradients = kernel->outputGradients(c.seed, c.layout, c.quietRows);
  if (!gradients)
    return llvm::toString(gradients.takeError());
  inputs->tensors.merge(*gradients);
  auto run = kernel->run(std::move(inputs->tensors), c.layout);
  if (!run)
    return llvm::toString(run.takeError());
  DType bits = reference::unitsOf(c.dtype, c.tf32);
  std::string failure = checkDirections(*kernel, *run, bits, c.seed, worst);
  bool plain = c.form == Case::Form::Hierarchy && c.score == ScoreKind::None &&
               c.mask == MaskKind::None;
  if (!failure.empty() || !plain)
    return failure;
  reference::Hierarchy hierarchy{c.block, c.levels, c.topk, c.enrichment,
                                 c.reweighting};
  return checkElements(*run, hierarchy, c.scale, c.dtype, c.tf32);
}
