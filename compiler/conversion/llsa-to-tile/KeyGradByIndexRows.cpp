//===- KeyGradByIndexRows.cpp - key gradients, an index row at a time -----===//
//
// Many queries share an index row: the queries are read once for all blocks
// that the row names. A first kernel leaves, for each row (or each of its
// parts) and each block that it names, a sum in memory; a second one adds what
// the lists of the transposed index name.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/KeyGradKernels.h"
#include "dialects/llsa/TransposedIndex.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

namespace {
class IndexRowKernels : public KeyGradKernels {
public:
  using KeyGradKernels::KeyGradKernels;

  LogicalResult run() {
    index = indexBehind(op);
    slots = tensorOf(index).getDimSize(3);
    indexRows = tensorOf(index).getDimSize(2);
    parts = source.getEvery() / context.schedule.getQueries();
    // Many and read once, so half as wide where a float32's exponents fit:
    // each is rounded once, as the gradient itself will be.
    Type element = keys.getElementType();
    if (!element.isBF16())
      element = f32();
    sums = allocateSums(indexRows * parts * slots * block, element);
    return failure(failed(sumIndexRows()) || failed(addIndexRows()));
  }

private:
  /// A row of the sums' buffers; `part`: of the head's, in order of queries.
  Value rowOfSlot(KernelBuilder &k, Value part, Value slot, Value inBlock) {
    return rowOf(k, k.add(k.mul(part, slots), slot), inBlock);
  }

  /// The first kernel. The part is outside of the tiles, so that a CTA's warps
  /// share it.
  LogicalResult sumIndexRows() {
    int64_t tilesOfBlock = llvm::divideCeil(block, rows),
            tiles = slots * tilesOfBlock;
    KernelBuilder k =
        kernel("_pieces",
               {keys.getDimSize(kBatch), queryHeads * indexRows * parts,
                int64_t(llvm::alignTo(tiles, context.schedule.getWarps()))});
    Value batch = k.item()[0];
    Value head = k.div(k.item()[1], indexRows * parts),
          part = k.rem(k.item()[1], indexRows * parts);
    // Warps beyond the last tile repeat it.
    Value number = k.min(k.item()[2], k.index(tiles - 1));
    Value slot = k.div(number, tilesOfBlock),
          inBlock = k.mul(k.rem(number, tilesOfBlock), rows);
    Value named =
        k.loadIndex(k.buffer(index), {batch, head, k.div(part, parts), slot});
    // Nobody asks for the sum of a block that does not exist.
    named = k.max(k.min(named, k.index(lists - 1)), k.index(0));
    RowTile tile{batch, k.div(head, group), k.add(k.mul(named, block), inBlock),
                 Value()};
    tile.rows = rowsOf(k, tile, inBlock);
    KeyGradTile keyTile(context, op, k, tile);
    int64_t steps = context.schedule.getQueries() / context.schedule.getCols();
    State state = keyTile.walkDense(
        keyTile.zero(), head, 1, k.mul(part, steps), steps,
        /*mayEnd=*/indexRows * parts * steps != keyTile.denseSteps());
    if (keyTile.failed())
      return failure();
    tile.rows = askedRowsOf(k, tile, inBlock);
    sums.store(k, tile, head, rowOfSlot(k, part, slot, inBlock), state);
    LaunchOp launch = context.launch;
    k.finish(launch);
    return success();
  }

  /// An entry of a list: an index row, where it names the list's block, and how
  /// many of the tile's rows count (null: all).
  struct Entry {
    Value row, slot, rows;
  };

  /// Entry `at`; none of its rows count where that is behind the list's end.
  Entry entryAt(KernelBuilder &k, const RowTile &tile, int64_t tileRows,
                const List &list, Value at, bool mayBeBehind) {
    Entry entry{Value(), k.index(0), tile.rows};
    if (mayBeBehind) {
      entry.rows = arith::SelectOp::create(
          k.b, k.loc, k.isLess(at, list.to),
          tile.rows ? tile.rows : k.index(tileRows), k.index(0));
      at = k.min(at, k.sub(list.to, k.index(1)));
    }
    Value row =
        k.loadIndex(k.buffer(op.getRows()), {tile.batch, list.head, at});
    entry.row = k.max(k.min(row, k.index(indexRows - 1)), k.index(0));
    for (int64_t s = 1; s < slots; ++s) {
      Value named = k.loadIndex(k.buffer(index),
                                {tile.batch, list.head, entry.row, k.index(s)});
      Value isHere = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::eq,
                                           named, list.number);
      entry.slot =
          arith::SelectOp::create(k.b, k.loc, isHere, k.index(s), entry.slot);
    }
    return entry;
  }

  /// The second kernel: a list's entries, some at once.
  LogicalResult addIndexRows() {
    tile::ScheduleAttr schedule = sumSchedule(/*descending=*/true);
    RowGrid tiles = grid(schedule);
    KernelBuilder k = kernel("", tiles.items(), schedule);
    RowTile tile = k.rowTile(tiles);
    TileSize size{tiles.rows, keys.getDimSize(kDepth)};
    const int64_t together =
        std::max<int64_t>(1, KeyGradSums::kTogether / parts);
    auto pieceOf = [&](const List &list, const Entry &entry, Value p) {
      Value part = k.add(k.mul(entry.row, parts), p);
      return Piece{list.head, rowOfSlot(k, part, entry.slot, list.inBlock),
                   entry.rows};
    };
    auto addEntries = [&](const List &list, Value first, ValueRange carried) {
      SmallVector<Entry> entries;
      for (int64_t e = 0; e < together; ++e)
        entries.push_back(entryAt(k, tile, tiles.rows, list,
                                  k.add(first, k.index(e)),
                                  /*mayBeBehind=*/e > 0));
      if (together == 1)
        return sums.addRun(
            k, tile.batch, size, parts,
            [&](Value p) { return pieceOf(list, entries[0], p); }, carried);
      SmallVector<Piece> pieces;
      for (const Entry &entry : entries)
        for (int64_t p = 0; p < parts; ++p)
          pieces.push_back(pieceOf(list, entry, k.index(p)));
      return sums.add(k, tile.batch, size, pieces, carried);
    };
    State state =
        walkLists(k, tile, size, [&](const List &list, ValueRange carried) {
          return k.loop(list.from, list.to, together, State(carried),
                        [&](Value first, ValueRange inner) {
                          return addEntries(list, first, inner);
                        });
        });
    return finish(k, tiles, tile, state, /*share=*/0.0);
  }

  Value index;
  int64_t slots = 0, indexRows = 0; ///< blocks that a row names, rows of a head
  int64_t parts = 0;                ///< pieces of a row's queries
};
} // namespace

/// The schedule says so by warps that share what they walk over.
bool llsa::takesIndexRows(const LaunchContext &context, AttendKeyGradOp op) {
  int64_t queries = context.schedule.getQueries();
  return context.streams && context.schedule.getWarps() > 1 && queries > 0 &&
         queries % context.schedule.getCols() == 0 &&
         AttendForm(op).sources.front().getEvery() % queries == 0 &&
         indexBehind(op);
}

LogicalResult llsa::lowerKeyGradByIndexRows(const LaunchContext &context,
                                            AttendKeyGradOp op,
                                            ArrayRef<Operation *> epilogue) {
  return IndexRowKernels(context, op, epilogue).run();
}
