//===- Tokens.cpp - random and structured inputs --------------------------===//
#include "tools/io/Tokens.h"
#include "tools/io/Parallel.h"
#include "tools/io/Random.h"
#include <cmath>

using namespace llsa::tools;

namespace {
/// Streams of random numbers; their numbers are part of the data's definition.
enum TokenStream : uint64_t {
  kQ = 1,
  kK,
  kV,
  kCentreOf,
  kCentres,
  kOctaves = 16
};
} // namespace

static void fillNormal(std::vector<float> &out, int64_t count,
                       const Random &random) {
  out.resize(static_cast<size_t>(count));
  inParallelRanges(count, [&](int64_t first, int64_t last) {
    for (int64_t e = first; e < last; ++e)
      out[size_t(e)] = random.normal(uint64_t(e));
  });
}

Tokens llsa::tools::randomTokens(const TokenShape &shape, uint64_t seed) {
  Tokens out;
  out.shape = shape;
  fillNormal(out.q, shape.numQueryElements(), Random(seed, kQ));
  fillNormal(out.k, shape.numKeyElements(), Random(seed, kK));
  fillNormal(out.v, shape.numKeyElements(), Random(seed, kV));
  return out;
}

//===----------------------------------------------------------------------===//
// structured
//===----------------------------------------------------------------------===//

namespace {
/// A smooth random curve through D dimensions, sampled at tokens: the sum of
/// octaves, each a random vector every 2^shift tokens with a smooth blend
/// between. The slowest octave's vectors are drawn from few centres.
class SmoothField {
public:
  SmoothField(uint64_t seed, uint64_t head, int64_t dim)
      : seed(seed), head(head), dim(dim), left(kCount), right(kCount) {}

  /// Writes token n's vector; quickest when n ascends.
  void sample(int64_t n, float *out) {
    std::fill(out, out + dim, 0.0f);
    for (int octave = 0; octave < kCount; ++octave) {
      int64_t cell = n >> kShift[octave];
      if (cell != cells[octave])
        moveTo(octave, cell);
      float t = float(n - (cell << kShift[octave])) /
                float(int64_t(1) << kShift[octave]);
      float blend = t * t * (3 - 2 * t);
      const float *a = left[octave].data(), *b = right[octave].data();
      for (int64_t d = 0; d < dim; ++d)
        out[d] += kWeight[octave] * (a[d] + blend * (b[d] - a[d]));
    }
  }

private:
  static constexpr int kCount = 3;
  static constexpr int kShift[kCount] = {10, 7, 4};
  static constexpr float kWeight[kCount] = {1.0f, 0.6f, 0.3f};
  static constexpr uint64_t kNumCentres = 24;

  void moveTo(int octave, int64_t cell) {
    cells[octave] = cell;
    fillVector(octave, cell, left[octave]);
    fillVector(octave, cell + 1, right[octave]);
  }
  void fillVector(int octave, int64_t cell, std::vector<float> &out) {
    out.resize(static_cast<size_t>(dim));
    uint64_t which = static_cast<uint64_t>(cell);
    uint64_t stream = kOctaves + static_cast<uint64_t>(octave);
    if (octave == 0) {
      which = Random(seed, kCentreOf).bits(head << 32 | which) % kNumCentres;
      stream = kCentres;
    }
    Random random(seed, stream);
    for (int64_t d = 0; d < dim; ++d)
      out[d] = random.normal((head << 44) ^ (which << 12) ^
                             static_cast<uint64_t>(d));
  }

  const uint64_t seed, head;
  const int64_t dim;
  int64_t cells[kCount] = {-1, -1, -1};
  std::vector<std::vector<float>> left, right;
};
} // namespace

/// Field plus a little noise for every row of [heads, tokens, D].
static void fillStructured(std::vector<float> &out, int64_t heads,
                           int64_t headsPerField, int64_t tokens, int64_t dim,
                           uint64_t seed, uint64_t fieldSeed,
                           TokenStream noiseStream) {
  constexpr float kNoise = 0.15f;
  out.resize(static_cast<size_t>(heads * tokens * dim));
  Random noise(seed, noiseStream);
  inParallel(heads, [&](int64_t h) {
    SmoothField field(fieldSeed, static_cast<uint64_t>(h / headsPerField), dim);
    uint64_t element = static_cast<uint64_t>(h * tokens * dim);
    for (int64_t n = 0; n < tokens; ++n) {
      float *row = out.data() + element;
      field.sample(n, row);
      for (int64_t d = 0; d < dim; ++d, ++element)
        row[d] += kNoise * noise.uniform(element);
    }
  });
}

Tokens llsa::tools::structuredTokens(const TokenShape &shape, uint64_t seed) {
  Tokens out;
  out.shape = shape;
  uint64_t keyField = mix(seed), valueField = mix(seed ^ 1);
  fillStructured(out.q, shape.B * shape.H, shape.H / shape.Hkv, shape.M,
                 shape.D, seed, keyField, kQ);
  fillStructured(out.k, shape.B * shape.Hkv, 1, shape.N, shape.D, seed,
                 keyField, kK);
  fillStructured(out.v, shape.B * shape.Hkv, 1, shape.N, shape.D, seed,
                 valueField, kV);
  return out;
}
