//===- GradientEvaluator.h - gradients of a bound variant -------*- C++ -*-===//
//
// Private to kernels/interpreter. Plain reverse mode: every op hands its
// result's gradient on to what it read, by the functions of
// kernels/reference/Gradients.h. Derivatives of scalar ops (elementwise ones,
// and those of score regions) are central differences in float64, so that no
// table of derivatives can be wrong.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_GRADIENTEVALUATOR_H
#define LLSA_KERNELS_INTERPRETER_GRADIENTEVALUATOR_H

#include "kernels/interpreter/Evaluator.h"
#include "kernels/reference/Gradients.h"

namespace llsa::reference {

class GradientEvaluator {
public:
  /// `forward` gives the values, in the arithmetic that gradients are evaluated
  /// in, too. With `rows`, the forward's: gradients of these query rows alone,
  /// and none of keys and values.
  GradientEvaluator(Evaluator &forward, const SelectionNumbers &numbers,
                    const std::vector<int64_t> *rows)
      : forward(forward), exact(numbers, {}), rows(rows) {}

  /// Adds to the gradient of a value; `terms`: see EvaluatedOutput.
  llvm::Error add(mlir::Value value, Array gradient, bool sampled = false,
                  double terms = 0);
  /// Goes through the ops of a block, last first.
  llvm::Error run(mlir::Block &block);
  /// The gradient of a value; null: it has none.
  const EvaluatedOutput *find(mlir::Value value) const;

private:
  llvm::Error differentiate(mlir::Operation *op);
  llvm::Error differentiatePool(PoolOp op);
  llvm::Error differentiateAttend(AttendOp op);
  llvm::Error differentiateAttention(AttentionOp op);
  llvm::Error differentiateLinearAttend(LinearAttendOp op);
  llvm::Error differentiateElementwise(mlir::OpResult result);

  /// The gradients of an attention's results, as the reference takes them.
  struct ResultGradients {
    std::shared_ptr<const Array> output, lse; ///< lse: null for none
    OutputGradients view() const { return {output.get(), lse.get()}; }
  };
  llvm::Expected<ResultGradients> resultsOf(mlir::Operation *op, bool sampled);
  /// Hands on what `evaluate` makes of an attention's result gradients: to the
  /// query and to each source's keys and values.
  llvm::Error differentiateSources(
      mlir::Operation *op, llvm::Expected<AttendProblem> problem,
      mlir::Region &score, mlir::Value query, mlir::ValueRange keys,
      mlir::ValueRange values,
      llvm::function_ref<AttendGradients(const AttendProblem &,
                                         const OutputGradients &,
                                         const ScoreGradient &)>
          evaluate);
  /// The derivative of a score region; `programs` keeps it alive.
  llvm::Expected<ScoreGradient>
  scoreOf(mlir::Region &score,
          std::vector<std::unique_ptr<ScalarProgram>> &programs);

  /// Float tensors that a score region reads, and their gradients. The values
  /// are copies, which differences change.
  struct ReadTensors {
    struct Tensor {
      mlir::Value value;
      std::shared_ptr<Array> values;
      Array gradient;
      Precision precision;
    };
    std::vector<Tensor> tensors;
    std::unique_ptr<ScalarProgram> program;

    /// Adds one pair's share, by central differences.
    void visit(double gradient, llvm::ArrayRef<Scalar> arguments);
  };
  llvm::Error collectReads(mlir::Region &score, ReadTensors &reads);

  Evaluator &forward;
  Evaluator exact; ///< of single ops, in float64
  const std::vector<int64_t> *rows;
  llvm::DenseMap<mlir::Value, EvaluatedOutput> gradients;
};

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_GRADIENTEVALUATOR_H
