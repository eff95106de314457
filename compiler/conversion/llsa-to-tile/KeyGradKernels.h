//===- KeyGradKernels.h - what kernels of key gradients share ---*- C++ -*-===//
//
// The kernels of one attend_key_grad, whichever way they take
// (AttendKeyGrad.cpp lists these): how they begin, what a tile of keys is, how
// they end, and the sums that one leaves in memory for another.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADKERNELS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADKERNELS_H

#include "compiler/conversion/llsa-to-tile/KeyGradSums.h"
#include "compiler/conversion/llsa-to-tile/KeyGradTile.h"

namespace llsa {

/// A gathered source in pieces of index rows; the op must have an index behind
/// it, and the schedule ask for it (takesIndexRows).
mlir::LogicalResult
lowerKeyGradByIndexRows(const LaunchContext &context, AttendKeyGradOp op,
                        llvm::ArrayRef<mlir::Operation *> epilogue);
bool takesIndexRows(const LaunchContext &context, AttendKeyGradOp op);

/// A gathered source whose long lists are cut behind `most` entries.
mlir::LogicalResult
lowerKeyGradByLists(const LaunchContext &context, AttendKeyGradOp op,
                    llvm::ArrayRef<mlir::Operation *> epilogue, int64_t most);

class KeyGradKernels {
public:
  KeyGradKernels(const LaunchContext &context, AttendKeyGradOp op,
                 llvm::ArrayRef<mlir::Operation *> epilogue);

protected:
  using State = KeyGradTile::State; ///< dk before scaling, dv
  using Piece = KeyGradSums::Piece;

  KernelBuilder kernel(llvm::StringRef suffix, llvm::ArrayRef<int64_t> items) {
    return kernel(suffix, items, context.schedule);
  }
  KernelBuilder kernel(llvm::StringRef suffix, llvm::ArrayRef<int64_t> items,
                       tile::ScheduleAttr schedule);

  RowGrid grid() { return grid(context.schedule); }
  RowGrid grid(tile::ScheduleAttr schedule);

  /// The end of the last kernel: gradients, and what follows from them.
  mlir::LogicalResult finish(KernelBuilder &k, const RowGrid &grid,
                             const RowTile &tile, State state,
                             double share = 1.0);

  mlir::Type f32() const { return mlir::Float32Type::get(keys.getContext()); }
  /// For `tokens` rows of each query head.
  KeyGradSums allocateSums(int64_t tokens, mlir::Type element);
  /// Of kernels that add sums and nothing else: they wait for memory, so their
  /// tiles are small and many. `descending`: where the pieces together are more
  /// than the L2 holds, and were written from the first head to the last.
  tile::ScheduleAttr sumSchedule(bool descending = false) const;

  // Gathered: the lists of a block.

  /// That of one query head.
  struct List {
    mlir::Value head, number;
    mlir::Value inBlock;  ///< where in the block the tile starts
    mlir::Value from, to; ///< entries
  };
  /// Calls `body` for the list of each query head of the tile's key head.
  State
  walkLists(KernelBuilder &k, const RowTile &tile, TileSize size,
            llvm::function_ref<State(const List &, mlir::ValueRange)> body);

  /// A piece's row of the sums' buffers.
  mlir::Value rowOf(KernelBuilder &k, mlir::Value piece, mlir::Value inBlock);
  /// Rows of the tile that exist; null: all.
  mlir::Value rowsOf(KernelBuilder &k, const RowTile &tile,
                     mlir::Value inBlock);
  /// Rows whose sums are asked for. Where tiles end with blocks, one behind the
  /// last key loads its first row, too, and makes nothing of it.
  mlir::Value askedRowsOf(KernelBuilder &k, const RowTile &tile,
                          mlir::Value inBlock);

  const LaunchContext &context;
  AttendKeyGradOp op;
  llvm::ArrayRef<mlir::Operation *> epilogue;
  const AttendForm form;
  const SourceAttr source;
  const mlir::RankedTensorType keys;
  const int64_t rows, queryHeads;
  const int64_t group; ///< query heads of a key head
  const int64_t block; ///< gathered: keys of a block
  const int64_t lists; ///< gathered: of a head

  KeyGradSums sums; ///< of the pieces

private:
  mlir::Value store(KernelBuilder &k, const RowTile &tile, mlir::Value gradient,
                    mlir::Value result);
  mlir::Value rowsInBlock(KernelBuilder &k, mlir::Value inBlock);
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADKERNELS_H
