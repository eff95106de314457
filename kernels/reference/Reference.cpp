//===- Reference.cpp - pool, select, invert -------------------------------===//
#include "kernels/reference/Reference.h"
#include "kernels/reference/Arithmetic.h"
#include <algorithm>
#include <limits>

using namespace llsa;
using namespace llsa::reference;
using namespace llsa::reference::detail;

Precision llsa::reference::plainPrecision(DType dtype, bool tf32) {
  switch (dtype) {
  case DType::F32:
    return tf32 ? Precision::TF32 : Precision::F32;
  case DType::BF16:
    return Precision::BF16;
  case DType::F16:
    return Precision::F16;
  }
  misuse("plainPrecision: unknown element type");
}

//===----------------------------------------------------------------------===//
// pool
//===----------------------------------------------------------------------===//

template <typename Arithmetic>
static Array poolIn(const Array &x, int64_t block) {
  using Real = typename Arithmetic::Real;
  int64_t n = x.dim(2), coarse = (n + block - 1) / block;
  Array out({x.dim(0), x.dim(1), coarse, x.dim(3)});
  for (int64_t b = 0; b < x.dim(0); ++b)
    for (int64_t h = 0; h < x.dim(1); ++h)
      for (int64_t i = 0; i < coarse; ++i) {
        int64_t first = i * block, last = std::min(first + block, n);
        for (int64_t d = 0; d < x.dim(3); ++d) {
          Real sum = 0;
          for (int64_t j = first; j < last; ++j)
            sum += static_cast<Real>(x.at(b, h, j, d));
          out.at(b, h, i, d) =
              Arithmetic::round(sum / static_cast<Real>(last - first));
        }
      }
  return out;
}

Array llsa::reference::pool(const Array &x, int64_t block,
                            Precision precision) {
  require(x.rank() == 4, "pool: the input must have rank 4");
  require(block >= 1, "pool: the block must be positive");
  return withArithmetic(precision, [&](auto arithmetic) {
    return poolIn<decltype(arithmetic)>(x, block);
  });
}

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

std::vector<int32_t> llsa::reference::candidatesOf(Within within, int64_t keys,
                                                   int64_t b, int64_t h,
                                                   int64_t i) {
  std::vector<int32_t> candidates;
  if (!within.coarser) {
    candidates.resize(static_cast<size_t>(keys));
    std::iota(candidates.begin(), candidates.end(), 0);
    return candidates;
  }
  const IndexArray &coarser = *within.coarser;
  require(i / within.block < coarser.dim(2),
          "select: too few rows in the coarser selection");
  const int32_t *row = coarser.row(b, h, i / within.block);
  for (int64_t entry = 0; entry < coarser.dim(3); ++entry) {
    int64_t first = int64_t(row[entry]) * within.block;
    if (row[entry] < 0)
      continue;
    for (int64_t j = first; j < std::min(first + within.block, keys); ++j)
      candidates.push_back(static_cast<int32_t>(j));
  }
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

Selection llsa::reference::select(const Array &q, const Array &k, int64_t topk,
                                  Within within) {
  int64_t group = headsPerKeyHead(q, k);
  require(topk >= 1, "select: topk must be at least 1");
  if (within.coarser)
    require(within.block >= 1 && within.coarser->rank() == 4 &&
                within.coarser->dim(0) == q.dim(0) &&
                within.coarser->dim(1) == q.dim(1),
            "select: the coarser selection must be [B, H, ceil(M / block), k]");

  std::vector<int64_t> shape = {q.dim(0), q.dim(1), q.dim(2), topk};
  Selection out{IndexArray(shape, -1),
                Array(shape, std::numeric_limits<double>::quiet_NaN())};

  struct Scored {
    double score;
    int32_t index;
  };
  auto better = [](const Scored &a, const Scored &b) {
    bool nanA = std::isnan(a.score), nanB = std::isnan(b.score);
    if (nanA != nanB)
      return nanA;
    if (!nanA && a.score != b.score)
      return a.score > b.score;
    return a.index < b.index;
  };

  std::vector<Scored> scored;
  std::vector<int32_t> candidates;
  for (int64_t b = 0; b < q.dim(0); ++b)
    for (int64_t h = 0; h < q.dim(1); ++h)
      for (int64_t i = 0; i < q.dim(2); ++i) {
        if (within.coarser || candidates.empty())
          candidates = candidatesOf(within, k.dim(2), b, h, i);
        scored.clear();
        for (int32_t j : candidates)
          scored.push_back(
              {dot<Float64>(q.row(b, h, i), k.row(b, h / group, j), q.dim(3)),
               j});
        int64_t kept = std::min<int64_t>(topk, scored.size());
        std::partial_sort(scored.begin(), scored.begin() + kept, scored.end(),
                          better);
        for (int64_t r = 0; r < kept; ++r) {
          out.indices.at(b, h, i, r) = scored[r].index;
          out.scores.at(b, h, i, r) = scored[r].score;
        }
      }
  return out;
}

//===----------------------------------------------------------------------===//
// invert
//===----------------------------------------------------------------------===//

Inverted llsa::reference::invertIndices(const IndexArray &indices,
                                        int64_t keys) {
  require(indices.rank() == 4, "invertIndices: the indices must have rank 4");
  int64_t batch = indices.dim(0), heads = indices.dim(1), m = indices.dim(2),
          width = indices.dim(3);
  Inverted out{IndexArray({batch, heads, keys + 1}),
               IndexArray({batch, heads, m * width}, -1)};
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h) {
      std::vector<std::vector<int32_t>> rowsOf(static_cast<size_t>(keys));
      for (int64_t i = 0; i < m; ++i)
        for (int64_t entry = 0; entry < width; ++entry) {
          int32_t c = indices.at(b, h, i, entry);
          require(c < keys,
                  "invertIndices: an index names a key that does not exist");
          if (c >= 0)
            rowsOf[c].push_back(static_cast<int32_t>(i));
        }
      int64_t filled = 0;
      for (int64_t c = 0; c < keys; ++c) {
        for (int32_t row : rowsOf[c])
          out.rows.at(b, h, filled++) = row;
        out.offsets.at(b, h, c + 1) = static_cast<int32_t>(filled);
      }
    }
  return out;
}
