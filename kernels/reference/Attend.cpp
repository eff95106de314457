//===- Attend.cpp - one softmax over a list of sources --------------------===//
//
// For one query: list the keys that it sees with their weights, score them,
// take the softmax, sum the values. The plain evaluations (see Reference.h) run
// through the same lines with roundings where a framework's operators end:
//   scores = q @ k^T     accumulated in float32, rounded
//   scores = scores * scale, score function            each rounded
//   p = w exp(s - max) / sum of w exp(s - max)         in float32, rounded once
//   o = p @ v            accumulated in float32, rounded
// and lse, a float32 result, from the rounded scores in float32.
//
//===----------------------------------------------------------------------===//
#include "kernels/reference/Arithmetic.h"
#include "kernels/reference/Reference.h"
#include <algorithm>
#include <limits>

using namespace llsa::reference;
using namespace llsa::reference::detail;

static Source makeSource(Source::Kind kind, const Array &keys,
                         const Array &values, double weight, int64_t span) {
  Source source;
  source.kind = kind;
  source.keys = &keys;
  source.values = &values;
  source.weight = weight;
  source.span = span;
  return source;
}

Source Source::dense(const Array &keys, const Array &values, double weight,
                     int64_t span) {
  return makeSource(Kind::Dense, keys, values, weight, span);
}

Source Source::gathered(const Array &keys, const Array &values,
                        const IndexArray &indices, int64_t block, int64_t every,
                        double weight, int64_t span) {
  Source source = makeSource(Kind::Gathered, keys, values, weight, span);
  source.indices = &indices;
  source.block = block;
  source.every = every;
  return source;
}

Source Source::window(const Array &keys, const Array &values, int64_t before,
                      int64_t after, double weight, int64_t span) {
  Source source = makeSource(Kind::Window, keys, values, weight, span);
  source.before = before;
  source.after = after;
  return source;
}

namespace {
/// One key that a query sees.
struct Seen {
  const double *key;
  const double *value;
  double weight;
  int64_t firstToken;
  int64_t span;
};
} // namespace

static void verifySource(const Array &q, const Source &source) {
  require(source.keys && source.values,
          "attend: a source without keys or values");
  headsPerKeyHead(q, *source.keys);
  require(source.keys->shape == source.values->shape,
          "attend: keys and values of a source must have the same shape");
  if (source.kind != Source::Kind::Gathered)
    return;
  require(source.indices && source.block >= 1 && source.every >= 1,
          "attend: a gathered source needs indices, block and every");
  require(source.indices->rank() == 4 && source.indices->dim(0) == q.dim(0) &&
              source.indices->dim(1) == q.dim(1) &&
              source.indices->dim(2) >=
                  (q.dim(2) + source.every - 1) / source.every,
          "attend: the indices must be [B, H, ceil(M / every), k]");
}

/// Level-0 tokens: as given, else the key count of a source without span.
static int64_t baseTokens(const std::vector<Source> &sources, int64_t given) {
  if (given)
    return given;
  for (const Source &source : sources)
    if (!source.span)
      return source.keys->dim(2);
  misuse("attend: sources with span need the number of level-0 tokens");
}

/// Appends the keys of `source` that query i sees, the mask left aside.
static void listKeys(const Source &source, int64_t group, int64_t tokens,
                     int64_t b, int64_t h, int64_t i, std::vector<Seen> &seen) {
  int64_t count = source.keys->dim(2);
  auto append = [&](int64_t first, int64_t last) {
    for (int64_t j = std::max<int64_t>(first, 0); j < std::min(last, count);
         ++j) {
      int64_t span = source.span ? source.span : 1;
      double weight = source.weight;
      if (source.span && !source.unweighted)
        weight *= static_cast<double>(std::min(span, tokens - j * span));
      seen.push_back({source.keys->row(b, h / group, j),
                      source.values->row(b, h / group, j), weight, j * span,
                      span});
    }
  };
  switch (source.kind) {
  case Source::Kind::Dense:
    append(0, count);
    return;
  case Source::Kind::Window:
    append(i - source.before, i + source.after + 1);
    return;
  case Source::Kind::Gathered:
    const int32_t *row = source.indices->row(b, h, i / source.every);
    for (int64_t entry = 0; entry < source.indices->dim(3); ++entry)
      if (row[entry] >= 0)
        append(int64_t(row[entry]) * source.block,
               (int64_t(row[entry]) + 1) * source.block);
    return;
  }
}

