//===- HierarchySources.cpp - what a query of LLSA attends to -------------===//
#include "kernels/reference/HierarchySources.h"

using namespace llsa::reference;
using namespace llsa::reference::detail;

HierarchySources::HierarchySources(const Array &k, const Array &v,
                                   const Hierarchy &hierarchy,
                                   const std::vector<IndexArray> &indices,
                                   Precision precision) {
  require(static_cast<int64_t>(indices.size()) == hierarchy.levels,
          "attendLevels: one selection per level is needed");
  if (hierarchy.levels == 0) {
    list = {Source::dense(k, v)};
    return;
  }
  list = {Source::gathered(k, v, indices[0], hierarchy.block, hierarchy.block)};
  if (!hierarchy.enrichment)
    return;
  keys = poolLevels(k, hierarchy.block, hierarchy.levels, precision);
  values = poolLevels(v, hierarchy.block, hierarchy.levels, precision);
  int64_t span = 1, every = hierarchy.block;
  for (int64_t level = 1; level <= hierarchy.levels; ++level) {
    span *= hierarchy.block;
    every *= hierarchy.block;
    const Array &levelKeys = keys[level - 1], &levelValues = values[level - 1];
    list.push_back(level == hierarchy.levels
                       ? Source::dense(levelKeys, levelValues, 1, span)
                       : Source::gathered(levelKeys, levelValues,
                                          indices[level], hierarchy.block,
                                          every, 1, span));
    list.back().unweighted = !hierarchy.reweighting;
  }
}
