//===- AttendTile.h - a tile of queries and all keys they see ---*- C++ -*-===//
//
// What the softmax (Attend.cpp) and its gradients over queries
// (AttendQueryGrad.cpp, AttendBiasGrad.cpp) share: a
// walk over the keys of all sources, and what the exponent of a pair is made
// of. The weight of a key and its existence ride along in one addend per key, a
// 1xC tile, and cost nothing where they are constant.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDTILE_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDTILE_H

#include "compiler/conversion/llsa-to-tile/AttendRegions.h"
#include "compiler/conversion/llsa-to-tile/AttendStreams.h"

namespace llsa {

inline constexpr double kLog2E = 1.4426950408889634074;

class AttendTile {
public:
  using State = TileBuilder::Values;

  AttendTile(const LaunchContext &context, AttendForm form, KernelBuilder &k,
             const RowTile &rowTile);
  /// The work item's tile.
  AttendTile(const LaunchContext &context, AttendForm form, KernelBuilder &k,
             const RowGrid &grid)
      : AttendTile(context, std::move(form), k, k.rowTile(grid)) {}
  AttendTile(const AttendTile &) = delete;

  /// Calls `update` for all steps over all keys; for the first one of streams
  /// `first`, if it is given. `options`: what a thread has registers for.
  State walk(State state, AttendUpdate update, AttendUpdate first = nullptr,
             StepOptions options = StepOptions());

  /// What the exponent of a pair is made of: `score * factor + weight`.
  struct Scores {
    mlir::Value score; ///< RxC
    double factor;
    mlir::Value weight; ///< log2 of the keys' weights; null: all 0
    mlir::Value rest;   ///< what rounding took from them; null: nothing matters
    mlir::Value counts; ///< RxC i1: pairs that count; null: all
    llvm::SmallVector<mlir::Value> args; ///< of the regions, if there are any
  };
  /// `again`: on purpose, not to be taken for the first time's product.
  Scores scores(const Source &source, const Step &step, bool again = false);
  /// The exponents, -inf for pairs that do not count.
  mlir::Value maskedExponent(const Scores &s);
  /// What weights are relative to, from `lse` (natural, Rx1): 0 for queries
  /// that saw no key.
  mlir::Value baseOf(mlir::Value lse);
  /// Queries that saw no key (i1).
  mlir::Value sawNothing(mlir::Value lse);
  /// The weights of a step's pairs, relative to 2^base.
  mlir::Value weights(const Scores &s, mlir::Value base);
  /// The same, where no exponent of the step is above `base`: nor is a weight
  /// above 1, and that of an exponent that is `base` is 1, however great the
  /// scores are.
  mlir::Value weightsBelow(const Scores &s, mlir::Value base);
  /// An operand of a dot.
  mlir::Value operand(mlir::Value tile) { return dotOperand(k, tile, widen); }
  /// A region has a diagnostic.
  bool failed() const { return regions.failed(); }

  KernelBuilder &k;
  const AttendForm form;
  const RowTile tile;
  const int64_t rows, depth;
  mlir::Value query; ///< an operand of a dot
  /// There are registers for scores of few keys in two chains.
  bool twoChains = false;

private:
  State window(const Source &source, State state, AttendUpdate update);
  mlir::Value queryIds();
  mlir::Value perKey(const Source &source, const Step &step,
                     llvm::function_ref<double(double)> numberOf);
  mlir::Value addend(const Source &source, const Step &step);
  mlir::Value addendRest(const Source &source, const Step &step);
  /// `score * factor + addend` (null: 0).
  mlir::Value exponent(const Scores &s, mlir::Value addend);
  mlir::Value relative(const Scores &s, mlir::Value base);
  mlir::Value counted(const Scores &s, mlir::Value p);
  bool isFloat32() const;
  mlir::Value exists(const Source &source, const Step &step, int64_t height);
  llvm::SmallVector<mlir::Value>
  regionArgs(const Source &source, const Step &step, mlir::Value score);

  int64_t cols;
  bool widen, streams, together;
  AttendSources loader;
  llvm::SmallVector<Source> sources;

public:
  AttendRegions regions;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_ATTENDTILE_H
