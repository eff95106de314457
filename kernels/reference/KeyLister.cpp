//===- KeyLister.cpp - the keys that a query sees -------------------------===//
#include "kernels/reference/KeyLister.h"
#include "kernels/reference/Arithmetic.h"
#include <algorithm>

using namespace llsa::reference;
using namespace llsa::reference::detail;

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// KeyLister
//===----------------------------------------------------------------------===//

KeyLister::KeyLister(const Array &q, const std::vector<Source> &sources,
                     const AttendOptions &options)
    : q(q), sources(sources) {
  require(q.rank() == 4, "attend: the queries must have rank 4");
  require(!sources.empty(), "attend: at least one source is needed");
  bool hasSpan = false;
  for (const Source &source : sources) {
    verifySource(q, source);
    hasSpan |= source.span != 0;
  }
  tokens = hasSpan ? baseTokens(sources, options.tokens) : 0;
  for (const Source &source : sources)
    require(!source.span ||
                source.keys->dim(2) == (tokens + source.span - 1) / source.span,
            "attend: a source with span n must have ceil(tokens / n) keys");
}

void KeyLister::listSource(size_t number, int64_t b, int64_t h, int64_t i,
                           std::vector<SeenKey> &seen) const {
  const Source &source = sources[number];
  int64_t count = source.keys->dim(2);
  int64_t keyHead = h / (q.dim(1) / source.keys->dim(1));
  auto append = [&](int64_t first, int64_t last) {
    for (int64_t j = std::max<int64_t>(first, 0); j < std::min(last, count);
         ++j) {
      int64_t span = source.span ? source.span : 1;
      double weight = source.weight;
      if (source.span && !source.unweighted)
        weight *= static_cast<double>(std::min(span, tokens - j * span));
      seen.push_back({number, j, source.keys->row(b, keyHead, j),
                      source.values->row(b, keyHead, j), weight, j * span,
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

void KeyLister::list(int64_t b, int64_t h, int64_t i,
                     std::vector<SeenKey> &seen) const {
  seen.clear();
  for (size_t number = 0; number < sources.size(); ++number)
    listSource(number, b, h, i, seen);
}

std::vector<int64_t>
llsa::reference::detail::rowsToEvaluate(const Array &q,
                                        const AttendOptions &options) {
  if (!options.rows) {
    std::vector<int64_t> all(static_cast<size_t>(q.dim(2)));
    std::iota(all.begin(), all.end(), int64_t(0));
    return all;
  }
  for (int64_t row : *options.rows)
    require(row >= 0 && row < q.dim(2), "attend: a sampled row is not a query");
  return *options.rows;
}
