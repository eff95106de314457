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
//             is cut (KeyGradCuts.cpp). Where most lists are short the second
//             kernel takes the first pieces itself, and few are left in memory.
//   rows      of a gathered source whose index is at hand, where many queries
//             share an index row: a piece is a row's queries (or equal parts of
//             them) and one of the blocks that it names. Warps that share the
//             row share the queries; the second kernel adds a list's pieces.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/KeyGradCuts.h"
#include "compiler/conversion/llsa-to-tile/KeyGradSums.h"
#include "compiler/conversion/llsa-to-tile/KeyGradTile.h"
#include "dialects/llsa/TransposedIndex.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"
#include <optional>

using namespace mlir;
using namespace llsa;

namespace {
class KeyGradKernels {
public:
  KeyGradKernels(const LaunchContext &context, AttendKeyGradOp op,
                 ArrayRef<Operation *> epilogue)
      : context(context), op(op), epilogue(epilogue), form(op),
        source(form.sources.front()), keys(tensorOf(op.getKeys())),
        rows(context.schedule.getRows()),
        queryHeads(tensorOf(form.query).getDimSize(kHead)),
        group(queryHeads / keys.getDimSize(kHead)) {}

  LogicalResult run() {
    switch (source.getKind()) {
    case SourceKind::Dense:
      return densePieces() > 1 ? splitDense() : whole();
    case SourceKind::Window:
      return whole();
    case SourceKind::Gathered:
      return takesRows()        ? splitRows()
             : cutEntries() > 0 ? splitGathered()
                                : whole();
    }
    llvm_unreachable("all kinds are listed");
  }

private:
  using State = KeyGradTile::State; ///< dk before scaling, dv
  using Piece = KeyGradSums::Piece;

  KernelBuilder kernel(StringRef suffix, ArrayRef<int64_t> items) {
    return kernel(suffix, items, context.schedule);
  }
  KernelBuilder kernel(StringRef suffix, ArrayRef<int64_t> items,
                       tile::ScheduleAttr schedule) {
    LaunchOp launch = context.launch;
    return KernelBuilder(context.host, launch.getLoc(),
                         (launch.getName() + suffix).str(), items, schedule);
  }

  RowGrid grid() { return grid(context.schedule); }
  RowGrid grid(tile::ScheduleAttr schedule) {
    return op.getOffsets()
               ? RowGrid::granular(keys, source.getBlock(), schedule)
               : RowGrid::plain(keys, schedule);
  }

  //===--------------------------------------------------------------------===//
  // The end
  //===--------------------------------------------------------------------===//

  LogicalResult finish(KernelBuilder &k, const RowGrid &grid,
                       const RowTile &tile, State state, double share = 1.0) {
    Value dk = k.apply<arith::MulFOp>(state[0], k.splat(form.scale, {}));
    DenseMap<Value, Value> tiles;
    tiles[op.getKeysGrad()] = store(k, tile, dk, op.getKeysGrad());
    tiles[op.getValuesGrad()] = store(k, tile, state[1], op.getValuesGrad());
    if (failed(emitEpilogue(k, epilogue, tile, grid, tiles, context.widenDots)))
      return failure();
    LaunchOp launch = context.launch;
    k.finish(launch, share);
    return success();
  }

