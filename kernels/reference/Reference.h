//===- Reference.h - the ground truth, in plain loops -----------*- C++ -*-===//
//
// What every kernel must compute, written from the formulas in double
// precision: no MLIR, no CUDA, no code shared with the compiler, no cleverness.
// When the reference and a kernel disagree, read this folder beside the
// specification of the llsa dialect; it is short enough to be checked by eye.
//
// Every function also takes a Precision. With F32, BF16 or F16 it evaluates the
// same formula as a plain framework does in that type (PyTorch's eager mode:
// products accumulate in float32, every result of an operator is rounded to the
// type). The error of that evaluation is the yardstick for a kernel's error;
// see Compare.h.
//
// Tokens are [B, H, N, D]. Keys and values may have fewer heads Hkv than the
// queries: query head h uses key head h / (H / Hkv).
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_REFERENCE_H
#define LLSA_KERNELS_REFERENCE_REFERENCE_H

#include "kernels/reference/Array.h"
#include "runtime/program/KernelSpec.h"
#include <functional>
#include <vector>

namespace llsa::reference {

/// In what arithmetic a formula is evaluated.
enum class Precision {
  F64,  ///< the reference
  F32,  ///< plain float
  TF32, ///< plain float, but factors of matrix products have 11 bits
  BF16, ///< framework style: float inside an operator, bfloat16 between
  F16   ///< framework style: float inside an operator, float16 between
};

/// The precision of a framework's plain evaluation on inputs of this type; with
/// `tf32` that of float32 where a framework may use tf32.
Precision plainPrecision(DType dtype, bool tf32 = false);

//===----------------------------------------------------------------------===//
// pool, select, invert
//===----------------------------------------------------------------------===//

/// Means of aligned runs of `block` tokens: [B, H, ceil(N / block), D]. A last
/// run that is not full averages the tokens that exist.
Array pool(const Array &x, int64_t block, Precision precision = Precision::F64);

/// The coarser selection whose children are the candidates.
struct Within {
  const IndexArray *coarser = nullptr; ///< [B, H, ceil(M / block), k']
  int64_t block = 0;                   ///< children per entry, queries per row
};

struct Selection {
  IndexArray indices; ///< [B, H, M, topk]; -1 behind the last candidate
  Array scores;       ///< the same shape; NaN where indices is -1
};

/// The `topk` best keys per query by q . k, best first. Equal scores: the lower
/// index first. A NaN score is above every number, several by the lower index.
Selection select(const Array &q, const Array &k, int64_t topk,
                 Within within = {});

/// The candidates of query i in ascending order: all `keys` keys, or the
/// children (those that exist) of coarser row i / block; an entry named twice
/// appears twice.
std::vector<int32_t> candidatesOf(Within within, int64_t keys, int64_t b,
                                  int64_t h, int64_t i);

/// A selection turned around: for key c, rows[offsets[c] .. offsets[c+1]) are
/// the index rows that name c, ascending.
struct Inverted {
  IndexArray offsets; ///< [B, H, keys + 1]
  IndexArray rows;    ///< [B, H, M * k]; -1 behind offsets[keys]
};
Inverted invertIndices(const IndexArray &indices, int64_t keys);

//===----------------------------------------------------------------------===//
// attend
//===----------------------------------------------------------------------===//

/// One source of keys; see `#llsa.source` for the meaning.
struct Source {
  enum class Kind { Dense, Gathered, Window };
  Kind kind = Kind::Dense;
  const Array *keys = nullptr;   ///< [B, Hkv, n, D]
  const Array *values = nullptr; ///< likewise
  double weight = 1;
  int64_t span = 0; ///< level-0 tokens per key; 0: no span clause
  bool unweighted =
      false; ///< the span says where keys lie, not what they weigh

  const IndexArray *indices = nullptr; ///< gathered: [B, H, ceil(M / every), k]
  int64_t block = 0;                   ///< gathered: children per entry
  int64_t every = 0;                   ///< gathered: queries per index row

  int64_t before = 0; ///< window: query i sees keys i - before ..
  int64_t after = 0;  ///< window: .. to i + after

  static Source dense(const Array &keys, const Array &values, double weight = 1,
                      int64_t span = 0);
  static Source gathered(const Array &keys, const Array &values,
                         const IndexArray &indices, int64_t block,
                         int64_t every, double weight = 1, int64_t span = 0);
  static Source window(const Array &keys, const Array &values, int64_t before,
                       int64_t after, double weight = 1, int64_t span = 0);
};

/// (scaled score, batch, query head, query, the key's first level-0 token,
/// span)
using ScoreFunction = std::function<double(double s, int64_t b, int64_t h,
                                           int64_t i, int64_t j, int64_t span)>;
using MaskFunction = std::function<bool(double s, int64_t b, int64_t h,
                                        int64_t i, int64_t j, int64_t span)>;

struct AttendOptions {
  double scale = 0;    ///< 0: 1/sqrt(D)
  int64_t tokens = 0;  ///< level-0 tokens; 0: the keys of the first source
                       ///< without span. A key with span n weighs min(n, tokens
                       ///< - j * n), unless its source is unweighted.
  ScoreFunction score; ///< replaces the scaled score; none: it stays
  MaskFunction mask;   ///< false: the query does not see the key
  const std::vector<int64_t> *rows = nullptr; ///< sorted query rows to
                                              ///< evaluate; none: all
  Precision precision = Precision::F64;
  /// Sum q . k in one chain rather than in partial sums, and keep scores in
  /// float32 up to the softmax: frameworks' kernels do either, and the
  /// yardstick for ours is the worse of the two. One rounding may undo another
  /// by luck.
  bool fused = false;
};

struct AttendResult {
  Array output;    ///< [B, H, R, D], R = evaluated rows
  Array lse;       ///< [B, H, R]: natural log of sum of w exp(s)
  IndexArray seen; ///< [B, H, R]: keys that the query saw
};

/// One softmax over all sources. A query that sees no key (or keys of score
/// -infinity alone) gets output 0 and lse -infinity. A NaN, or a score of
/// +infinity, makes its own row NaN.
AttendResult attend(const Array &q, const std::vector<Source> &sources,
                    const AttendOptions &options = {});

//===----------------------------------------------------------------------===//
// linear attention
//===----------------------------------------------------------------------===//

enum class Phi {
  Softmax, ///< softmax over D
  Elu1,    ///< elu(x) + 1
  Relu
};

/// phi(q_i) (sum_j phi(k_j)^T v_j) / (phi(q_i) . sum_j phi(k_j)); 0 where the
/// denominator is 0.
Array linearAttend(const Array &q, const Array &k, const Array &v, Phi phi,
                   Precision precision = Precision::F64);

} // namespace llsa::reference

#endif // LLSA_KERNELS_REFERENCE_REFERENCE_H
