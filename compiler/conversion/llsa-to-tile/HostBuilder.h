//===- HostBuilder.h - the host's list of buffers and launches --*- C++ -*-===//
#ifndef LLSA_COMPILER_CONVERSION_LLSATOTILE_HOSTBUILDER_H
#define LLSA_COMPILER_CONVERSION_LLSATOTILE_HOSTBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir {
class SymbolTable;
} // namespace mlir

namespace llsa {

/// The contiguous buffer of a tensor's type.
mlir::MemRefType bufferTypeOf(mlir::Type tensor);

/// Writes the host function: which buffer holds which tensor, what is
/// allocated, what is launched.
class HostBuilder {
public:
  /// Launches go to the end of `body`, kernels before `function`.
  HostBuilder(mlir::Block *body, mlir::Operation *function,
              mlir::SymbolTable &symbols);

  /// The buffer that holds `tensor`; null when it has none.
  mlir::Value bufferOf(mlir::Value tensor) const {
    return buffers.lookup(tensor);
  }
  void bind(mlir::Value tensor, mlir::Value buffer) {
    buffers[tensor] = buffer;
  }
  /// A workspace of its own.
  mlir::Value allocate(mlir::MemRefType type, mlir::Location loc);
  /// Puts `kernel` into the module (renamed when its name is taken) and
  /// launches it on `args`.
  void launch(mlir::Operation *kernel, mlir::ValueRange args);

private:
  mlir::OpBuilder b;
  mlir::Operation *function;
  mlir::SymbolTable &symbols;
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
};

} // namespace llsa

#endif // LLSA_COMPILER_CONVERSION_LLSATOTILE_HOSTBUILDER_H
