//===- Entry.h - the entry function of a variant ----------------*- C++ -*-===//
//
// A variant is a module with one public function, its entry: tensors in,
// tensors out. Arguments and results have names, the names of the program's
// buffers.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_TRANSFORMS_ENTRY_H
#define LLSA_COMPILER_TRANSFORMS_ENTRY_H

#include "dialects/llsa/LLSAOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace llsa {

/// Attribute of an argument or result: the name of its buffer.
inline constexpr llvm::StringLiteral kNameAttr = "llsa.name";
/// Attribute of an argument: its sizes, as names of the spec or numbers.
inline constexpr llvm::StringLiteral kShapeAttr = "llsa.shape";

/// Attribute of an argument: llsa-differentiate takes it for a constant.
inline constexpr llvm::StringLiteral kNoGradientAttr = "llsa.no_gradient";

/// The one public function of the module; an error names what was found
/// instead. It has one block, ranked tensors as arguments and results, and at
/// least one result.
mlir::FailureOr<mlir::func::FuncOp> findEntry(mlir::ModuleOp module);

/// The name of argument `i`: `llsa.name`, or by position q, k, v, arg3, ...
std::string argumentName(mlir::func::FuncOp entry, unsigned i);

/// The name of result `i`: `llsa.name`, or o for the first, lse for a second
/// one that is a float32 [B, H, M], else result1, result2, ...
std::string resultName(mlir::func::FuncOp entry, unsigned i);

/// The selections of the entry, i1 first: in reverse program order. A coarser
/// selection always stands before the finer one that it feeds, so a chain is
/// numbered from fine to coarse, as levels are.
llvm::SmallVector<SelectOp> numberedSelections(mlir::func::FuncOp entry);

} // namespace llsa

#endif // LLSA_COMPILER_TRANSFORMS_ENTRY_H
