//===- AttendSource.cpp - the keys of an attend, step by step -------------===//

#include "compiler/conversion/llsa-to-tile/AttendSource.h"
#include "dialects/tile/TileOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

/// Every entry of `indices` names a block, all of whose keys exist: it was
/// selected, from at least as many candidates.
static bool namesKeysOnly(Value indices, int64_t block, int64_t tokens) {
  SelectOp select = selectionOf(indices);
  if (!select || tokens % block != 0)
    return false;
  if (tensorOf(indices).getDimSize(3) > filledEntries(indices))
    return false;
  return !select.getWithin() ||
         namesKeysOnly(select.getWithin(), *select.getBlock(),
                       tensorOf(select.getKeys()).getDimSize(kToken));
}

AttendSources::AttendSources(const LaunchContext &context,
                             const AttendForm &form, KernelBuilder &k,
                             const RowTile &tile)
    : form(form), k(k), schedule(context.schedule), streams(context.streams),
      fragments(!context.widenDots), hasRegion(form.hasRegion()), tile(tile),
      depth(form.depth()) {}

Source AttendSources::describe(unsigned i) {
  return describeSource(form, k, i,
                        keyHead(k, tile.head, form.query, form.keys[i]));
}

void AttendSources::prefetchIndices() {
  for (auto [source, indices] : llvm::zip(form.sources, form.indices)) {
    if (!indices)
      continue;
    Value row = k.div(tile.start, source.getEvery());
    tile::PrefetchOp::create(
        k.b, k.loc, k.buffer(indices),
        ValueRange{tile.batch, tile.head, row, k.index(0)},
        k.b.getI64IntegerAttr(filledEntries(indices)));
  }
}

Source llsa::describeSource(const AttendForm &form, KernelBuilder &k,
                            unsigned i, Value keyHead) {
  Source source{form.sources[i],
                form.keys[i],
                k.buffer(form.keys[i]),
                k.buffer(form.values[i]),
                Value(),
                keyHead,
                0,
                1.0,
                1.0};
  if (Value indices = form.indices[i])
    source.indices = k.buffer(indices);
  source.tokens = tensorOf(source.keyTensor).getDimSize(kToken);
  int64_t span = std::max<int64_t>(source.attr.getSpan(), 1);
  source.weight = source.lastWeight =
      source.attr.getWeight().getValueAsDouble();
  if (source.attr.getSpan() && !source.attr.getUnweighted()) {
    int64_t all = form.baseTokens.value_or(source.tokens * span);
    source.weight *= span;
    source.lastWeight *= std::min(span, all - (source.tokens - 1) * span);
  }
  return source;
}

bool AttendSources::isShared(const Source &source) const {
  if (source.attr.getKind() == SourceKind::Dense)
    return true;
  // Where tiles end with granules, a CTA's are no run of rows.
  return !form.grid(schedule).isGranular() &&
         source.attr.getEvery() % (schedule.getRows() * schedule.getWarps()) ==
             0;
}

/// Keys of a step: fewer where every warp gathers for itself.
int64_t AttendSources::colsOf(const Source &source, bool shared) const {
  return shared || schedule.getPrivateCols() == 0 ? schedule.getCols()
                                                  : schedule.getPrivateCols();
}

SmallVector<Segment> AttendSources::segmentsOf(const Source &source,
                                               unsigned i) {
  bool shared = isShared(source);
  int64_t cols = colsOf(source, shared);
  auto memory = cast<MemRefType>(source.keys.getType());
  int64_t bytes = memory.getElementTypeBitWidth() / 8;
  bool bulk = bytes == 2 && tile::isBulkRow(depth * bytes);
  if (source.attr.getKind() == SourceKind::Gathered) {
    int64_t block = source.attr.getBlock();
    int64_t entries = filledEntries(form.indices[i]);
    GatherSteps steps(entries, block, cols, fragments);
    bool keysOnly =
        steps.isEven() && namesKeysOnly(form.indices[i], block, source.tokens);
    Segment segment{&source,
                    Segment::Kind::Gathered,
                    steps.count(),
                    steps.keysPerStep(),
                    shared,
                    keysOnly && !source.lastDiffers() && !hasRegion,
                    bulk && steps.isBulk()};
    segment.holdsLast = true;
    segment.gather = steps;
    segment.namesKeysOnly = keysOnly;
    return {segment};
  }
  SmallVector<Segment> segments;
  int64_t full = source.tokens / cols, rest = source.tokens % cols;
  // The tile with the last key stands apart when that weighs differently.
  if (rest == 0 && source.lastDiffers())
    rest = cols, --full;
  if (full > 0)
    segments.push_back(
        {&source, Segment::Kind::Dense, full, cols, shared, !hasRegion, bulk});
  if (rest > 0) {
    // One ring holds all of a stream's tiles, so they have one width.
    int64_t width = streams ? cols : tailCols(rest, cols);
    Segment last{&source, Segment::Kind::Dense,
                 1,       width,
                 shared,  width == rest && !source.lastDiffers() && !hasRegion,
                 bulk};
    last.holdsLast = true;
    last.first = full * cols;
    last.missing = width - rest;
    segments.push_back(last);
  }
  return segments;
}

Value AttendSources::idsOf(const Segment &segment, Value i) {
  const Source &source = *segment.source;
  if (segment.kind == Segment::Kind::Gathered)
    return segment.gather->keysOf(
        k, source.indices,
        {tile.batch, tile.head, k.div(tile.start, source.attr.getEvery())}, i,
        source.tokens);
  Value first = k.add(k.mul(i, segment.width), k.index(segment.first));
  return k.range(first, {1, segment.width});
}

std::pair<Value, Value> AttendSources::loadRun(const Source &source,
                                               Value first, int64_t width,
                                               Value exist) {
  SmallVector<Value> at{tile.batch, source.head, first, k.index(0)};
  return {k.load(source.keys, at, {width, depth}, exist),
          k.load(source.values, at, {width, depth}, exist)};
}

std::pair<Value, Value> AttendSources::load(const Segment &segment, Value i) {
  const Source &source = *segment.source;
  if (segment.kind == Segment::Kind::Gathered) {
    Value ids = idsOf(segment, i);
    return {k.gather(source.keys, tile.batch, source.head, ids, depth),
            k.gather(source.values, tile.batch, source.head, ids, depth)};
  }
  Value first = k.add(k.mul(i, segment.width), k.index(segment.first));
  Value exist;
  if (segment.missing > 0)
    exist = k.sub(k.index(source.tokens), first);
  return loadRun(source, first, segment.width, exist);
}

Step AttendSources::describe(const Segment &segment, Value i) {
  const Source &source = *segment.source;
  Step step;
  if (segment.kind == Segment::Kind::Gathered && !segment.namesKeysOnly)
    step.exist = Step::NotNegative;
  if (segment.missing > 0)
    step.exist = Step::BelowEnd;
  step.mayHoldLast = segment.holdsLast && source.lastDiffers();
  if (!segment.plain)
    step.ids = idsOf(segment, i);
  return step;
}
