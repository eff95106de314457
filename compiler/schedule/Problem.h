//===- Problem.h - the sizes of one kernel ----------------------*- C++ -*-===//
#ifndef LLSA_COMPILER_SCHEDULE_PROBLEM_H
#define LLSA_COMPILER_SCHEDULE_PROBLEM_H

#include <cstdint>
#include <vector>

namespace llsa {

/// What a launch does, as far as its tile sizes depend on it.
struct Problem {
  enum class Kind {
    Attend,   ///< queries against sources of keys (linear attention too)
    Select,   ///< queries against candidates
    KeyGrad,  ///< keys (as `queries`) against the queries that see them
    BiasGrad, ///< queries against sources, sums anywhere in a tensor
    Pool,     ///< means of blocks, `depth` levels at once
    Invert,   ///< index rows by key: `queries` keys
    Map       ///< row by row: elementwise ops
  };

  Kind kind = Kind::Map;
  int64_t heads = 1;   ///< of all batches; pool: of all tensors, too
  int64_t queries = 1; ///< rows of one head: queries; pool: input tokens
  int64_t depth = 1;   ///< size of the last dimension
  /// Queries that share an index row; tiles never cross from one such run to
  /// the next. Several sources: their gcd. 0: no index rows.
  int64_t granule = 0;
  /// One per source: keys that a query meets there (blocks that an index row
  /// names times their size, for a gathered source).
  std::vector<int64_t> keys;
  /// Block sizes of the gathered sources (a selection within a coarser one).
  std::vector<int64_t> blocks;
  bool windows = false;  ///< a source is a window, whose keys every tile
                         ///< loads for itself
  bool gradient = false; ///< attend: two products with keys a step
  bool region = false;   ///< attend, key gradient: has a score or mask region
  int64_t topk = 0;      ///< selection: length of a list
  int64_t elementBytes = 4; ///< of queries, keys and values
  int64_t streamed = 0;     ///< key gradient: queries of a head
  /// Key gradient of a gathered source whose index is at hand: the blocks that
  /// an index row names, and the queries that share it. 0: not so.
  int64_t rowBlocks = 0, rowQueries = 0;
  int64_t owners = 1;       ///< bias gradient: how many of `heads` share no
                            ///< element of the tensor with another
  bool ownsQueries = false; ///< bias gradient: nor do queries of a head
  int64_t elements = 1;     ///< bias gradient: of the tensor
  int64_t block = 0;        ///< pool: tokens of a block
  int64_t levels = 1;       ///< pool: levels made at once
};

} // namespace llsa

#endif // LLSA_COMPILER_SCHEDULE_PROBLEM_H
