//===- ImageTokens.cpp - q, k and v of a photograph -----------------------===//
#include "tools/io/Files.h"
#include "tools/io/Random.h"
#include "tools/io/Tokens.h"
#include <algorithm>
#include <cmath>

using namespace llsa::tools;

namespace {
/// What a pixel looks like: colour (3), blurred colour (3), gradients of the
/// brightness (2), local contrast (1), a constant (1).
constexpr int64_t kNumFeatures = 10;
using Features = std::array<float, kNumFeatures>;

/// Streams of the projections; their numbers are part of the data's definition.
enum Stream : uint64_t { kShared = 101, kOwnQ, kOwnK, kValue };
} // namespace

/// A pixel's channel in -1 .. 1, the nearest pixel outside the picture's edge.
static float channelAt(const Image &image, int64_t x, int64_t y, int c) {
  x = std::clamp<int64_t>(x, 0, image.width - 1);
  y = std::clamp<int64_t>(y, 0, image.height - 1);
  return float(image.at(x, y)[c]) / 127.5f - 1;
}

static float brightnessAt(const Image &image, int64_t x, int64_t y) {
  return (channelAt(image, x, y, 0) + channelAt(image, x, y, 1) +
          channelAt(image, x, y, 2)) /
         3;
}

static Features featuresAt(const Image &image, int64_t x, int64_t y) {
  Features out;
  for (int c = 0; c < 3; ++c) {
    out[c] = 2 * channelAt(image, x, y, c);
    float sum = 0;
    for (int64_t dy = -2; dy <= 2; ++dy)
      for (int64_t dx = -2; dx <= 2; ++dx)
        sum += channelAt(image, x + dx, y + dy, c);
    out[3 + c] = 2 * sum / 25;
  }
  out[6] = 2 * (brightnessAt(image, x + 1, y) - brightnessAt(image, x - 1, y));
  out[7] = 2 * (brightnessAt(image, x, y + 1) - brightnessAt(image, x, y - 1));
  float contrast = 0, here = (out[3] + out[4] + out[5]) / 6;
  for (int64_t dy = -1; dy <= 1; ++dy)
    for (int64_t dx = -1; dx <= 1; ++dx)
      contrast += std::fabs(brightnessAt(image, x + dx, y + dy) - here);
  out[8] = contrast / 3;
  out[9] = 0.5f;
  return out;
}

/// A D x features matrix per head, `shared` parts of the shared stream and the
/// rest of its own.
static std::vector<float> makeProjection(uint64_t seed, int64_t heads,
                                         int64_t headsPerShared, int64_t dim,
                                         Stream own, float shared) {
  Random common(seed, kShared), mine(seed, own);
  float rest = std::sqrt(1 - shared * shared);
  std::vector<float> out(static_cast<size_t>(heads * dim * kNumFeatures));
  uint64_t perHead = static_cast<uint64_t>(dim * kNumFeatures), element = 0;
  for (int64_t h = 0; h < heads; ++h)
    for (uint64_t e = 0; e < perHead; ++e, ++element)
      out[element] =
          shared * common.normal(uint64_t(h / headsPerShared) * perHead + e) +
          rest * mine.normal(element);
  return out;
}

namespace {
/// Cosine and sine of position * 10000^(-i / pairs).
class Rope {
public:
  Rope(int64_t positions, int64_t dim) : pairs(dim / 4) {
    for (int64_t p = 0; p < positions; ++p)
      for (int64_t i = 0; i < pairs; ++i) {
        double angle =
            double(p) * std::pow(10000.0, -double(i) / double(pairs));
        cosine.push_back(float(std::cos(angle)));
        sine.push_back(float(std::sin(angle)));
      }
  }

  /// Turns the pairs (0, 1), (2, 3), ... of half a row.
  void turn(float *half, int64_t position) const {
    const float *c = cosine.data() + position * pairs,
                *s = sine.data() + position * pairs;
    for (int64_t i = 0; i < pairs; ++i) {
      float a = half[2 * i], b = half[2 * i + 1];
      half[2 * i] = a * c[i] - b * s[i];
      half[2 * i + 1] = a * s[i] + b * c[i];
    }
  }

private:
  const int64_t pairs;
  std::vector<float> cosine, sine;
};
} // namespace

static void normalise(float *row, int64_t dim) {
  float sum = 0;
  for (int64_t d = 0; d < dim; ++d)
    sum += row[d] * row[d];
  float factor = 1 / std::sqrt(sum / float(dim) + 1e-6f);
  for (int64_t d = 0; d < dim; ++d)
    row[d] *= factor;
}

llvm::Expected<Tokens> llsa::tools::imageTokens(const Image &image,
                                                const TokenOrder &order,
                                                const TokenShape &shape,
                                                uint64_t seed) {
  int64_t pixels = image.width * image.height;
  if (order.grid.frames != 1 || order.grid.height != image.height ||
      order.grid.width != image.width)
    return makeError(
        "picture: the token order is of {} x {} x {}, the picture {} x {}",
        order.grid.frames, order.grid.height, order.grid.width, image.height,
        image.width);
  if (shape.M != pixels || shape.N != pixels)
    return makeError(
        "picture: its {} pixels are as many tokens, expected {} queries and {} "
        "keys",
        pixels, shape.M, shape.N);
  if (shape.D < 4 || shape.D % 4 != 0)
    return makeError(
        "picture: expected a head size that is a multiple of 4, got {}",
        shape.D);

  std::vector<Features> features(static_cast<size_t>(pixels));
  for (int64_t n = 0; n < pixels; ++n)
    features[n] = featuresAt(image, order.cellOf[n] % image.width,
                             order.cellOf[n] / image.width);

  Rope rope(std::max(image.width, image.height), shape.D);
  auto project = [&](std::vector<float> &out, int64_t heads,
                     const std::vector<float> &projection, bool attends) {
    out.resize(static_cast<size_t>(heads * pixels * shape.D));
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t n = 0; n < pixels; ++n) {
        float *row = out.data() + (h * pixels + n) * shape.D;
        const float *matrix = projection.data() + h * shape.D * kNumFeatures;
        for (int64_t d = 0; d < shape.D; ++d) {
          float sum = 0;
          for (int64_t f = 0; f < kNumFeatures; ++f)
            sum += matrix[d * kNumFeatures + f] * features[n][f];
          row[d] = sum;
        }
        if (!attends)
          continue;
        normalise(row, shape.D);
        rope.turn(row, order.cellOf[n] % image.width);
        rope.turn(row + shape.D / 2, order.cellOf[n] / image.width);
      }
  };
  Tokens out;
  out.shape = shape;
  int64_t queryHeads = shape.B * shape.H, keyHeads = shape.B * shape.Hkv;
  project(out.q, queryHeads,
          makeProjection(seed, queryHeads, shape.H / shape.Hkv, shape.D, kOwnQ,
                         0.9f),
          true);
  project(out.k, keyHeads,
          makeProjection(seed, keyHeads, 1, shape.D, kOwnK, 0.9f), true);
  project(out.v, keyHeads,
          makeProjection(seed, keyHeads, 1, shape.D, kValue, 0), false);
  return out;
}
