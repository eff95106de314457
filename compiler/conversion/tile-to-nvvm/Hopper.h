//===- Hopper.h - instructions of sm_90a ------------------------*- C++ -*-===//
//
// The copy engine, mbarriers, and products of four warps (wgmma), as inline
// assembly: the compiler's own ops either lack the form (left operand in
// registers) or tie nothing to the wait for it.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_HOPPER_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_HOPPER_H

#include "mlir/IR/Builders.h"

namespace llsa::gpu {

class Hopper {
public:
  explicit Hopper(mlir::OpBuilder &b) : b(b) {}
  using Value = mlir::Value;
  using Values = llvm::SmallVector<Value>;

  /// Makes a barrier in shared memory (i32 address) of so many arrivals.
  void initBarrier(mlir::Location loc, Value barrier, int64_t arrivals);
  /// The barriers made so far are there for the copy engine, too.
  void fenceBarrierInit(mlir::Location loc);
  /// Arrives, and makes the phase wait for `bytes` more bytes.
  void expectBytes(mlir::Location loc, Value barrier, int64_t bytes);
  void arrive(mlir::Location loc, Value barrier);
  /// Waits for the end of the phase of this parity (i32).
  void waitBarrier(mlir::Location loc, Value barrier, Value parity);

  /// Starts to copy `bytes` bytes (a multiple of 16, from an address that is
  /// one) to shared memory.
  void copyBytes(mlir::Location loc, Value to, Value from, int64_t bytes,
                 Value barrier);

  /// Starts to copy a box of the tensor that `map` describes, from the given
  /// place (i32, innermost dimension first), to shared memory.
  void copyBox(mlir::Location loc, Value to, Value map, mlir::ValueRange at,
               Value barrier);

  /// One product of a warp group.
  struct Product {
    mlir::Type element;    ///< bf16 or f16
    int64_t columns;       ///< of the result
    bool transposed;       ///< the right operand lies column by column
    Values left;           ///< i32 pairs: 4 per 16 elements of depth
    Value right;           ///< lower half (i32) of a descriptor
    int64_t rightUpper;    ///< its upper half
    int64_t step;          ///< added to it per 16 elements of depth ...
    int64_t stepsPerPanel; ///< ... and so many of them lie in a panel,
    int64_t panel;         ///< panels being so far apart
    Values acc;            ///< f32; empty: zeros
  };
  /// Starts it and returns the sums, which may be used after `wait`.
  Values startProduct(mlir::Location loc, const Product &product);
  /// Waits for all products; returns what stands for `values` from then on.
  Values waitProducts(mlir::Location loc, mlir::ValueRange values);

  /// A use of `values` (i32) that costs next to nothing. ptxas (12.9 and 13.0)
  /// takes the registers of a left operand for others inside a loop when wgmma
  /// is all that reads them; a use behind the loop keeps them.
  void keep(mlir::Location loc, mlir::ValueRange values);

private:
  /// Nvvm's.
  Values assembly(mlir::Location loc, llvm::StringRef text,
                  mlir::TypeRange results, llvm::StringRef constraints,
                  mlir::ValueRange inputs);
  mlir::OpBuilder &b;
};

} // namespace llsa::gpu

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_HOPPER_H
