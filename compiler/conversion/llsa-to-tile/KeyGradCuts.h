//===- KeyGradCuts.h - long lists in pieces ---------------------*- C++ -*-===//
//
// A list of more than `most` entries is cut behind every `most` of them. The
// cuts of all lists of a head lie at least `most` entries apart, so that
// [i * most, (i + 1) * most) holds at most one: piece number i. It starts with
// the cut and ends with the next one, or with the list.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADCUTS_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADCUTS_H

#include "compiler/conversion/llsa-to-tile/Lowering.h"

namespace llsa {

/// The entries of a list of query head `head`: from the first to behind the
/// last, within the transposed index whatever a user brings.
std::pair<mlir::Value, mlir::Value>
listBounds(KernelBuilder &k, AttendKeyGradOp op, mlir::Value batch,
           mlir::Value head, mlir::Value list);

/// Launches the kernel that finds the cuts. The host's buffer [B, H, pieces]
/// (i32) of the blocks whose lists are cut there; -1: no piece.
mlir::Value lowerKeyGradCuts(const LaunchContext &context, AttendKeyGradOp op,
                             int64_t most);

struct KeyGradPiece {
  mlir::Value block;    ///< of keys
  mlir::Value from, to; ///< entries; none where there is no piece
};
/// Piece number `piece` of query head `head`, from what is in `cuts`.
KeyGradPiece findKeyGradPiece(KernelBuilder &k, AttendKeyGradOp op,
                              mlir::Value cuts, mlir::Value batch,
                              mlir::Value head, mlir::Value piece,
                              int64_t most);

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADCUTS_H
