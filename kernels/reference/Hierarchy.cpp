//===- Hierarchy.cpp - LLSA of any depth, from the reference's parts ------===//
#include "kernels/reference/Hierarchy.h"
#include "kernels/reference/HierarchySources.h"
#include <algorithm>
#include <fmt/format.h>

using namespace llsa;
using namespace llsa::reference;

int64_t llsa::reference::defaultLevels(int64_t tokens, int64_t block) {
  int64_t logarithm = 0;
  for (int64_t rest = tokens; rest >= block; rest /= block)
    ++logarithm;
  return std::max<int64_t>(1, logarithm - 1);
}

std::vector<Array> llsa::reference::poolLevels(const Array &x, int64_t block,
                                               int64_t levels,
                                               Precision precision) {
  std::vector<Array> out;
  for (int64_t level = 1; level <= levels; ++level)
    out.push_back(pool(level == 1 ? x : out.back(), block, precision));
  return out;
}

/// X^(1) .. X^(levels) as stored, with their slack.
static std::vector<Slacked>
poolLevelsStored(const Array &x, const Hierarchy &hierarchy, DType dtype) {
  std::vector<Slacked> out;
  for (int64_t level = 1; level <= hierarchy.levels; ++level)
    out.push_back(level == 1 ? poolStored(exact(x), hierarchy.block, dtype)
                             : poolStored(out.back(), hierarchy.block, dtype));
  return out;
}

/// The candidates of level `level`: the children of the coarser selection.
static Within withinOf(const std::vector<IndexArray> &indices,
                       const Hierarchy &hierarchy, int64_t level) {
  if (level == hierarchy.levels)
    return {};
  return {&indices[static_cast<size_t>(level)], hierarchy.block};
}

std::vector<IndexArray>
llsa::reference::selectLevels(const Array &q, const Array &k,
                              const Hierarchy &hierarchy, DType dtype) {
  std::vector<Slacked> queries = poolLevelsStored(q, hierarchy, dtype),
                       keys = poolLevelsStored(k, hierarchy, dtype);
  std::vector<IndexArray> out(static_cast<size_t>(hierarchy.levels));
  for (int64_t level = hierarchy.levels; level >= 1; --level)
    out[level - 1] =
        select(queries[level - 1].value, keys[level - 1].value,
               hierarchy.topkAt(level), withinOf(out, hierarchy, level))
            .indices;
  return out;
}

IndexCheck llsa::reference::checkLevels(const Array &q, const Array &k,
                                        const Hierarchy &hierarchy, DType dtype,
                                        const std::vector<IndexArray> &actual) {
  require(static_cast<int64_t>(actual.size()) == hierarchy.levels,
          "checkLevels: one selection per level is needed");
  std::vector<Slacked> queries = poolLevelsStored(q, hierarchy, dtype),
                       keys = poolLevelsStored(k, hierarchy, dtype);
  IndexCheck out;
  for (int64_t level = hierarchy.levels; level >= 1; --level) {
    out.add(checkSelection(fmt::format("i{}", level), actual[level - 1],
                           queries[level - 1], keys[level - 1],
                           hierarchy.topkAt(level),
                           withinOf(actual, hierarchy, level)));
    // A wrong selection makes nonsense of the candidates below it.
    if (!out.ok())
      break;
  }
  return out;
}

AttendResult llsa::reference::attendLevels(
    const Array &q, const Array &k, const Array &v, const Hierarchy &hierarchy,
    const std::vector<IndexArray> &indices, AttendOptions options) {
  options.tokens = k.dim(2);
  detail::HierarchySources made(k, v, hierarchy, indices, options.precision);
  return attend(q, made.sources(), options);
}
