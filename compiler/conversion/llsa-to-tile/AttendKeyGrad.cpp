//===- AttendKeyGrad.cpp - gradients of one source's keys and values ------===//
//
// A tile of keys walks over the queries that see it (KeyGradTile.h): all of
// them (dense), those near it (window), or those whose index rows name its
// block (gathered, by the transposed index). Query heads that share a key head
// come one after the other, the queries of each in ascending order: so the
// order of every sum follows from the input alone.
//
// One work item for all queries of a tile holds up a GPU where there are few
// tiles, or where many queries chose one block. So a schedule may say how many
// queries a work item takes at most. Then the queries of a tile are cut into
// **pieces**, whose sums a first kernel leaves in memory, and a second one adds
// up in order:
//
//   dense     every piece is the same number of steps; the second kernel adds
//   gathered  a list's first entries are a piece, what is left of a long list
//             is cut (KeyGradByLists.cpp)
//   rows      of a gathered source whose index is at hand, where many queries
//             share an index row: a piece is a row's queries (or equal parts of
//             them) and one of the blocks that it names
//             (KeyGradByIndexRows.cpp)
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/KeyGradCuts.h"
#include "compiler/conversion/llsa-to-tile/KeyGradKernels.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

namespace {
class AttendKeyGrad : public KeyGradKernels {
public:
  using KeyGradKernels::KeyGradKernels;

  LogicalResult run() {
    switch (source.getKind()) {
    case SourceKind::Dense:
      return densePieces() > 1 ? splitDense() : whole();
    case SourceKind::Window:
      return whole();
    case SourceKind::Gathered:
      if (takesIndexRows(context, op))
        return lowerKeyGradByIndexRows(context, op, epilogue);
      if (int64_t most = cutEntries())
        return lowerKeyGradByLists(context, op, epilogue, most);
      return whole();
    }
    llvm_unreachable("all kinds are listed");
  }

private:
  /// Entries that a work item takes at most; 0: all.
  int64_t cutEntries() const {
    int64_t queries = context.schedule.getQueries();
    return queries == 0 ? 0 : std::max<int64_t>(1, queries / source.getEvery());
  }

  //===--------------------------------------------------------------------===//
  // One kernel
  //===--------------------------------------------------------------------===//

  LogicalResult whole() {
    KernelBuilder k = kernel("", grid().items());
    RowTile tile = k.rowTile(grid());
    KeyGradTile keyTile(context, op, k, tile);
    State state = keyTile.zero();
    Value firstHead = k.mul(tile.head, group);
    if (source.getKind() == SourceKind::Dense)
      state = keyTile.walkDense(state, firstHead, group, k.index(0),
                                keyTile.denseSteps(), /*mayEnd=*/false);
    else
      state = k.repeat(group, state, [&](Value i, ValueRange carried) {
        Value head = k.add(firstHead, i);
        if (source.getKind() == SourceKind::Window)
          return keyTile.walkWindow(State(carried), head);
        Value list = k.div(tile.start, block);
        auto [from, to] = listBounds(k, op, tile.batch, head, list);
        return keyTile.walkRows(State(carried), head, from, to,
                                tensorOf(op.getRows()).getDimSize(2));
      });
    if (keyTile.failed())
      return failure();
    return finish(k, grid(), tile, state);
  }

  //===--------------------------------------------------------------------===//
  // Dense: equal pieces
  //===--------------------------------------------------------------------===//

  int64_t steps(int64_t queries) const {
    return llvm::divideCeil(queries, context.schedule.getCols());
  }
  /// Of a piece; 0: all.
  int64_t pieceSteps() const { return steps(context.schedule.getQueries()); }
  /// Of one query head.
  int64_t densePieces() const {
    return pieceSteps() == 0
               ? 1
               : llvm::divideCeil(steps(form.queries()), pieceSteps());
  }

  LogicalResult splitDense() {
    int64_t pieces = densePieces();
    sums = allocateSums(pieces * keys.getDimSize(kToken), f32());
    auto rowInSums = [&](KernelBuilder &k, Value piece, const RowTile &tile) {
      return k.add(k.mul(piece, keys.getDimSize(kToken)), tile.start);
    };
    LaunchOp launch = context.launch;
    {
      // The piece is outside of the tiles, so that a CTA's warps share it.
      RowGrid tiles = grid();
      SmallVector<int64_t> items = tiles.items();
      items[1] = queryHeads * pieces;
      KernelBuilder k = kernel("_pieces", items);
      RowTile tile = k.rowTile(tiles);
      Value head = k.div(tile.head, pieces), piece = k.rem(tile.head, pieces);
      tile.head = k.div(head, group);
      KeyGradTile keyTile(context, op, k, tile);
      State state = keyTile.walkDense(
          keyTile.zero(), head, 1, k.mul(piece, pieceSteps()), pieceSteps(),
          /*mayEnd=*/pieces * pieceSteps() != keyTile.denseSteps());
      if (keyTile.failed())
        return failure();
      sums.store(k, tile, head, rowInSums(k, piece, tile), state);
      k.finish(launch);
    }
    RowGrid tiles = grid(sumSchedule());
    KernelBuilder k = kernel("", tiles.items(), sumSchedule());
    RowTile tile = k.rowTile(tiles);
    TileSize size{tiles.rows, keys.getDimSize(kDepth)};
    Value zero = k.splat(0.0, size);
    State state = sums.addRun(
        k, tile.batch, size, group * pieces,
        [&](Value i) {
          Value head = k.add(k.mul(tile.head, group), k.div(i, pieces));
          return Piece{head, rowInSums(k, k.rem(i, pieces), tile), tile.rows};
        },
        {zero, zero});
    return finish(k, tiles, tile, state, /*share=*/0.0);
  }
};
} // namespace

LogicalResult llsa::lowerAttendKeyGrad(const LaunchContext &context,
                                       AttendKeyGradOp op,
                                       ArrayRef<Operation *> epilogue) {
  return AttendKeyGrad(context, op, epilogue).run();
}
