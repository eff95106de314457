//===- TransposedIndex.h - the index behind its transposition ---*- C++ -*-===//
#ifndef LLSA_DIALECTS_LLSA_TRANSPOSEDINDEX_H
#define LLSA_DIALECTS_LLSA_TRANSPOSEDINDEX_H

#include "dialects/llsa/LLSAOps.h"

namespace llsa {

/// The index [B, H, R, K] whose transposition a key gradient is given, looked
/// up through launches. Null where that is not at hand: offsets and rows that a
/// user brings, or a source that is not gathered.
mlir::Value indexBehind(AttendKeyGradOp grad);

} // namespace llsa

#endif // LLSA_DIALECTS_LLSA_TRANSPOSEDINDEX_H
