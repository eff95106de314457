//===- IndexCheck.cpp - is a selection correct? ---------------------------===//
#include "kernels/reference/IndexCheck.h"
#include "kernels/reference/Arithmetic.h"
#include "kernels/reference/Rounding.h"
#include <algorithm>
#include <cfloat>
#include <fmt/format.h>
#include <limits>
#include <optional>

using namespace llsa;
using namespace llsa::reference;
using namespace llsa::reference::detail;

/// Greatest relative error of one float32 operation.
static constexpr double kUnit = 1.0 / (1 << 24);
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

Slacked llsa::reference::exact(Array x) {
  Array slack(x.shape);
  return {std::move(x), std::move(slack)};
}

Slacked llsa::reference::poolStored(const Slacked &x, int64_t block,
                                    DType dtype) {
  int64_t n = x.value.dim(2), coarse = (n + block - 1) / block;
  std::vector<int64_t> shape = {x.value.dim(0), x.value.dim(1), coarse,
                                x.value.dim(3)};
  Slacked out{Array(shape), Array(shape)};
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t h = 0; h < shape[1]; ++h)
      for (int64_t i = 0; i < coarse; ++i)
        for (int64_t d = 0; d < shape[3]; ++d) {
          int64_t first = i * block, last = std::min(first + block, n);
          double sum = 0, magnitude = 0, slack = 0,
                 count = double(last - first);
          for (int64_t j = first; j < last; ++j) {
            sum += x.value.at(b, h, j, d);
            magnitude += std::fabs(x.value.at(b, h, j, d));
            slack += x.slack.at(b, h, j, d);
          }
          double mean = sum / count, stored = roundTo(mean, dtype);
          // count - 1 additions, and a division or a multiplication by 1/count.
          double error =
              slack / count + (count + 2) * kUnit * magnitude / count;
          out.value.at(b, h, i, d) = stored;
          double &stay = out.slack.at(b, h, i, d);
          if (!std::isfinite(mean))
            stay = 0; // NaN and infinity are what they are in any order
          else if (magnitude + slack > FLT_MAX || !std::isfinite(error))
            stay = kInfinity;
          else
            stay = std::max(roundTo(mean + error, dtype) - stored,
                            stored - roundTo(mean - error, dtype));
        }
  return out;
}

void IndexCheck::add(const IndexCheck &other) {
  rows += other.rows;
  ties += other.ties;
  mismatches += other.mismatches;
  if (message.empty())
    message = other.message;
}

namespace {
/// What a score can be; NaN is above every number.
struct Interval {
  std::pair<bool, double> least, greatest; ///< (is NaN, value)
  double score = 0;                        ///< in float64
  bool certain = false;                    ///< NaN or infinite in any order

  bool certainlyLessThan(const Interval &other) const {
    return greatest < other.least;
  }
  std::string text() const {
    if (certain || greatest.first)
      return fmt::format("{}", score);
    return fmt::format("{:.9g} +- {:.2g}", score, greatest.second - score);
  }
};

/// Checks one row at a time.
class RowChecker {
public:
  RowChecker(const Slacked &q, const Slacked &k, int64_t topk)
      : q(q), k(k), topk(topk), group(headsPerKeyHead(q.value, k.value)) {}

  /// What is wrong with `row`, or nothing.
  std::optional<std::string> check(const int32_t *row,
                                   const std::vector<int32_t> &candidates,
                                   int64_t b, int64_t h, int64_t i);

private:
  Interval score(int64_t b, int64_t h, int64_t i, int64_t j) const;
  bool certainlyEqual(const Interval &a, const Interval &c, int64_t b,
                      int64_t h, int64_t i, int64_t ja, int64_t jc) const;

  const Slacked &q, &k;
  const int64_t topk, group;
};
} // namespace

Interval RowChecker::score(int64_t b, int64_t h, int64_t i, int64_t j) const {
  int64_t size = q.value.dim(3);
  const double *x = q.value.row(b, h, i), *y = k.value.row(b, h / group, j);
  const double *slackX = q.slack.row(b, h, i),
               *slackY = k.slack.row(b, h / group, j);
  Interval out;
  out.score = dot<Float64>(x, y, size);
  if (!std::isfinite(out.score)) {
    out.certain = true;
    out.least = out.greatest = {std::isnan(out.score),
                                std::isnan(out.score) ? 0 : out.score};
    return out;
  }
  double magnitude = 0, inherited = 0;
  for (int64_t d = 0; d < size; ++d) {
    double greatestX = std::fabs(x[d]) + slackX[d],
           greatestY = std::fabs(y[d]) + slackY[d];
    magnitude += greatestX * greatestY;
    inherited += greatestX * slackY[d] + slackX[d] * std::fabs(y[d]);
  }
  // Float32 could overflow on the way, or even meet infinity - infinity.
  if (!(magnitude <= FLT_MAX)) {
    out.least = {false, -kInfinity};
    out.greatest = {true, 0};
    return out;
  }
  double error = inherited + double(size) * kUnit * magnitude +
                 FLT_TRUE_MIN * double(size);
  out.least = {false, out.score - error};
  out.greatest = {false, out.score + error};
  return out;
}

