//===- CheckGradients.cpp - a backward against the float64 reference ------===//
#include "tools/llsa-run/CheckGradients.h"
#include "kernels/reference/Rounding.h"
#include "tools/io/Files.h"
#include "tools/llsa-run/Kernel.h"
#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <thread>

using namespace llsa;
using namespace llsa::tools;
using namespace llsa::reference;

/// Pairs of a query and a key that the reference evaluates for the gradients
/// of keys, as far as more than one head goes: some seconds' work.
static constexpr double kPairs = 1 << 25;

//===----------------------------------------------------------------------===//
// The rule
//===----------------------------------------------------------------------===//

Comparison llsa::tools::compareGradient(std::string_view name,
                                        const Array &actual,
                                        const ReferenceGradient &expected,
                                        DType dtype, double greatestLse) {
  double greatest = 0;
  for (double value : expected.exact.data)
    if (std::isfinite(value))
      greatest = std::max(greatest, std::abs(value));
  double room =
      0x1p-23 * greatestLse * greatest + 2 * ulp(expected.terms, DType::F32);
  return compareValues(name, actual, expected.exact, expected.plain, dtype,
                       room);
}

double llsa::tools::greatestLse(const NamedTensors &tensors) {
  double greatest = 0;
  for (const auto &[name, tensor] : tensors)
    if ((name == "lse" || llvm::StringRef(name).starts_with("kept")) &&
        tensor.shape().size() == 3)
      for (double value : tensor.toArray().data)
        if (std::isfinite(value))
          greatest = std::max(greatest, std::abs(value));
  return greatest;
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

namespace {
/// A key head and the query heads that use it; -1: all heads.
struct Part {
  int64_t batch = -1, keyHead = -1;
};

/// What the reference evaluates, whole or for one part.
struct Problem {
  NamedArrays inputs, resultGradients;
  NamedIndices selections;
};
} // namespace

/// The heads of a part in a [B, H or Hkv, ...] tensor.
template <typename T>
static reference::Tensor<T> headsOf(const reference::Tensor<T> &from,
                                    const KernelSpec &spec, Part part) {
  int64_t count = from.dim(1) == spec.H ? spec.H / spec.Hkv : 1;
  std::vector<int64_t> shape = from.shape;
  shape[0] = 1;
  shape[1] = count;
  reference::Tensor<T> out(shape);
  int64_t head = out.numElements() / count;
  std::copy_n(from.data.begin() +
                  (part.batch * from.dim(1) + part.keyHead * count) * head,
              out.numElements(), out.data.begin());
  return out;
}

static Problem problemOf(const Problem &whole, const KernelSpec &spec,
                         Part part) {
  if (part.batch < 0)
    return whole;
  Problem out;
  for (const auto &[name, array] : whole.inputs)
    out.inputs.emplace(name, headsOf(array, spec, part));
  for (const auto &[name, array] : whole.resultGradients)
    out.resultGradients.emplace(name, headsOf(array, spec, part));
  for (const auto &[name, array] : whole.selections)
    out.selections.emplace(name, headsOf(array, spec, part));
  return out;
}

/// Can the variant be evaluated for some heads alone?
static bool canTakeHeads(const Interpreter &interpreter,
                         const KernelSpec &spec) {
  auto hasHeads = [&](const Port &port) {
    return port.shape.size() > 2 && port.shape[0] == spec.B &&
           (port.shape[1] == spec.H || port.shape[1] == spec.Hkv);
  };
  return interpreter.headsAreAlike() &&
         llvm::all_of(interpreter.inputs(), hasHeads) &&
         llvm::all_of(interpreter.outputs(), hasHeads) &&
         llvm::all_of(interpreter.selections(), hasHeads);
}

//===----------------------------------------------------------------------===//
// Evaluating
//===----------------------------------------------------------------------===//

namespace {
/// The reference's gradients of some parts, in three arithmetics, on threads.
class Evaluations {
public:
  Evaluations(const CheckedRun &run, const GradientCheckOptions &options,
              const Problem &whole)
      : run(run), options(options), whole(whole) {}

  /// By argument name, one for each part. With `rows`: of these queries.
  using Gradients = std::map<std::string, std::vector<ReferenceGradient>>;
  llvm::Expected<Gradients> evaluate(const std::vector<Part> &parts,
                                     const std::vector<int64_t> *rows);

private:
  using Result = std::map<std::string, EvaluatedOutput>;
  llvm::Expected<Result> evaluateOne(Part part, int arithmetic,
                                     const std::vector<int64_t> *rows,
                                     const std::string &text) const;

  const CheckedRun &run;
  const GradientCheckOptions &options;
  const Problem &whole;
};
} // namespace

/// 0: float64; 1: plain; 2: plain, as fused kernels are (AttendOptions).
static constexpr int kArithmetics = 3;

llvm::Expected<Evaluations::Result>
Evaluations::evaluateOne(Part part, int arithmetic,
                         const std::vector<int64_t> *rows,
                         const std::string &text) const {
  // An interpreter belongs to one thread.
  auto interpreter = Interpreter::create(text, run.variant->name());
  if (!interpreter)
    return interpreter.takeError();
  Problem problem = problemOf(whole, run.spec, part);
  EvaluateOptions evaluate;
  evaluate.forced = &problem.selections;
  evaluate.rows = rows;
  evaluate.plain = arithmetic > 0;
  evaluate.fused = arithmetic > 1;
  return interpreter->gradients(problem.inputs, problem.resultGradients,
                                evaluate);
}

llvm::Expected<Evaluations::Gradients>
Evaluations::evaluate(const std::vector<Part> &parts,
                      const std::vector<int64_t> *rows) {
  KernelSpec spec = run.spec;
  if (parts[0].batch >= 0) {
    spec.B = 1;
    spec.H /= spec.Hkv;
    spec.Hkv = 1;
  }
  auto text = bindVariant(*run.variant, spec, run.target);
  if (!text)
    return text.takeError();
  size_t count = parts.size() * kArithmetics;
  std::vector<Result> results(count);
  std::string problem;
  std::mutex mutex;
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t task; (task = next++) < count;) {
      auto result = evaluateOne(parts[task / kArithmetics],
                                int(task % kArithmetics), rows, *text);
      if (result) {
        results[task] = std::move(*result);
        continue;
      }
      std::lock_guard<std::mutex> lock(mutex);
      problem = llvm::toString(result.takeError());
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min<size_t>(options.threads, count); ++i)
    threads.emplace_back(work);
  work();
  for (std::thread &thread : threads)
    thread.join();
  if (!problem.empty())
    return makeError("check: {}", problem);
  Gradients out;
  for (size_t part = 0; part < parts.size(); ++part) {
    Result *of = &results[part * kArithmetics];
    for (auto &[name, exact] : of[0]) {
      if (rows && !exact.sampled)
        continue;
      Array plain = fartherFrom(exact.values, of[1].at(name).values,
                                of[2].at(name).values);
      out[name].push_back(
          {std::move(exact.values), std::move(plain), exact.terms});
    }
  }
  return std::move(out);
}

