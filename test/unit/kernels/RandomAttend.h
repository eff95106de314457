//===- RandomAttend.h - small random attentions -----------------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_KERNELS_RANDOMATTEND_H
#define LLSA_TEST_UNIT_KERNELS_RANDOMATTEND_H

#include "kernels/reference/Gradients.h"
#include "test/unit/kernels/TestArrays.h"
#include <cmath>
#include <deque>

namespace llsa::reference {

/// An attention over one to three sources of any kind, drawn from a seed: GQA,
/// cross attention, spans with a short last one, empty and doubled index
/// entries, rows that see no key, a score function and a mask.
struct RandomAttend {
  Array q, outputGradient, lseGradient;
  std::deque<Array> arrays;       ///< keys and values, in turn
  std::deque<IndexArray> indices; ///< of the gathered sources
  std::vector<Source> sources;
  AttendOptions options;
  ScoreGradient score;
  bool withLse = false;

  explicit RandomAttend(uint64_t seed) : state(seed) {
    int64_t batch = upTo(2), keyHeads = upTo(2), heads = keyHeads * upTo(3);
    int64_t m = upTo(7), size = upTo(5), tokens = upTo(11);
    q = array({batch, heads, m, size});
    outputGradient = array({batch, heads, m, size});
    lseGradient = array({batch, heads, m});
    withLse = upTo(2) == 1;
    options.tokens = tokens;
    options.scale = upTo(2) == 1 ? 0 : 0.3;
    for (int64_t count = upTo(3); count > 0; --count)
      addSource(batch, keyHeads, heads, m, size, tokens);
    if (upTo(2) == 1)
      addScore();
    if (upTo(2) == 1) {
      int64_t reach = upTo(8) - 2;
      options.mask = [reach](double, int64_t, int64_t h, int64_t i, int64_t j,
                             int64_t span) {
        return j + span - 1 <= i + reach + h;
      };
    }
  }
  RandomAttend(const RandomAttend &) = delete; // sources point inside

  OutputGradients outputs() const {
    return {&outputGradient, withLse ? &lseGradient : nullptr};
  }

private:
  /// 1 .. most.
  int64_t upTo(int64_t most) {
    return 1 + static_cast<int64_t>(nextRandom(state) %
                                    static_cast<uint64_t>(most));
  }
  Array array(std::vector<int64_t> shape) {
    return randomArray(std::move(shape), nextRandom(state));
  }

  void addSource(int64_t batch, int64_t keyHeads, int64_t heads, int64_t m,
                 int64_t size, int64_t tokens) {
    int64_t span = upTo(2) == 1 ? 0 : upTo(4);
    int64_t count = span ? (tokens + span - 1) / span : upTo(11);
    double weight = upTo(2) == 1 ? 1 : 0.5;
    arrays.push_back(array({batch, keyHeads, count, size}));
    const Array &keys = arrays.back();
    arrays.push_back(array({batch, keyHeads, count, size}));
    const Array &values = arrays.back();
    switch (upTo(3)) {
    case 1:
      sources.push_back(Source::dense(keys, values, weight, span));
      break;
    case 2:
      sources.push_back(
          Source::window(keys, values, upTo(4) - 1, upTo(4) - 1, weight, span));
      break;
    default: {
      int64_t block = upTo(4), every = upTo(3), blocks = (count - 1) / block;
      indices.emplace_back(
          std::vector<int64_t>{batch, heads, (m + every - 1) / every, upTo(4)});
      for (int32_t &entry : indices.back().data)
        entry = static_cast<int32_t>(upTo(blocks + 2) - 2);
      sources.push_back(Source::gathered(keys, values, indices.back(), block,
                                         every, weight, span));
    }
    }
    sources.back().unweighted = span && upTo(3) == 1;
  }

  /// A soft cap with a bias that depends on the pair.
  void addScore() {
    options.score = [](double s, int64_t b, int64_t h, int64_t i, int64_t j,
                       int64_t span) {
      return 1.5 * std::tanh(s) + 0.1 * double(i - j) + 0.2 * double(h + b) -
             0.05 * double(span);
    };
    score.derivative = [](double s, int64_t, int64_t, int64_t, int64_t,
                          int64_t) {
      return 1.5 * (1 - std::tanh(s) * std::tanh(s));
    };
  }

  uint64_t state;
};

} // namespace llsa::reference

#endif // LLSA_TEST_UNIT_KERNELS_RANDOMATTEND_H