bool RowChecker::certainlyEqual(const Interval &a, const Interval &c, int64_t b,
                                int64_t h, int64_t i, int64_t ja,
                                int64_t jc) const {
  if (a.certain && c.certain)
    return a.least == c.least;
  if (a.score != c.score)
    return false;
  int64_t size = q.value.dim(3);
  const double *x = k.value.row(b, h / group, ja),
               *y = k.value.row(b, h / group, jc);
  const double *slackX = k.slack.row(b, h / group, ja),
               *slackY = k.slack.row(b, h / group, jc);
  for (int64_t d = 0; d < size; ++d)
    if (x[d] != y[d] || slackX[d] != 0 || slackY[d] != 0)
      return false;
  return true;
}

std::optional<std::string>
RowChecker::check(const int32_t *row, const std::vector<int32_t> &candidates,
                  int64_t b, int64_t h, int64_t i) {
  int64_t expected =
      std::min<int64_t>(topk, static_cast<int64_t>(candidates.size()));
  for (int64_t r = 0; r < topk; ++r) {
    if (r < expected && row[r] == -1)
      return fmt::format(
          "entry {} is empty, but there are {} candidates for {} entries", r,
          candidates.size(), topk);
    if (r >= expected && row[r] != -1)
      return fmt::format(
          "entry {} is {}, expected -1 behind the last of {} candidates", r,
          row[r], candidates.size());
  }
  std::vector<int32_t> chosen(row, row + expected), left;
  std::sort(chosen.begin(), chosen.end());
  for (size_t r = 0; r < chosen.size(); ++r) {
    auto allowed =
        std::equal_range(candidates.begin(), candidates.end(), chosen[r]);
    auto used = std::equal_range(chosen.begin(), chosen.end(), chosen[r]);
    if (allowed.first == allowed.second)
      return fmt::format("{} is not among the {} candidates", chosen[r],
                         candidates.size());
    if (used.second - used.first > allowed.second - allowed.first)
      return fmt::format("{} stands in the row {} times", chosen[r],
                         used.second - used.first);
  }
  std::set_difference(candidates.begin(), candidates.end(), chosen.begin(),
                      chosen.end(), std::back_inserter(left));

  // Walk the row from its end; `behind` is what must not beat an entry.
  struct Rival {
    int32_t index;
    Interval score;
    bool leftOut;
  };
  std::vector<Rival> behind;
  for (int32_t j : left)
    behind.push_back({j, score(b, h, i, j), true});
  for (int64_t r = expected - 1; r >= 0; --r) {
    Interval mine = score(b, h, i, row[r]);
    for (const Rival &rival : behind) {
      bool less = mine.certainlyLessThan(rival.score);
      bool tie =
          !less && rival.index < row[r] &&
          certainlyEqual(mine, rival.score, b, h, i, row[r], rival.index);
      if (less || tie)
        return fmt::format(
            "entry {} is {} with score {}, but {} with {} score {} {}", r,
            row[r], mine.text(), rival.index, tie ? "the same" : "the better",
            rival.score.text(),
            rival.leftOut ? "is not selected" : "stands behind it");
    }
    behind.push_back({row[r], mine, false});
  }
  return std::nullopt;
}

IndexCheck llsa::reference::checkSelection(std::string_view name,
                                           const IndexArray &actual,
                                           const Slacked &q, const Slacked &k,
                                           int64_t topk, Within within) {
  IndexCheck out;
  std::vector<int64_t> shape = {q.value.dim(0), q.value.dim(1), q.value.dim(2),
                                topk};
  if (actual.shape != shape) {
    out.mismatches = 1;
    out.message =
        fmt::format("{}: expected indices of shape {}, got {}", name,
                    fmt::join(shape, "x"), fmt::join(actual.shape, "x"));
    return out;
  }
  IndexArray reference = select(q.value, k.value, topk, within).indices;
  RowChecker checker(q, k, topk);
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t h = 0; h < shape[1]; ++h)
      for (int64_t i = 0; i < shape[2]; ++i) {
        ++out.rows;
        const int32_t *row = actual.row(b, h, i),
                      *truth = reference.row(b, h, i);
        if (std::equal(row, row + topk, truth))
          continue;
        auto wrong = checker.check(
            row, candidatesOf(within, k.value.dim(2), b, h, i), b, h, i);
        if (!wrong) {
          ++out.ties;
          continue;
        }
        ++out.mismatches;
        if (out.message.empty())
          out.message =
              fmt::format("{}[{}, {}, {}]: {}", name, b, h, i, *wrong);
      }
  return out;
}
