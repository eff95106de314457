//===- AttendGradients.cpp - the gradients of one softmax -----------------===//
//
// Query by query, as the forward: QueryRow gives the probabilities, then
//   dp = do @ v^T                      accumulated in float32, rounded
//   ds = p (dp - sum p dp)             in float32, rounded
//   ds = ds + dlse p                   the lse's gradient, both rounded
//   ds = ds * score derivative, ds * scale             each rounded
//   dq = ds @ k                        accumulated in float32, rounded
//   dk = ds^T @ q, dv = p^T @ do       likewise; then the heads that share a
//                                      key head are summed and rounded
// with the roundings of a plain evaluation.
//
//===----------------------------------------------------------------------===//
#include "kernels/reference/Gradients.h"
#include "kernels/reference/QueryRow.h"
#include <algorithm>

using namespace llsa::reference;
using namespace llsa::reference::detail;

namespace {
/// Raises `most` to the root of this sum of squares, if that is a number.
void raiseTo(double &most, double squares) {
  if (std::isfinite(squares))
    most = std::max(most, std::sqrt(squares));
}

template <typename Arithmetic> class AttendBackward {
public:
  using Real = typename Arithmetic::Real;

  AttendBackward(const Array &q, const std::vector<Source> &sources,
                 OutputGradients outputs, const AttendOptions &options,
                 const ScoreGradient &score, AttendGradients &out)
      : q(q), sources(sources), outputs(outputs), options(options),
        score(score), out(out), row(q, sources, options),
        rows(rowsToEvaluate(q, options)), size(q.dim(3)) {}

  void run() {
    for (int64_t b = 0; b < q.dim(0); ++b)
      for (int64_t h = 0; h < q.dim(1); ++h)
        runHead(b, h);
  }

private:
  /// Gradients of the keys and values of a source that one query head gives.
  struct HeadSums {
    std::vector<Real> keys, values;
    std::vector<double> squares; ///< of the terms of each element of keys
  };

  void runHead(int64_t b, int64_t h) {
    heads.resize(sources.size());
    for (size_t s = 0; s < sources.size(); ++s) {
      auto count = static_cast<size_t>(sources[s].keys->dim(2) * size);
      heads[s].keys.assign(count, Real(0));
      heads[s].values.assign(count, Real(0));
      heads[s].squares.assign(count, 0);
    }
    for (size_t r = 0; r < rows.size(); ++r)
      runQuery(b, h, static_cast<int64_t>(r));
    for (size_t s = 0; s < sources.size(); ++s) {
      addHead(heads[s].keys, out.sources[s].keys, b, h);
      addHead(heads[s].values, out.sources[s].values, b, h);
      for (double squares : heads[s].squares)
        raiseTo(out.sources[s].keyTerms, squares);
    }
  }

  void runQuery(int64_t b, int64_t h, int64_t r) {
    int64_t i = rows[r];
    row.run(b, h, i);
    if (row.empty)
      return; // the output is 0 whatever the input
    const double *outputGradient = outputs.output->row(b, h, r);
    scoreGradients(outputGradient,
                   outputs.lse ? static_cast<Real>(outputs.lse->at(b, h, r))
                               : Real(0));
    const double *query = q.row(b, h, i);
    sums.assign(static_cast<size_t>(size), Real(0));
    for (size_t j = 0; j < row.seen.size(); ++j) {
      const SeenKey &key = row.seen[j];
      Real ds = Arithmetic::factor(
          throughScore(gradients[j], row.scaledScores[j], b, h, i, key));
      Real p = Arithmetic::factor(Arithmetic::round(row.probabilities[j]));
      Real *keySums = heads[key.source].keys.data() + key.index * size;
      Real *valueSums = heads[key.source].values.data() + key.index * size;
      for (int64_t d = 0; d < size; ++d) {
        auto factor = [&](const double *row) {
          return Arithmetic::factor(static_cast<Real>(row[d]));
        };
        sums[d] += ds * factor(key.key);
        keySums[d] += ds * factor(query);
        valueSums[d] += p * factor(outputGradient);
      }
    }
    double *result = out.query.row(b, h, r);
    for (int64_t d = 0; d < size; ++d)
      result[d] = Arithmetic::round(sums[d]);
    if (std::is_same_v<Arithmetic, Float64>)
      addTerms(outputGradient, query, b, h, i);
  }

  /// Enters the terms of one query's gradients into the greatest ones.
  void addTerms(const double *outputGradient, const double *query, int64_t b,
                int64_t h, int64_t i) {
    // Of a product of rows, and of the sums that it passes through: each is
    // rounded.
    auto squaresOf = [&](const double *x, const double *y) {
      double sum = 0, squares = 0;
      for (int64_t d = 0; d < size; ++d) {
        sum += x[d] * y[d];
        squares += x[d] * x[d] * y[d] * y[d] + sum * sum;
      }
      return squares;
    };
    std::vector<double> output(size_t(size), 0.0), squares(size_t(size), 0.0);
    for (size_t j = 0; j < row.seen.size(); ++j)
      for (int64_t d = 0; d < size; ++d)
        output[size_t(d)] += row.probabilities[j] * row.seen[j].value[d];
    double ofMean = squaresOf(outputGradient, output.data());
    for (size_t j = 0; j < row.seen.size(); ++j) {
      const SeenKey &key = row.seen[j];
      double factor = row.probabilities[j] * row.scale;
      if (score.derivative)
        factor *= score.derivative(row.scaledScores[j], b, h, i, key.firstToken,
                                   key.span);
      double term =
          factor * factor * (squaresOf(outputGradient, key.value) + ofMean);
      double *ofKey = heads[key.source].squares.data() + key.index * size;
      for (int64_t d = 0; d < size; ++d) {
        squares[size_t(d)] += term * key.key[d] * key.key[d];
        ofKey[d] += term * query[d] * query[d];
      }
    }
    for (double sum : squares)
      raiseTo(out.queryTerms, sum);
  }

  /// Sets `gradients` to those of the scores that enter the softmax.
  void scoreGradients(const double *outputGradient, Real lseGradient) {
    gradients.resize(row.seen.size());
    Real mean = 0;
    for (size_t j = 0; j < gradients.size(); ++j) {
      const double *value = row.seen[j].value;
      gradients[j] = Arithmetic::round(
          options.fused ? dotInOneChain<Arithmetic>(outputGradient, value, size)
                        : dot<Arithmetic>(outputGradient, value, size));
      mean += Arithmetic::round(row.probabilities[j]) * gradients[j];
    }
    for (size_t j = 0; j < gradients.size(); ++j) {
      Real p = row.probabilities[j];
      gradients[j] =
          Arithmetic::round(Arithmetic::round(p) * (gradients[j] - mean));
      if (outputs.lse)
        gradients[j] = Arithmetic::round(gradients[j] +
                                         Arithmetic::round(lseGradient * p));
    }
  }

  /// The gradient of q . k from that of the score at this pair.
  Real throughScore(Real gradient, Real s, int64_t b, int64_t h, int64_t i,
                    const SeenKey &key) {
    if (score.visit)
      score.visit(gradient, s, b, h, i, key.firstToken, key.span);
    if (score.derivative)
      gradient = Arithmetic::round(static_cast<Real>(
          gradient * score.derivative(s, b, h, i, key.firstToken, key.span)));
    return Arithmetic::round(gradient * row.scale);
  }

  /// Adds a query head to the key head that it uses; the last one of the group
  /// rounds the sum.
  void addHead(const std::vector<Real> &head, Array &total, int64_t b,
               int64_t h) {
    int64_t group = q.dim(1) / total.dim(1);
    double *to = total.row(b, h / group, 0);
    for (size_t e = 0; e < head.size(); ++e) {
      Real sum = static_cast<Real>(to[e]) + Arithmetic::round(head[e]);
      to[e] = (h + 1) % group ? sum : Arithmetic::round(sum);
    }
  }

  const Array &q;
  const std::vector<Source> &sources;
  const OutputGradients outputs;
  const AttendOptions &options;
  const ScoreGradient &score;
  AttendGradients &out;
  QueryRow<Arithmetic> row;
  const std::vector<int64_t> rows;
  const int64_t size;
  std::vector<HeadSums> heads; ///< one per source
  std::vector<Real> gradients; ///< one per key that the query sees
  std::vector<Real> sums;
};
} // namespace

AttendGradients llsa::reference::attendGradients(
    const Array &q, const std::vector<Source> &sources, OutputGradients outputs,
    const AttendOptions &options, const ScoreGradient &score) {
  require(q.rank() == 4, "attendGradients: the queries must have rank 4");
  require(!options.score || score.derivative,
          "attendGradients: a score function needs its derivative");
  int64_t count = static_cast<int64_t>(rowsToEvaluate(q, options).size());
  std::vector<int64_t> shape = {q.dim(0), q.dim(1), count, q.dim(3)};
  require(outputs.output && outputs.output->shape == shape,
          "attendGradients: the output's gradient must be [B, H, R, D]");
  shape.pop_back();
  require(!outputs.lse || outputs.lse->shape == shape,
          "attendGradients: the lse's gradient must be [B, H, R]");
  KeyLister(q, sources, options); // checks the sources
  AttendGradients out{Array(outputs.output->shape), {}};
  for (const Source &source : sources)
    out.sources.push_back(
        {Array(source.keys->shape), Array(source.values->shape), 0});
  withArithmetic(options.precision, [&](auto arithmetic) {
    AttendBackward<decltype(arithmetic)>(q, sources, outputs, options, score,
                                         out)
        .run();
  });
  return out;
}
