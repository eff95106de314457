//===- KeyGradByLists.cpp - key gradients by lists that may be long -------===//
//
// A list's first entries are a piece, what is left of a long list is cut
// (KeyGradCuts.h). Where most lists are short the last kernel takes the first
// pieces itself, and few sums are left in memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/KeyGradCuts.h"
#include "compiler/conversion/llsa-to-tile/KeyGradKernels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
#include <optional>

using namespace mlir;
using namespace llsa;

namespace {
class ListKernels : public KeyGradKernels {
public:
  ListKernels(const LaunchContext &context, AttendKeyGradOp op,
              ArrayRef<Operation *> epilogue, int64_t most)
      : KeyGradKernels(context, op, epilogue), most(most) {}

  LogicalResult run() {
    int64_t entries = tensorOf(op.getRows()).getDimSize(2);
    cutPieces = llvm::divideCeil(entries, most);
    firstApart = entries >= most * lists;
    sums = allocateSums((firstPieces() + cutPieces) * block, f32());
    cuts = lowerKeyGradCuts(context, op, most);
    if (failed(sumPieces()))
      return failure();

    tile::ScheduleAttr schedule = firstApart ? sumSchedule() : context.schedule;
    RowGrid tiles = grid(schedule);
    KernelBuilder k = kernel("", tiles.items(), schedule);
    RowTile tile = k.rowTile(tiles);
    TileSize size{tiles.rows, keys.getDimSize(kDepth)};
    std::optional<KeyGradTile> keyTile;
    if (!firstApart)
      keyTile.emplace(context, op, k, tile);
    State state =
        walkLists(k, tile, size, [&](const List &list, ValueRange carried) {
          auto add = [&](Value piece, ValueRange state) {
            Value row = rowOf(k, piece, list.inBlock);
            return sums.add(k, tile.batch, size,
                            Piece{list.head, row, tile.rows}, state);
          };
          Value behind = k.add(list.from, k.index(most));
          State state =
              firstApart
                  ? add(list.number, carried)
                  : keyTile->walkRows(State(carried), list.head, list.from,
                                      k.min(list.to, behind), most);
          return k.loop(
              behind, list.to, most, state, [&](Value at, ValueRange inner) {
                return add(k.add(k.index(firstPieces()), k.div(at, most)),
                           inner);
              });
        });
    if (keyTile && keyTile->failed())
      return failure();
    return finish(k, tiles, tile, state, firstApart ? 0.0 : 1.0);
  }

private:
  /// Those of lists' starts among the pieces whose sums lie in memory; those
  /// of cuts follow.
  int64_t firstPieces() const { return firstApart ? lists : 0; }

  /// The kernel of the pieces, one work item each (and each tile of a block).
  LogicalResult sumPieces() {
    LaunchOp launch = context.launch;
    int64_t parts = llvm::divideCeil(block, rows);
    int64_t count = (firstPieces() + cutPieces) * parts;
    KernelBuilder k =
        kernel("_pieces",
               {keys.getDimSize(kBatch), queryHeads,
                int64_t(llvm::alignTo(count, context.schedule.getWarps()))});
    Value batch = k.item()[0], head = k.item()[1];
    Value piece = k.div(k.item()[2], parts);
    Value inBlock = k.mul(k.rem(k.item()[2], parts), rows);
    // Warps beyond the last piece see none.
    Value cut = k.sub(piece, k.index(firstPieces()));
    KeyGradPiece found =
        findKeyGradPiece(k, op, k.argument(cuts), batch, head, cut, most);
    Value exists;
    if (firstApart) {
      Value list = k.min(piece, k.index(lists - 1));
      auto [from, to] = listBounds(k, op, batch, head, list);
      Value isFirst = k.isLess(piece, k.index(lists));
      auto choose = [&](Value x, Value y) -> Value {
        return arith::SelectOp::create(k.b, k.loc, isFirst, x, y);
      };
      found = {choose(list, found.block), choose(from, found.from),
               choose(k.min(to, k.add(from, k.index(most))), found.to)};
      // The sum of an empty list is asked for, too.
      exists = arith::OrIOp::create(k.b, k.loc, isFirst,
                                    k.isLess(found.from, found.to));
    } else {
      exists = k.isLess(found.from, found.to);
    }
    auto branch =
        scf::IfOp::create(k.b, k.loc, exists, /*withElseRegion=*/false);
    {
      OpBuilder::InsertionGuard guard(k.b);
      k.b.setInsertionPoint(branch.thenYield());
      RowTile tile{batch, k.div(head, group),
                   k.add(k.mul(found.block, block), inBlock), Value()};
      tile.rows = rowsOf(k, tile, inBlock);
      KeyGradTile keyTile(context, op, k, tile);
      State state =
          keyTile.walkRows(keyTile.zero(), head, found.from, found.to, most);
      if (keyTile.failed())
        return failure();
      tile.rows = askedRowsOf(k, tile, inBlock);
      sums.store(k, tile, head, rowOf(k, piece, inBlock), state);
    }
    k.finish(launch, firstApart ? 1.0 : 0.0);
    return success();
  }

  const int64_t most; ///< entries of a piece
  int64_t cutPieces = 0;
  bool firstApart = false; ///< first pieces are summed apart, too
  Value cuts;
};
} // namespace

LogicalResult llsa::lowerKeyGradByLists(const LaunchContext &context,
                                        AttendKeyGradOp op,
                                        ArrayRef<Operation *> epilogue,
                                        int64_t most) {
  return ListKernels(context, op, epilogue, most).run();
}
