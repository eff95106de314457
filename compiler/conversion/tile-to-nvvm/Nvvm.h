//===- Nvvm.h - the GPU's instructions by short names -----------*- C++ -*-===//
//
// One file makes all ops of the nvvm dialect: its header takes long to compile.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_NVVM_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_NVVM_H

#include "mlir/IR/Builders.h"

namespace llsa::gpu {

class Nvvm {
public:
  explicit Nvvm(mlir::OpBuilder &b) : b(b) {}
  using Value = mlir::Value;
  using Values = llvm::SmallVector<Value>;

  Value threadId(mlir::Location loc);
  Value ctaId(mlir::Location loc);
  Value numCtas(mlir::Location loc);

  /// The value of the lane whose number differs by `mask` in its bits.
  Value shuffleXor(mlir::Location loc, Value x, int32_t mask);
  /// The value of lane `lane`.
  Value shuffle(mlir::Location loc, Value x, Value lane);
  /// From the lane `distance` below; the lowest lanes get their own.
  Value shuffleUp(mlir::Location loc, Value x, int32_t distance);
  /// A bit for each lane that has the same `x` (i32).
  Value matchAny(mlir::Location loc, Value x);
  enum class Cache { L1, L2 };
  /// Brings the cache line at `pointer` there.
  void prefetch(mlir::Location loc, Value pointer, Cache cache);
  /// True for one lane of the warp.
  Value elect(mlir::Location loc);
  /// A bit (of an i32) for each lane whose `x` is true.
  Value ballot(mlir::Location loc, Value x);
  /// True for all lanes if `x` is for any.
  Value any(mlir::Location loc, Value x);
  /// 2^x and log2(x), approximately, subnormals flushed.
  Value exp2(mlir::Location loc, Value x);
  Value log2(mlir::Location loc, Value x);

  /// Lets the next kernel of the stream start, and waits until the one before
  /// is done and its writes are seen.
  void waitForKernelBefore(mlir::Location loc);
  /// The pointer, of unknown origin and not before this point.
  Value opaque(mlir::Location loc, Value pointer);

  void barrier(mlir::Location loc);
  void warpBarrier(mlir::Location loc);

  /// Addresses in shared memory are i32. The address of the CTA's dynamic
  /// shared memory, in a register that nobody computes again:
  Value sharedBase(mlir::Location loc, Value symbol);

  /// 16 bytes from global to shared memory; only the first `bytes` (i32) of
  /// them are read, the others become 0. Null: all 16.
  void copyAsync(mlir::Location loc, Value to, Value from, Value bytes);
  void commitGroup(mlir::Location loc);
  void waitGroup(mlir::Location loc, int64_t pending);

  /// `count` (1, 2, 4) 8x8 matrices of 16-bit elements; i32 each.
  Values loadMatrices(mlir::Location loc, Value address, int64_t count,
                      bool transposed);
  /// a b + c for 16x16 times 16x8 of bf16 or f16 (i32 pairs), c in f32.
  Values mma16(mlir::Location loc, mlir::Type element, mlir::ValueRange a,
               mlir::ValueRange b, mlir::ValueRange c);
  /// a b + c for 16x8 times 8x8 of tf32 (f32 bits in i32), c in f32.
  Values mmaTf32(mlir::Location loc, mlir::ValueRange a, mlir::ValueRange b,
                 mlir::ValueRange c);
  /// f32 rounded to tf32, as bits.
  Value roundToTf32(mlir::Location loc, Value x);

  /// One block of inline assembly, volatile, and its results.
  Values assembly(mlir::Location loc, llvm::StringRef text,
                  mlir::TypeRange results, llvm::StringRef constraints,
                  mlir::ValueRange inputs = {});

private:
  Values unpack(mlir::Location loc, Value structure);
  mlir::OpBuilder &b;
};

} // namespace llsa::gpu

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_NVVM_H
