//===- HierarchySources.h - what a query of LLSA attends to -----*- C++ -*-===//
//
// Private to kernels/reference.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_HIERARCHYSOURCES_H
#define LLSA_KERNELS_REFERENCE_HIERARCHYSOURCES_H

#include "kernels/reference/Hierarchy.h"

namespace llsa::reference::detail {

/// The sources of a hierarchy with the pooled keys and values that they read.
/// Source l reads the tokens of level l. The tokens and indices must live as
/// long as this.
class HierarchySources {
public:
  /// Pools in `precision`.
  HierarchySources(const Array &k, const Array &v, const Hierarchy &hierarchy,
                   const std::vector<IndexArray> &indices, Precision precision);
  HierarchySources(const HierarchySources &) = delete; // sources point inside
  HierarchySources &operator=(const HierarchySources &) = delete;

  const std::vector<Source> &sources() const { return list; }

private:
  std::vector<Array> keys, values; ///< X^(1) .. X^(levels)
  std::vector<Source> list;
};

} // namespace llsa::reference::detail

#endif // LLSA_KERNELS_REFERENCE_HIERARCHYSOURCES_H
