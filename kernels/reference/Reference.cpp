//===- Reference.cpp - pool, select, invert, linear attention -------------===//
#include "kernels/reference/Reference.h"
#include "kernels/reference/Arithmetic.h"
#include <algorithm>
#include <limits>

using namespace llsa;
using namespace llsa::reference;
using namespace llsa::reference::detail;

Precision llsa::reference::plainPrecision(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return Precision::F32;
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
              {dot<double>(q.row(b, h, i), k.row(b, h / group, j), q.dim(3)),
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

//===----------------------------------------------------------------------===//
// linear attention
//===----------------------------------------------------------------------===//

/// phi of one row, every operator's result rounded.
template <typename Arithmetic>
static void applyPhi(const double *x, int64_t size, Phi phi,
                     std::vector<typename Arithmetic::Real> &out) {
  using Real = typename Arithmetic::Real;
  out.assign(x, x + size);
  if (phi == Phi::Softmax) {
    Real greatest = *std::max_element(out.begin(), out.end()), sum = 0;
    for (Real &value : out)
      sum += value = std::exp(value - greatest);
    for (Real &value : out)
      value = Arithmetic::round(value / sum);
    return;
  }
  for (Real &value : out) {
    if (phi == Phi::Relu) // written so that a NaN stays
      value = value < 0 ? Real(0) : value;
    else if (value > 0)
      value = Arithmetic::round(value + 1);
    else // elu(x) + 1 = exp(x); a framework rounds elu(x) first
      value = std::is_same_v<Real, double>
                  ? std::exp(value)
                  : Arithmetic::round(Arithmetic::round(std::expm1(value)) + 1);
  }
}

template <typename Arithmetic>
static Array linearAttendIn(const Array &q, const Array &k, const Array &v,
                            Phi phi) {
  using Real = typename Arithmetic::Real;
  int64_t group = headsPerKeyHead(q, k), size = q.dim(3);
  Array out(q.shape);
  std::vector<Real> phiRow, state(size * size), total(size), sums(size);
  for (int64_t b = 0; b < q.dim(0); ++b)
    for (int64_t h = 0; h < q.dim(1); ++h) {
      std::fill(state.begin(), state.end(), Real(0));
      std::fill(total.begin(), total.end(), Real(0));
      for (int64_t j = 0; j < k.dim(2); ++j) {
        applyPhi<Arithmetic>(k.row(b, h / group, j), size, phi, phiRow);
        const double *value = v.row(b, h / group, j);
        for (int64_t r = 0; r < size; ++r) {
          total[r] += phiRow[r];
          for (int64_t d = 0; d < size; ++d)
            state[r * size + d] += phiRow[r] * static_cast<Real>(value[d]);
        }
      }
      for (Real &value : state)
        value = Arithmetic::round(value);
      for (Real &value : total)
        value = Arithmetic::round(value);
      for (int64_t i = 0; i < q.dim(2); ++i) {
        applyPhi<Arithmetic>(q.row(b, h, i), size, phi, phiRow);
        Real denominator =
            Arithmetic::round(dot<Real>(phiRow.data(), total.data(), size));
        std::fill(sums.begin(), sums.end(), Real(0));
        for (int64_t r = 0; r < size; ++r)
          for (int64_t d = 0; d < size; ++d)
            sums[d] += phiRow[r] * state[r * size + d];
        for (int64_t d = 0; d < size; ++d)
          out.at(b, h, i, d) =
              denominator == 0
                  ? 0
                  : Arithmetic::round(Arithmetic::round(sums[d]) / denominator);
      }
    }
  return out;
}

Array llsa::reference::linearAttend(const Array &q, const Array &k,
                                    const Array &v, Phi phi,
                                    Precision precision) {
  headsPerKeyHead(q, k);
  require(k.shape == v.shape,
          "linearAttend: keys and values must have the same shape");
  return withArithmetic(precision, [&](auto arithmetic) {
    return linearAttendIn<decltype(arithmetic)>(q, k, v, phi);
  });
}
