//===- LLSAVerify.h - checks that the ops' verifiers share ------*- C++ -*-===//
//
// Private to dialects/llsa/*.cpp. Each check ends in one message that names
// the operand, says what was expected and what came.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_DIALECTS_LLSA_LLSAVERIFY_H
#define LLSA_DIALECTS_LLSA_LLSAVERIFY_H

#include "dialects/llsa/LLSAOps.h"

namespace llsa::shared {

/// True unless both sizes are numbers and differ: `?` agrees with all.
bool agree(int64_t a, int64_t b);

/// Sizes that are numbers are at least 1, and there are fewer than 2^59
/// elements, so that no byte offset overflows.
mlir::LogicalResult verifySizes(mlir::Operation *op,
                                mlir::RankedTensorType type,
                                llvm::StringRef name);

/// A token tensor as the dialect's description defines it.
mlir::LogicalResult verifyTokens(mlir::Operation *op, mlir::Value value,
                                 llvm::StringRef name);

/// Token tensors `query` and `keys` of equal batch, head dimension and element
/// type, whose key heads divide the query heads.
mlir::LogicalResult verifyHeads(mlir::Operation *op, mlir::Value query,
                                mlir::Value keys, llvm::StringRef name);

/// verifyHeads, and values of the keys' type.
mlir::LogicalResult verifyQueryKeysValues(mlir::Operation *op,
                                          mlir::Value query, mlir::Value keys,
                                          mlir::Value values);

/// Index rows `[B, H, ceil(M / every), k]` for a verified query `[B, H, M, D]`.
mlir::LogicalResult verifyIndexRows(mlir::Operation *op, mlir::Value indices,
                                    mlir::Value query, int64_t every,
                                    llvm::StringRef name);

/// Block sizes are between 4 and 128.
mlir::LogicalResult verifyBlock(mlir::Operation *op, int64_t block);

/// A scale, when given, is finite in float32.
mlir::LogicalResult verifyScale(mlir::Operation *op,
                                std::optional<llvm::APFloat> scale);

//===----------------------------------------------------------------------===//
// Sources and regions: LLSAAttention.cpp
//===----------------------------------------------------------------------===//

/// See the accessors of `llsa.attend`.
mlir::Value indicesOfSource(mlir::ArrayAttr sources, mlir::OperandRange indices,
                            unsigned i);
std::optional<int64_t> baseTokensOf(mlir::ArrayAttr sources,
                                    mlir::OperandRange keys);

/// The list of sources of an attend.
mlir::LogicalResult verifySources(mlir::Operation *op, mlir::Value query,
                                  mlir::OperandRange keys,
                                  mlir::OperandRange values,
                                  mlir::OperandRange indices,
                                  mlir::ArrayAttr sources);
/// What a source's attribute says, whatever its keys are.
mlir::LogicalResult verifySource(mlir::Operation *op, SourceAttr source);
/// How many keys source `i` has, when the number of tokens is `tokens`.
mlir::LogicalResult verifyKeyCount(mlir::Operation *op, unsigned i,
                                   SourceAttr source, mlir::Value keys,
                                   std::optional<int64_t> tokens);

/// `score` and `mask` regions: arguments, result, ops.
mlir::LogicalResult verifyScoreAndMask(mlir::Operation *op, mlir::Region &score,
                                       mlir::Region &mask);
/// Calls in these regions are of device functions. That the callee exists and
/// has these types is func.call's own rule.
mlir::LogicalResult verifyRegionCalls(mlir::Operation *op,
                                      mlir::SymbolTableCollection &symbols);
/// The `derivative` region beside `score`.
mlir::LogicalResult verifyDerivative(mlir::Operation *op, mlir::Region &score,
                                     mlir::Region &derivative);
/// The `reads` region of a gradient of a tensor of this rank.
mlir::LogicalResult verifyReads(mlir::Operation *op, mlir::Region &reads,
                                int64_t rank);

/// Types are inferred while an op is parsed, before any verifier has run: what
/// inference itself relies on is checked here. `what` is "'op' op operand".
mlir::FailureOr<mlir::RankedTensorType>
inferFrom(std::optional<mlir::Location> loc, mlir::Value value,
          llvm::StringRef what);

/// The results of an attention over queries of type `query`: o and lse.
void inferAttention(mlir::RankedTensorType query,
                    llvm::SmallVectorImpl<mlir::Type> &types);

} // namespace llsa::shared

#endif // LLSA_DIALECTS_LLSA_LLSAVERIFY_H
