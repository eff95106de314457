//===- Interpreter.h - any variant in the reference's arithmetic -*- C++ -*-==//
//
// The reference of kernels/reference knows single ops. This evaluates a whole
// variant with it: the text of the `bind` stage is read, and its ops are
// evaluated one by one, in double precision, by the reference's plain loops.
// It shares the dialect with the compiler (what an op is called and which
// attributes it has), but no pass and no lowering: the composite
// `llsa.attention` is evaluated by its own definition, score and mask regions
// by walking their scalar ops.
//
// With `plain` the same ops are evaluated as a plain framework does in each
// tensor's own type (float32 whose products may go through tf32, where the
// text's spec says `tf32=1`); the error of that is the yardstick of Compare.h.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_KERNELS_INTERPRETER_INTERPRETER_H
#define LLSA_KERNELS_INTERPRETER_INTERPRETER_H

#include "kernels/reference/Compare.h"
#include "kernels/reference/IndexCheck.h"
#include "kernels/reference/Reference.h"
#include "runtime/program/Program.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace llsa::reference {

/// One argument or result of a variant.
struct Port {
  std::string name; ///< "q", "k", "v", "o", "lse", ...
  ElementType type = ElementType::F32;
  std::vector<int64_t> shape;
  /// Arguments that are used as indices: entries are -1 or below this. 0 when
  /// the argument is used otherwise.
  int64_t indexLimit = 0;
  /// Selections: level-0 queries or keys of the level below that make one here
  /// (the hierarchy's block); 0 when it cannot be told.
  int64_t block = 0;
};

/// Values by argument name; int32 arguments too, as doubles.
using NamedArrays = std::map<std::string, Array>;
/// Selections by name: "i1", "i2", ... numbered as `llsa-expose-indices` does.
using NamedIndices = std::map<std::string, IndexArray>;

struct EvaluateOptions {
  bool plain = false; ///< false: float64
  bool fused = false; ///< see reference::AttendOptions
  /// Use these selections instead of making them, so that values are compared
  /// on the same index sets. Selections that are not named are made.
  const NamedIndices *forced = nullptr;
  /// Sorted query rows that are evaluated; null: all. Attends whose results go
  /// through elementwise ops to the end alone are evaluated for these.
  const std::vector<int64_t> *rows = nullptr;
};

/// One result of a variant.
struct EvaluatedOutput {
  Array values;
  bool sampled = false; ///< dimension 2 holds the sampled rows alone
  double terms = 0;     ///< of a gradient in float64: see AttendGradients
};

struct Evaluation {
  std::map<std::string, EvaluatedOutput> outputs; ///< by result name
  /// Keys that the evaluated queries saw, one array [B, H, R] per attend that
  /// was evaluated.
  std::vector<IndexArray> seen;

  /// Keys that a query saw, on average, all attends together.
  double keysPerQuery() const;
};

/// A variant with all sizes bound, ready to be evaluated. Not thread-safe; one
/// object per thread.
class Interpreter {
public:
  /// Reads the text of the `bind` stage. `name` begins messages.
  static llvm::Expected<Interpreter> create(llvm::StringRef boundText,
                                            llvm::StringRef name);
  Interpreter(Interpreter &&);
  ~Interpreter();

  const std::vector<Port> &inputs() const;
  const std::vector<Port> &outputs() const;
  /// Names and shapes of the selections, i1 first.
  const std::vector<Port> &selections() const;

  /// True when no score or mask region reads its batch or head, so that some
  /// heads of the inputs give the same heads of the results.
  bool headsAreAlike() const;

  /// unitsOf (Compare.h) for a result or gradient of `rank` dimensions. An lse
  /// (rank 3) is held to its own, whatever products may do.
  DType unitsOf(ElementType type, size_t rank) const;

  /// Evaluates the results. An error names the input that is missing or has
  /// another shape, or the op that cannot be evaluated.
  llvm::Expected<Evaluation>
  evaluate(const NamedArrays &inputs,
           const EvaluateOptions &options = {}) const;

  /// The gradients of the arguments that have one, by argument name, from
  /// those of the results, by result name ("o", "lse"; a result that is not
  /// named has none). Index sets and masks are constants. With `options.rows`:
  /// of these rows of the queries alone, from the same rows of the results, and
  /// none of keys and values; an error where other rows are needed for them.
  llvm::Expected<std::map<std::string, EvaluatedOutput>>
  gradients(const NamedArrays &inputs, const NamedArrays &resultGradients,
            const EvaluateOptions &options = {}) const;

  /// The selections that the reference makes, all of them.
  llvm::Expected<NamedIndices> select(const NamedArrays &inputs) const;

  /// Checks every selection of a run against the tokens that it was made from,
  /// each within the run's own coarser one; see IndexCheck.h. `selections`
  /// must hold all of them.
  llvm::Expected<IndexCheck>
  checkSelections(const NamedArrays &inputs,
                  const NamedIndices &selections) const;

private:
  struct Impl;
  explicit Interpreter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace llsa::reference

#endif // LLSA_KERNELS_INTERPRETER_INTERPRETER_H
