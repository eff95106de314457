//===- KeyGradTile.h - a tile of keys, its queries --------------*- C++ -*-===//
//
// What the kernels of AttendKeyGrad.cpp share: the walks over the queries of a
// tile of keys, and what one step of them adds to the gradients. Keys are the
// tile's rows, queries its columns:
//
//   S^T  = k q^T                      p^T = exp2(S^T factor + (log2 w - base))
//   dP^T = v do^T                     dS^T = p^T (dP^T - delta)
//   dv  += p^T do                     dk  += dS^T q
//
// so that p^T and dS^T are left operands of the dots that use them, where they
// lie in registers already. base and delta belong to queries: rows of 1xC.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADTILE_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADTILE_H

#include "compiler/conversion/llsa-to-tile/AttendRegions.h"

namespace llsa {

class KeyGradTile {
public:
  using State = TileBuilder::Values; ///< dk before scaling, dv

  /// `tile`: keys of a key head. Loads them.
  KeyGradTile(const LaunchContext &context, AttendKeyGradOp op,
              KernelBuilder &k, const RowTile &tile);
  KeyGradTile(const KeyGradTile &) = delete;

  State zero();
  /// Steps of queries that a dense source's walk takes, of one head.
  int64_t denseSteps() const;
  /// All queries of `heads` query heads from `head` on, or `steps` steps of
  /// them from step `first` on, which may lie behind the last query (`mayEnd`).
  State walkDense(State state, mlir::Value head, int64_t heads,
                  mlir::Value first, int64_t steps, bool mayEnd);
  /// Those of head `head` that the tile's keys are in the window of.
  State walkWindow(State state, mlir::Value head);
  /// Those of head `head` whose index rows are entries `from` .. `to` - 1 of
  /// the transposed index, `most` at most.
  State walkRows(State state, mlir::Value head, mlir::Value from,
                 mlir::Value to, int64_t most);
  bool failed() const { return regions.failed(); }

  const AttendForm form;
  const RowTile tile;

private:
  /// Consecutive queries of one head.
  struct Run {
    mlir::Value head, first;
    int64_t width;
    /// How many exist; null: all.
    mlir::Value exist;
    /// All of them or none.
    bool isWhole = false;
    /// The first that counts: those before are another run's. Null: all do.
    mlir::Value counts;
  };
  /// The queries of one step.
  struct Step {
    mlir::Value head;
    mlir::Value queries, gradients; ///< CxD; gradients null: 0
    mlir::Value lse, delta;         ///< 1xC f32
    mlir::Value ids;                ///< 1xC i32
    mlir::Value exists;             ///< 1x1 or 1xC i1; null: all do
    mlir::Value visible;            ///< RxC i1; null: every key is seen
  };
  using RunOf = llvm::function_ref<Run(mlir::Value)>;

  State walkRuns(mlir::Value from, mlir::Value to, State state, RunOf runOf);
  State walkStream(int64_t count, mlir::Value length, State state, RunOf runOf);
  State walkEntries(mlir::Value head, mlir::Value from, mlir::Value to,
                    int64_t perStep, State state);
  Step stepOf(const Run &run);
  bool mayShift(int64_t width);
  std::pair<mlir::Value, mlir::Value> load(const Run &run);
  mlir::Value vectorOf(mlir::Value tensor, const Run &run);
  State add(const Step &step, mlir::ValueRange state);
  mlir::Value entry(mlir::Value head, mlir::Value i);
  mlir::Value before(mlir::Value count, mlir::Value ids);
  mlir::Value lookup(mlir::Value tensor, mlir::Value head, mlir::Value ids);
  mlir::Value existing(mlir::Value ids);
  mlir::Value keyIds();
  mlir::Value weight();
  llvm::SmallVector<mlir::Value> regionArgs(const Step &step,
                                            mlir::Value score);
  mlir::Value loadKeys(mlir::Value memory);

  AttendKeyGradOp op;
  KernelBuilder &k;
  AttendRegions regions;
  const Source source;
  int64_t rows, cols, privateCols, depth, queryCount;
  bool widen, onGpu;
  mlir::Value keys, values; ///< operands of dots
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_KEYGRADTILE_H
