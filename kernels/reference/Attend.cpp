//===- Attend.cpp - one softmax over a list of sources --------------------===//
//
// The softmax of a query is QueryRow's; what is left is the sum of the values,
//   o = p @ v            p rounded once, accumulated in float32, rounded
//
//===----------------------------------------------------------------------===//
#include "kernels/reference/QueryRow.h"
#include <algorithm>

using namespace llsa::reference;
using namespace llsa::reference::detail;

/// Sums the values of the query that `row` ran.
template <typename Arithmetic>
static void sumValues(const QueryRow<Arithmetic> &row,
                      std::vector<typename Arithmetic::Real> &sums,
                      double *output, int64_t size) {
  using Real = typename Arithmetic::Real;
  sums.assign(static_cast<size_t>(size), Real(0));
  if (!row.empty)
    for (size_t j = 0; j < row.seen.size(); ++j) {
      Real p = Arithmetic::factor(Arithmetic::round(row.probabilities[j]));
      const double *value = row.seen[j].value;
      for (int64_t d = 0; d < size; ++d)
        sums[d] += p * Arithmetic::factor(static_cast<Real>(value[d]));
    }
  for (int64_t d = 0; d < size; ++d)
    output[d] = Arithmetic::round(sums[d]);
}

AttendResult llsa::reference::attend(const Array &q,
                                     const std::vector<Source> &sources,
                                     const AttendOptions &options) {
  require(q.rank() == 4, "attend: the queries must have rank 4");
  std::vector<int64_t> rows = rowsToEvaluate(q, options);
  int64_t count = static_cast<int64_t>(rows.size());
  AttendResult out{Array({q.dim(0), q.dim(1), count, q.dim(3)}),
                   Array({q.dim(0), q.dim(1), count}),
                   IndexArray({q.dim(0), q.dim(1), count})};
  withArithmetic(options.precision, [&](auto arithmetic) {
    using Arithmetic = decltype(arithmetic);
    QueryRow<Arithmetic> row(q, sources, options);
    std::vector<typename Arithmetic::Real> sums;
    for (int64_t b = 0; b < q.dim(0); ++b)
      for (int64_t h = 0; h < q.dim(1); ++h)
        for (int64_t r = 0; r < count; ++r) {
          row.run(b, h, rows[r]);
          sumValues(row, sums, out.output.row(b, h, r), q.dim(3));
          out.lse.at(b, h, r) = row.lse;
          out.seen.at(b, h, r) = static_cast<int32_t>(row.seen.size());
        }
  });
  return out;
}