  /// The gradient in the result's type, stored where it is wanted.
  Value store(KernelBuilder &k, const RowTile &tile, Value gradient,
              Value result) {
    Value rounded = k.fromF32(gradient, tensorOf(result).getElementType());
    if (k.isWanted(result))
      k.store(rounded, k.buffer(result),
              {tile.batch, tile.head, tile.start, k.index(0)}, tile.rows);
    return rounded;
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
        Value list = k.div(tile.start, source.getBlock());
        auto [from, to] = listBounds(k, op, tile.batch, head, list);
        return keyTile.walkRows(State(carried), head, from, to,
                                tensorOf(op.getRows()).getDimSize(2));
      });
    if (keyTile.failed())
      return failure();
    return finish(k, grid(), tile, state);
  }

  //===--------------------------------------------------------------------===//
  // Sums of pieces
  //===--------------------------------------------------------------------===//

  Type f32() const { return Float32Type::get(keys.getContext()); }

  KeyGradSums allocateSums(int64_t tokens, Type element) {
    auto type = MemRefType::get(
        {keys.getDimSize(kBatch), queryHeads, tokens, keys.getDimSize(kDepth)},
        element);
    LaunchOp launch = context.launch;
    return {context.host.allocate(type, launch.getLoc()),
            context.host.allocate(type, launch.getLoc())};
  }

  /// Of kernels that add sums and nothing else: they wait for memory, so their
  /// tiles are small and many.
  tile::ScheduleAttr sumSchedule() const {
    constexpr int64_t kSumRows = 8;
    return tile::ScheduleAttr::get(keys.getContext(), std::min(rows, kSumRows),
                                   context.schedule.getCols(), /*warps=*/1,
                                   /*stages=*/1);
  }
  /// The same, where the pieces together are more than the L2 holds, and were
  /// written from the first head to the last.
  tile::ScheduleAttr descendingSumSchedule() const {
    tile::ScheduleAttr sums = sumSchedule();
    return tile::ScheduleAttr::get(
        keys.getContext(), sums.getRows(), sums.getCols(), sums.getWarps(),
        sums.getStages(), sums.getPrivateCols(), sums.getCtas(),
        sums.getPrivateStages(), sums.getQueries(), sums.getList(),
        sums.getPersistent(), /*descending=*/true);
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
    auto rowOf = [&](KernelBuilder &k, Value piece, const RowTile &tile) {
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
      sums.store(k, tile, head, rowOf(k, piece, tile), state);
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
          return Piece{head, rowOf(k, k.rem(i, pieces), tile), tile.rows};
        },
        {zero, zero});
    return finish(k, tiles, tile, state, /*share=*/0.0);
  }

  //===--------------------------------------------------------------------===//
  // Gathered: the lists of a block
  //===--------------------------------------------------------------------===//

  /// That of one query head.
  struct List {
    Value head, number;
    Value inBlock;  ///< where in the block the tile starts
    Value from, to; ///< entries
  };

  /// Calls `body` for the list of each query head of the tile's key head.
  State walkLists(KernelBuilder &k, const RowTile &tile, TileSize size,
                  llvm::function_ref<State(const List &, ValueRange)> body) {
    Value number = k.div(tile.start, block);
    Value inBlock = k.sub(tile.start, k.mul(number, block));
    Value zero = k.splat(0.0, size);
    return k.repeat(group, {zero, zero}, [&](Value i, ValueRange carried) {
      Value head = k.add(k.mul(tile.head, group), i);
      auto [from, to] = listBounds(k, op, tile.batch, head, number);
      return body({head, number, inBlock, from, to}, carried);
    });
  }

  //===--------------------------------------------------------------------===//
  // Gathered: an index row's queries at once
  //===--------------------------------------------------------------------===//

  /// The schedule says so by warps that share what they walk over.
  bool takesRows() const {
    int64_t queries = context.schedule.getQueries();
    return context.streams && context.schedule.getWarps() > 1 && queries > 0 &&
           queries % context.schedule.getCols() == 0 &&
           source.getEvery() % queries == 0 && indexBehind(op);
  }

  LogicalResult splitRows() {
    index = indexBehind(op);
    block = source.getBlock();
    lists = tensorOf(op.getOffsets()).getDimSize(2) - 1;
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
    tile::ScheduleAttr schedule = descendingSumSchedule();
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

  //===--------------------------------------------------------------------===//
  // Gathered: lists that are too long
  //===--------------------------------------------------------------------===//

  /// Entries that a work item takes at most; 0: all.
  int64_t cutEntries() const {
    int64_t queries = context.schedule.getQueries();
    return queries == 0 ? 0 : std::max<int64_t>(1, queries / source.getEvery());
  }

  LogicalResult splitGathered() {
    most = cutEntries();
    block = source.getBlock();
    int64_t entries = tensorOf(op.getRows()).getDimSize(2);
    lists = tensorOf(op.getOffsets()).getDimSize(2) - 1;
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

  /// Those of lists' starts among the pieces whose sums lie in memory; those
  /// of cuts follow.
  int64_t firstPieces() const { return firstApart ? lists : 0; }

  /// A piece's row of the sums' buffers.
  Value rowOf(KernelBuilder &k, Value piece, Value inBlock) {
    return k.add(k.mul(piece, block), inBlock);
  }

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

  /// Rows of the tile before its block's end; null: all.
  Value rowsInBlock(KernelBuilder &k, Value inBlock) {
    if (source.getBlock() % rows == 0)
      return Value();
    return k.min(k.index(rows), k.sub(k.index(source.getBlock()), inBlock));
  }

  /// Rows of the tile that exist; null: all.
  Value rowsOf(KernelBuilder &k, const RowTile &tile, Value inBlock) {
    Value exist = rowsInBlock(k, inBlock);
    if (keys.getDimSize(kToken) % source.getBlock() != 0)
      exist = k.min(exist ? exist : k.index(rows),
                    k.sub(k.index(keys.getDimSize(kToken)), tile.start));
    return exist;
  }

  /// Rows whose sums are asked for. Where tiles end with blocks, one behind the
  /// last key loads its first row, too, and makes nothing of it.
  Value askedRowsOf(KernelBuilder &k, const RowTile &tile, Value inBlock) {
    Value inside = rowsInBlock(k, inBlock);
    return inside ? inside : tile.rows;
  }

  const LaunchContext &context;
  AttendKeyGradOp op;
  ArrayRef<Operation *> epilogue;
  const AttendForm form;
  const SourceAttr source;
  const RankedTensorType keys;
  const int64_t rows, queryHeads;
  const int64_t group; ///< query heads of a key head

  KeyGradSums sums; ///< of the pieces

  // Gathered, by index rows.
  Value index;
  int64_t slots = 0, indexRows = 0; ///< blocks that a row names, rows of a head
  int64_t parts = 0;                ///< pieces of a row's queries

  // Gathered, in pieces.
  int64_t most = 0, block = 0; ///< entries of a piece, keys of a block
  int64_t lists = 0, cutPieces = 0;
  bool firstApart = false; ///< first pieces are summed apart, too
  Value cuts;
};
} // namespace

LogicalResult llsa::lowerAttendKeyGrad(const LaunchContext &context,
                                       AttendKeyGradOp op,
                                       ArrayRef<Operation *> epilogue) {
  return KeyGradKernels(context, op, epilogue).run();
}