namespace {
/// Evaluates single queries; keeps its buffers between them.
template <typename Arithmetic> class QueryEvaluator {
public:
  using Real = typename Arithmetic::Real;

  QueryEvaluator(const Array &q, const std::vector<Source> &sources,
                 const AttendOptions &options)
      : q(q), sources(sources), options(options),
        scale(static_cast<Real>(options.scale != 0
                                    ? options.scale
                                    : 1 / std::sqrt(double(q.dim(3))))) {
    for (const Source &source : sources)
      hasSpan |= source.span != 0;
    tokens = hasSpan ? baseTokens(sources, options.tokens) : 0;
    for (const Source &source : sources)
      require(!source.span || source.keys->dim(2) ==
                                  (tokens + source.span - 1) / source.span,
              "attend: a source with span n must have ceil(tokens / n) keys");
  }

  void run(int64_t b, int64_t h, int64_t i, double *output, double &lse,
           int32_t &count) {
    seen.clear();
    for (const Source &source : sources)
      listKeys(source, headsPerKeyHead(q, *source.keys), tokens, b, h, i, seen);
    scoreKeys(b, h, i);
    count = static_cast<int32_t>(seen.size());
    softmax(output, lse);
  }

private:
  /// Scores the keys in `seen` and drops the masked ones.
  void scoreKeys(int64_t b, int64_t h, int64_t i) {
    const double *query = q.row(b, h, i);
    scores.clear();
    size_t kept = 0;
    for (const Seen &key : seen) {
      Real s = Arithmetic::round(
          options.oneChain ? dotInOneChain<Real>(query, key.key, q.dim(3))
                           : dot<Real>(query, key.key, q.dim(3)));
      s = Arithmetic::round(s * scale);
      if (options.mask && !options.mask(s, b, h, i, key.firstToken, key.span))
        continue;
      if (options.score)
        s = Arithmetic::round(static_cast<Real>(
            options.score(s, b, h, i, key.firstToken, key.span)));
      scores.push_back(s);
      seen[kept++] = key;
    }
    seen.resize(kept);
  }

  void softmax(double *output, double &lse) {
    int64_t size = q.dim(3);
    Real greatest = -std::numeric_limits<Real>::infinity(), total = 0;
    for (Real s : scores)
      greatest = s > greatest ? s : greatest;
    // With nothing but -infinity every exponential is 0 whatever is subtracted.
    Real subtract =
        greatest == -std::numeric_limits<Real>::infinity() ? 0 : greatest;
    for (size_t j = 0; j < seen.size(); ++j) {
      scores[j] =
          static_cast<Real>(seen[j].weight) * std::exp(scores[j] - subtract);
      total += scores[j];
    }
    if (total == 0) {
      std::fill(output, output + size, 0.0);
      lse = -std::numeric_limits<double>::infinity();
      return;
    }
    sums.assign(static_cast<size_t>(size), Real(0));
    for (size_t j = 0; j < seen.size(); ++j) {
      Real p = Arithmetic::round(scores[j] / total);
      const double *value = seen[j].value;
      for (int64_t d = 0; d < size; ++d)
        sums[d] += p * static_cast<Real>(value[d]);
    }
    for (int64_t d = 0; d < size; ++d)
      output[d] = Arithmetic::round(sums[d]);
    lse = subtract + std::log(total);
  }

  const Array &q;
  const std::vector<Source> &sources;
  const AttendOptions &options;
  const Real scale;
  bool hasSpan = false;
  int64_t tokens = 0;
  std::vector<Seen> seen;
  std::vector<Real> scores;
  std::vector<Real> sums;
};
} // namespace

AttendResult llsa::reference::attend(const Array &q,
                                     const std::vector<Source> &sources,
                                     const AttendOptions &options) {
  require(q.rank() == 4, "attend: the queries must have rank 4");
  require(!sources.empty(), "attend: at least one source is needed");
  for (const Source &source : sources)
    verifySource(q, source);
  std::vector<int64_t> all;
  if (!options.rows) {
    all.resize(static_cast<size_t>(q.dim(2)));
    std::iota(all.begin(), all.end(), int64_t(0));
  }
  const std::vector<int64_t> &rows = options.rows ? *options.rows : all;
  for (int64_t row : rows)
    require(row >= 0 && row < q.dim(2), "attend: a sampled row is not a query");

  int64_t count = static_cast<int64_t>(rows.size());
  AttendResult out{Array({q.dim(0), q.dim(1), count, q.dim(3)}),
                   Array({q.dim(0), q.dim(1), count}),
                   IndexArray({q.dim(0), q.dim(1), count})};
  withArithmetic(options.precision, [&](auto arithmetic) {
    QueryEvaluator<decltype(arithmetic)> evaluator(q, sources, options);
    for (int64_t b = 0; b < q.dim(0); ++b)
      for (int64_t h = 0; h < q.dim(1); ++h)
        for (int64_t r = 0; r < count; ++r)
          evaluator.run(b, h, rows[r], out.output.row(b, h, r),
                        out.lse.at(b, h, r), out.seen.at(b, h, r));
  });
  return out;
}
