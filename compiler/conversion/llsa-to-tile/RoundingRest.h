//===- RoundingRest.h - what rounding took from an output -------*- C++ -*-===//
//
// The `rest` of `llsa.attend`: bits of a float32 that its bf16 or f16 has no
// room for, as a signed i8. Floats of one sign are ordered as their bits are, so
// integers do it:
//
//   rest  = (bits(exact) - bits(rounded)) / 2^(lost - 8), rounded
//   exact = float(bits(rounded) + rest * 2^(lost - 8))
//
// where bits are those of a float32 and `lost` counts those that the narrow
// type lacks: 16 for bf16, 13 for f16. What comes back is right to 2^-16 or
// 2^-19 of itself, nearly what two numbers of the narrow type would hold. Where
// f16 is subnormal the rest holds as much as fits.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ROUNDINGREST_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ROUNDINGREST_H

#include "compiler/conversion/llsa-to-tile/TileBuilder.h"

namespace llsa {

/// The rest (i8) of a tile of f32 that was rounded to `rounded`.
mlir::Value restOf(TileBuilder &t, mlir::Value exact, mlir::Value rounded);

/// The tile of f32 that `rounded` and `rest` stand for.
mlir::Value withRest(TileBuilder &t, mlir::Value rounded, mlir::Value rest);

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ROUNDINGREST_H
