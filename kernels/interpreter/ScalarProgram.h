//===- ScalarProgram.h - a score or mask region, ready to run ---*- C++ -*-===//
//
// Private to kernels/interpreter.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_SCALARPROGRAM_H
#define LLSA_KERNELS_INTERPRETER_SCALARPROGRAM_H

#include "kernels/interpreter/ScalarOps.h"
#include "kernels/reference/Array.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <optional>
#include <vector>

namespace llsa::reference {

/// The scalar type of an element; nothing when it is no number.
std::optional<ScalarType> scalarTypeOf(mlir::Type type);

/// The value of a scalar constant attribute.
std::optional<Scalar> scalarOf(mlir::Attribute attribute);

/// One result of an op applied to numbers; an error when its kind is not known.
struct ScalarInstruction {
  ScalarFunction function = nullptr;
  ScalarCall call;

  static llvm::Expected<ScalarInstruction>
  create(mlir::Operation *op, bool plain, unsigned result = 0);
};

/// "'arith.foo' op ...": an error that names the op and where it stands.
llvm::Error opError(mlir::Operation *op, const llvm::Twine &message);

/// The ops of a region with one block, as a list of instructions on slots.
class ScalarProgram {
public:
  using TensorFn =
      llvm::function_ref<llvm::Expected<std::shared_ptr<const Array>>(
          mlir::Value)>;
  using ScalarFn = llvm::function_ref<llvm::Expected<Scalar>(mlir::Value)>;

  /// `tensorOf` and `scalarOf` give what the region captures.
  static llvm::Expected<std::unique_ptr<ScalarProgram>>
  create(mlir::Region &region, bool plain, TensorFn tensorOf,
         ScalarFn scalarOf);

  /// Evaluates the region for these arguments.
  Scalar run(llvm::ArrayRef<Scalar> arguments);

  /// An element of a tensor that a tensor.extract read.
  struct Read {
    const Array *tensor;
    size_t element;
    bool operator==(const Read &other) const {
      return tensor == other.tensor && element == other.element;
    }
  };
  /// What the last run read, in order.
  const std::vector<Read> &reads() const { return readElements; }

  /// What went wrong in any run so far; empty when nothing did.
  const std::string &problem() const { return problemText; }

private:
  struct Step {
    ScalarInstruction instruction;       ///< none: a tensor.extract
    std::shared_ptr<const Array> tensor; ///< of a tensor.extract
    std::vector<unsigned> operands;      ///< slots
    unsigned result = 0;                 ///< slot
    std::string name;                    ///< of the op, for problems
  };
  Scalar extract(const Step &step);

  std::vector<Step> steps;
  std::vector<Scalar> slots;
  unsigned numArguments = 0, result = 0;
  std::vector<Scalar> operands; ///< of the step that runs
  std::vector<Read> readElements;
  bool undefined = false;
  std::string problemText;
};

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_SCALARPROGRAM_H
