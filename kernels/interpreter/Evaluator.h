//===- Evaluator.h - values of a bound variant, on demand -------*- C++ -*-===//
//
// Private to kernels/interpreter. Asking for a value evaluates the op that
// defines it, and through it what that needs, once.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_EVALUATOR_H
#define LLSA_KERNELS_INTERPRETER_EVALUATOR_H

#include "dialects/llsa/LLSAOps.h"
#include "kernels/interpreter/Interpreter.h"
#include "kernels/interpreter/ScalarProgram.h"
#include "kernels/interpreter/SelectionNumbers.h"
#include "kernels/reference/Hierarchy.h"
#include "llvm/ADT/DenseMap.h"

namespace llsa::reference {

/// A tensor during an evaluation. Some are kept as numbers, some as indices,
/// and each as the other when that is asked for.
struct TensorValue {
  std::shared_ptr<const Array> array;
  std::shared_ptr<const IndexArray> indices;
  bool sampled = false; ///< dimension 2 holds the sampled rows alone
};

std::vector<int64_t> shapeOf(mlir::Value tensor);
/// The element type of a tensor of floats; nothing for integers.
std::optional<DType> dtypeOf(mlir::Value tensor);
/// True for an arith or math op on numbers whose results are tensors.
bool isElementwiseOnTensors(mlir::Operation *op);
/// The rows (dimension 2) `rows` of `array`.
Array takeRows(const Array &array, const std::vector<int64_t> &rows);
/// The reference's description of a closed `#llsa.hierarchy`.
Hierarchy hierarchyOf(AttentionOp op);
Phi phiOf(LinearAttendOp op);

/// Tokens of an attention, all of them.
struct TokenArrays {
  std::shared_ptr<const Array> query, keys, values;
};

/// An attention as the reference takes it: what it reads, and how.
struct AttendProblem {
  std::shared_ptr<const Array> query;
  std::shared_ptr<const Array> keys, values; ///< of a composite
  std::vector<IndexArray> selections;        ///< of a composite
  std::vector<Source> sources;               ///< of an `llsa.attend`
  AttendOptions options;
  bool sampled = false; ///< the sampled rows alone are wanted

  // What sources and options point to.
  std::vector<std::shared_ptr<const Array>> arrays;
  std::vector<std::shared_ptr<const IndexArray>> indexArrays;
  std::vector<std::unique_ptr<ScalarProgram>> programs;

  /// An error when a region's program did what has no meaning.
  llvm::Error check(mlir::Operation *op) const;
};

class Evaluator {
public:
  struct Options {
    bool plain = false, fused = false, tf32 = false;
    const NamedIndices *forced = nullptr;
    const std::vector<int64_t> *rows = nullptr;
  };
  Evaluator(const SelectionNumbers &numbers, Options options)
      : numbers(numbers), options(options) {}

  /// Gives an argument its value.
  void bind(mlir::Value argument, Array array);

  llvm::Expected<TensorValue> tensor(mlir::Value value);
  llvm::Expected<std::shared_ptr<const Array>> array(mlir::Value value);
  /// Like array, and never sampled.
  llvm::Expected<std::shared_ptr<const Array>> fullArray(mlir::Value value);
  llvm::Expected<TokenArrays> tokensOf(mlir::Value query, mlir::Value keys,
                                       mlir::Value values);
  llvm::Expected<std::shared_ptr<const IndexArray>> indices(mlir::Value value);
  /// A scalar outside of any region.
  llvm::Expected<Scalar> scalar(mlir::Value value);
  /// The selections of a composite, level 1 first.
  llvm::Expected<std::vector<IndexArray>> selectionsOf(AttentionOp op);

  /// What an attention is given.
  llvm::Expected<AttendProblem> problemOf(AttendOp op);
  llvm::Expected<AttendProblem> problemOf(AttentionOp op);
  /// The arithmetic in which an op on this tensor is evaluated.
  Precision precisionFor(mlir::Value tensor) const;

  /// The operands of an elementwise op, scalars spread to tensors; where one is
  /// sampled, the sampled rows of all.
  struct Operands {
    std::vector<std::shared_ptr<const Array>> arrays;
    bool sampled = false;
    std::vector<const Array *> pointers() const;
  };
  llvm::Expected<Operands> operandsOf(mlir::Operation *op);
  /// One result of an elementwise op on these arrays.
  llvm::Expected<Array> elementwise(mlir::OpResult result,
                                    llvm::ArrayRef<const Array *> operands);

  const std::vector<IndexArray> &seen() const { return seenKeys; }

private:
  llvm::Error evaluate(mlir::Operation *op);
  llvm::Error evaluateElementwise(mlir::Operation *op);
  llvm::Error evaluateSelect(SelectOp op);
  llvm::Error evaluateAttend(AttendOp op);
  llvm::Error evaluateAttention(AttentionOp op);
  llvm::Error evaluateLinearAttend(LinearAttendOp op);
  llvm::Error evaluateInvertIndices(InvertIndicesOp op);
  llvm::Error evaluateConstant(mlir::Operation *op);
  llvm::Error evaluateSplat(mlir::Operation *op);
  llvm::Error evaluateLaunch(LaunchOp op);

  /// What both attentions have: scale, precision, rows, regions.
  template <typename Op> llvm::Error prepare(Op op, AttendProblem &problem);
  /// The score and mask functions of an attention.
  llvm::Error addRegions(mlir::Region &score, mlir::Region &mask,
                         AttendProblem &problem);
  llvm::Error finishAttention(mlir::Operation *op, const AttendProblem &problem,
                              AttendResult result);

  /// The forced selection of this name, checked; null when there is none.
  llvm::Expected<const IndexArray *> forced(mlir::Operation *op, int64_t level,
                                            const std::vector<int64_t> &shape);

  void set(mlir::Value value, Array array, bool sampled = false);
  void set(mlir::Value value, IndexArray indices);

  const SelectionNumbers &numbers;
  const Options options;
  llvm::DenseMap<mlir::Value, TensorValue> tensors;
  llvm::DenseMap<mlir::Value, Scalar> scalars;
  llvm::DenseMap<mlir::Operation *, std::vector<IndexArray>> composites;
  std::vector<IndexArray> seenKeys;
};

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_EVALUATOR_H
