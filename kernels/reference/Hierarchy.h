//===- Hierarchy.h - LLSA of any depth, from the reference's parts -*- C++
//-*-===//
//
// The composite attention (`llsa.attention`) written with pool, select and
// attend: the shape that tools and tests compare whole kernels with. Level l of
// a list stands at position l - 1.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_HIERARCHY_H
#define LLSA_KERNELS_REFERENCE_HIERARCHY_H

#include "kernels/reference/IndexCheck.h"
#include "kernels/reference/Reference.h"

namespace llsa::reference {

struct Hierarchy {
  int64_t block = 16;
  int64_t levels = 1;              ///< 0: full attention
  std::vector<int64_t> topk = {8}; ///< one for all levels, or one per level
  bool enrichment = true;          ///< attend to the coarse levels too
  bool reweighting = true;         ///< a coarse token weighs what it averages

  int64_t topkAt(int64_t level) const {
    return topk.size() == 1 ? topk[0] : topk[static_cast<size_t>(level - 1)];
  }
};

/// The paper's rule for the number of levels: floor(log_block tokens) - 1, at
/// least 1.
int64_t defaultLevels(int64_t tokens, int64_t block);

/// X^(1) .. X^(levels).
std::vector<Array> poolLevels(const Array &x, int64_t block, int64_t levels,
                              Precision precision = Precision::F64);

/// I^(1) .. I^(levels), coarse to fine, on pooled tokens as a kernel stores
/// them in `dtype`.
std::vector<IndexArray> selectLevels(const Array &q, const Array &k,
                                     const Hierarchy &hierarchy, DType dtype);

/// Checks the selections of a run, each level within the run's own coarser one.
IndexCheck checkLevels(const Array &q, const Array &k,
                       const Hierarchy &hierarchy, DType dtype,
                       const std::vector<IndexArray> &actual);

/// The attention of the hierarchy with these selections. `options.tokens` is
/// set here; the pooled keys and values are made in `options.precision`.
AttendResult attendLevels(const Array &q, const Array &k, const Array &v,
                          const Hierarchy &hierarchy,
                          const std::vector<IndexArray> &indices,
                          AttendOptions options = {});

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_HIERARCHY_H
