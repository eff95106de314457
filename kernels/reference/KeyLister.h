//===- KeyLister.h - the keys that a query sees -----------------*- C++ -*-===//
//
// Private to kernels/reference.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_REFERENCE_KEYLISTER_H
#define LLSA_KERNELS_REFERENCE_KEYLISTER_H

#include "kernels/reference/Reference.h"

namespace llsa::reference::detail {

/// One key that a query sees.
struct SeenKey {
  size_t source;     ///< position in the list of sources
  int64_t index;     ///< row of the source's keys and values
  const double *key; ///< that row of the keys
  const double *value;
  double weight;
  int64_t firstToken; ///< of level 0
  int64_t span;       ///< level-0 tokens that it stands for
};

/// Lists the keys of all sources, source by source, for one query at a time.
class KeyLister {
public:
  /// Checks that queries, sources and options go together. All three must live
  /// as long as this.
  KeyLister(const Array &q, const std::vector<Source> &sources,
            const AttendOptions &options);

  /// The keys that query i sees, the mask left aside; one that is named twice
  /// appears twice.
  void list(int64_t b, int64_t h, int64_t i, std::vector<SeenKey> &seen) const;

private:
  void listSource(size_t number, int64_t b, int64_t h, int64_t i,
                  std::vector<SeenKey> &seen) const;

  const Array &q;
  const std::vector<Source> &sources;
  int64_t tokens = 0; ///< level-0 tokens; 0 when no source has a span
};

/// The query rows to evaluate: `options.rows`, or all.
std::vector<int64_t> rowsToEvaluate(const Array &q,
                                    const AttendOptions &options);

} // namespace llsa::reference::detail

#endif // LLSA_KERNELS_REFERENCE_KEYLISTER_H