//===----------------------------------------------------------------------===//
// Comparing
//===----------------------------------------------------------------------===//

/// One array after the other.
static Array join(llvm::ArrayRef<const Array *> parts) {
  std::vector<double> data;
  for (const Array *part : parts)
    data.insert(data.end(), part->data.begin(), part->data.end());
  int64_t size = static_cast<int64_t>(data.size());
  return Array({size}, std::move(data));
}

llvm::Error llsa::tools::checkGradients(const CheckedRun &run,
                                        const GradientCheckOptions &options,
                                        CheckReport &check) {
  auto interpreter = makeInterpreter(*run.variant, run.spec, run.target);
  if (!interpreter)
    return interpreter.takeError();
  Problem whole;
  for (const Port &port : interpreter->inputs())
    whole.inputs.emplace(port.name, run.tensors->at(port.name).toArray());
  for (const Port &port : interpreter->selections())
    whole.selections.emplace(port.name, run.tensors->at(port.name).toIndices());
  for (const Port &port : interpreter->outputs())
    if (auto found = run.tensors->find("d" + port.name);
        found != run.tensors->end())
      whole.resultGradients.emplace(port.name, found->second.toArray());
  double lse = greatestLse(*run.tensors);
  Evaluations evaluations(run, options, whole);

  auto compare = [&](const std::string &name, const Array &actual,
                     const ReferenceGradient &expected, std::string part) {
    const HostTensor &gradient = run.gradients->at(name);
    DType units =
        interpreter->unitsOf(gradient.type(), gradient.shape().size());
    Comparison comparison = compareGradient(name, actual, expected, units, lse);
    check.outputs.push_back({name, std::move(comparison), std::move(part)});
  };

  std::vector<int64_t> rows =
      sampleRows(run.spec.M, options.samples, options.seed);
  bool isSampled = static_cast<int64_t>(rows.size()) < run.spec.M;
  std::vector<std::string> compared;
  if (isSampled) {
    auto gradients = evaluations.evaluate({Part()}, &rows);
    if (!gradients) {
      // The variant mixes queries: they are compared with the keys.
      llvm::consumeError(gradients.takeError());
      gradients = Evaluations::Gradients();
    }
    for (const auto &[argument, found] : *gradients) {
      std::string name = "d" + argument;
      auto actual = run.gradients->find(name);
      if (actual == run.gradients->end())
        continue;
      compare(name, actual->second.toArray(rows), found[0],
              fmt::format("{} of {} queries", rows.size(), run.spec.M));
      compared.push_back(name);
    }
  }

  std::vector<Part> parts = {Part()};
  int64_t heads = run.spec.B * run.spec.Hkv;
  if (canTakeHeads(*interpreter, run.spec)) {
    double pairs = check.keysPerQuery * double(run.spec.M) *
                   double(run.spec.H / run.spec.Hkv);
    int64_t wanted = heads;
    if (isSampled)
      wanted =
          std::clamp<int64_t>(int64_t(kPairs / std::max(pairs, 1.0)), 1, heads);
    parts.clear();
    // Turned by the seed: a sample of one would always be the first head.
    for (int64_t sample : sampleRows(heads, wanted, options.seed)) {
      int64_t head =
          int64_t((uint64_t(sample) + options.seed) % uint64_t(heads));
      parts.push_back({head / run.spec.Hkv, head % run.spec.Hkv});
    }
  }
  auto gradients = evaluations.evaluate(parts, nullptr);
  if (!gradients)
    return gradients.takeError();
  std::string share = parts[0].batch < 0 ? std::string("all heads")
                                         : fmt::format("{} of {} key heads",
                                                       parts.size(), heads);
  for (const auto &[name, tensor] : *run.gradients) {
    if (llvm::is_contained(compared, name))
      continue;
    auto found = gradients->find(name.substr(1));
    if (found == gradients->end())
      return makeError("check: the reference has no gradient '{}'", name);
    Array all = tensor.toArray();
    std::vector<Array> actual;
    std::vector<const Array *> actuals, exact, plain;
    double terms = 0;
    for (Part part : parts)
      actual.push_back(part.batch < 0 ? all : headsOf(all, run.spec, part));
    for (size_t i = 0; i < parts.size(); ++i) {
      actuals.push_back(&actual[i]);
      exact.push_back(&found->second[i].exact);
      plain.push_back(&found->second[i].plain);
      terms = std::max(terms, found->second[i].terms);
    }
    compare(name, join(actuals), {join(exact), join(plain), terms}, share);
  }
  return llvm::Error::success();
}
