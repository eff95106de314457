//===- Check.cpp - a run against the float64 reference --------------------===//
#include "tools/llsa-run/Check.h"
#include "tools/io/Files.h"
#include "tools/io/Random.h"
#include <algorithm>
#include <cmath>
#include <set>

using namespace llsa;
using namespace llsa::tools;
using namespace llsa::reference;

bool CheckReport::ok() const { return message().empty(); }

std::string CheckReport::message() const {
  if (!indices.ok())
    return indices.message;
  for (const OutputCheck &output : outputs)
    if (!output.comparison.ok())
      return output.comparison.message;
  return "";
}

const OutputCheck *CheckReport::worst() const {
  auto badness = [](const OutputCheck &output) {
    const Comparison &c = output.comparison;
    if (c.wrongKind > 0)
      return HUGE_VAL;
    return c.maxError == 0 ? 0 : c.maxError / c.allowedError;
  };
  const OutputCheck *worst = nullptr;
  for (const OutputCheck &output : outputs)
    if (!worst || badness(output) > badness(*worst))
      worst = &output;
  return worst;
}

std::vector<int64_t> llsa::tools::sampleRows(int64_t total, int64_t count,
                                             uint64_t seed) {
  std::vector<int64_t> rows;
  if (count <= 0 || count >= total) {
    for (int64_t row = 0; row < total; ++row)
      rows.push_back(row);
    return rows;
  }
  std::set<int64_t> chosen = {0, total - 1};
  if (count == 1)
    chosen.erase(total - 1);
  Random random(seed, /*stream=*/77);
  for (uint64_t n = 0; static_cast<int64_t>(chosen.size()) < count; ++n)
    chosen.insert(static_cast<int64_t>(random.bits(n) % uint64_t(total)));
  rows.assign(chosen.begin(), chosen.end());
  return rows;
}

/// Integers that are no selections must be equal.
static void compareIntegers(const std::string &name, const Array &actual,
                            const Array &expected, IndexCheck &out) {
  ++out.rows;
  for (size_t e = 0; e < expected.data.size(); ++e) {
    if (actual.data[e] == expected.data[e])
      continue;
    ++out.mismatches;
    if (out.message.empty())
      out.message = fmt::format("{}: element {} is {}, expected {}", name, e,
                                actual.data[e], expected.data[e]);
    return;
  }
}

Array llsa::tools::fartherFrom(const Array &exact, const Array &x,
                               const Array &y) {
  Array result = x;
  for (size_t e = 0; e < result.data.size(); ++e)
    if (std::abs(y.data[e] - exact.data[e]) >
        std::abs(x.data[e] - exact.data[e]))
      result.data[e] = y.data[e];
  return result;
}

llvm::Expected<CheckReport>
llsa::tools::checkRun(const Interpreter &interpreter,
                      const NamedTensors &inputs, const NamedTensors &outputs,
                      const std::vector<int64_t> *rows) {
  NamedArrays arrays;
  for (const auto &[name, tensor] : inputs)
    arrays.emplace(name, tensor.toArray());
  NamedIndices selections;
  for (const Port &port : interpreter.selections()) {
    auto found = outputs.find(port.name);
    if (found == outputs.end())
      return makeError("check: the run has no indices '{}'", port.name);
    selections.emplace(port.name, found->second.toIndices());
  }

  CheckReport out;
  llvm::Expected<IndexCheck> indices =
      interpreter.checkSelections(arrays, selections);
  if (!indices)
    return indices.takeError();
  out.indices = std::move(*indices);

  EvaluateOptions options;
  options.forced = &selections;
  options.rows = rows;
  llvm::Expected<Evaluation> exact = interpreter.evaluate(arrays, options);
  if (!exact)
    return exact.takeError();
  options.plain = true;
  llvm::Expected<Evaluation> plain = interpreter.evaluate(arrays, options);
  if (!plain)
    return plain.takeError();
  options.fused = true;
  llvm::Expected<Evaluation> other = interpreter.evaluate(arrays, options);
  if (!other)
    return other.takeError();
  out.keysPerQuery = exact->keysPerQuery();
  for (const Port &port : interpreter.outputs()) {
    if (selections.count(port.name))
      continue;
    auto actual = outputs.find(port.name);
    if (actual == outputs.end())
      return makeError("check: the run has no result '{}'", port.name);
    const EvaluatedOutput &truth = exact->outputs.at(port.name);
    Array values = truth.sampled ? actual->second.toArray(*rows)
                                 : actual->second.toArray();
    if (isInteger(port.type)) {
      compareIntegers(port.name, values, truth.values, out.indices);
      continue;
    }
    out.outputs.push_back(
        {port.name,
         compareValues(port.name, values, truth.values,
                       fartherFrom(truth.values,
                                   plain->outputs.at(port.name).values,
                                   other->outputs.at(port.name).values),
                       interpreter.unitsOf(port.type, port.shape.size())),
         /*part=*/""});
  }
  return out;
}
