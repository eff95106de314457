//===- GradientEvaluator.cpp - gradients of a bound variant ---------------===//
#include "kernels/interpreter/GradientEvaluator.h"
#include "kernels/reference/Rounding.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace llsa;
using namespace llsa::reference;

/// The step of a central difference at x: of its two errors, step^2 and the
/// last bit over the step, each is far below float32's last bit.
static double stepAt(double x) { return 1e-5 * std::max(1.0, std::abs(x)); }

static double roundFor(double value, Precision precision) {
  switch (precision) {
  case Precision::F64:
    return value;
  case Precision::F32:
  case Precision::TF32:
    return roundTo(value, DType::F32);
  case Precision::BF16:
    return roundTo(value, DType::BF16);
  case Precision::F16:
    return roundTo(value, DType::F16);
  }
  llvm_unreachable("all precisions are listed");
}

llvm::Error GradientEvaluator::add(mlir::Value value, Array gradient,
                                   bool sampled, double terms) {
  auto known = gradients.find(value);
  if (known == gradients.end()) {
    gradients[value] = {std::move(gradient), sampled, terms};
    return llvm::Error::success();
  }
  EvaluatedOutput &sum = known->second;
  if (sum.sampled != sampled)
    return opError(value.getParentBlock()->getTerminator(),
                   "returns a result with gradients of sampled and of all "
                   "queries, which the reference cannot add");
  sum.terms = std::max(sum.terms, terms);
  Precision precision = forward.precisionFor(value);
  for (size_t e = 0; e < sum.values.data.size(); ++e)
    sum.values.data[e] =
        roundFor(sum.values.data[e] + gradient.data[e], precision);
  return llvm::Error::success();
}

const EvaluatedOutput *GradientEvaluator::find(mlir::Value value) const {
  auto known = gradients.find(value);
  return known == gradients.end() ? nullptr : &known->second;
}

llvm::Error GradientEvaluator::run(mlir::Block &block) {
  for (mlir::Operation &op : llvm::reverse(block.without_terminator())) {
    bool matters = llvm::any_of(op.getResults(), [&](mlir::Value result) {
      return find(result) != nullptr;
    });
    if (matters)
      if (llvm::Error error = differentiate(&op))
        return error;
  }
  return llvm::Error::success();
}

llvm::Error GradientEvaluator::differentiate(mlir::Operation *op) {
  if (isElementwiseOnTensors(op)) {
    for (mlir::OpResult result : op->getResults())
      if (find(result))
        if (llvm::Error error = differentiateElementwise(result))
          return error;
    return llvm::Error::success();
  }
  if (op->getNumOperands() == 0 ||
      op->getName().getStringRef() == "tensor.splat")
    return llvm::Error::success();
  return llvm::TypeSwitch<mlir::Operation *, llvm::Error>(op)
      .Case([&](PoolOp pool) { return differentiatePool(pool); })
      .Case([&](AttendOp attend) { return differentiateAttend(attend); })
      .Case([&](AttentionOp attend) { return differentiateAttention(attend); })
      .Case([&](LinearAttendOp attend) {
        return differentiateLinearAttend(attend);
      })
      .Default([&](mlir::Operation *) {
        return opError(op, "has no gradient in the reference interpreter");
      });
}

llvm::Error GradientEvaluator::differentiatePool(PoolOp op) {
  const EvaluatedOutput &gradient = *find(op.getResult());
  if (gradient.sampled)
    return opError(op, "pools what only has a gradient of sampled queries");
  return add(op.getInput(),
             poolGradient(gradient.values, shapeOf(op.getInput())[2],
                          op.getBlock(), forward.precisionFor(op.getInput())),
             /*sampled=*/false, gradient.terms);
}

//===----------------------------------------------------------------------===//
// Attentions
//===----------------------------------------------------------------------===//

llvm::Expected<GradientEvaluator::ResultGradients>
GradientEvaluator::resultsOf(mlir::Operation *op, bool sampled) {
  auto gradientOf =
      [&](mlir::Value result) -> llvm::Expected<std::shared_ptr<const Array>> {
    const EvaluatedOutput *found = find(result);
    if (!found)
      return nullptr;
    if (found->sampled && !sampled)
      return opError(op, "has a result of which only sampled queries have a "
                         "gradient");
    return std::make_shared<const Array>(found->sampled == sampled
                                             ? found->values
                                             : takeRows(found->values, *rows));
  };
  auto output = gradientOf(op->getResult(0));
  if (!output)
    return output.takeError();
  auto lse = gradientOf(op->getResult(1));
  if (!lse)
    return lse.takeError();
  if (!*output) {
    std::vector<int64_t> shape = shapeOf(op->getResult(0));
    if (sampled)
      shape[2] = static_cast<int64_t>(rows->size());
    *output = std::make_shared<const Array>(shape);
  }
  return ResultGradients{std::move(*output), std::move(*lse)};
}

llvm::Expected<ScoreGradient> GradientEvaluator::scoreOf(
    mlir::Region &score,
    std::vector<std::unique_ptr<ScalarProgram>> &programs) {
  ScoreGradient out;
  if (score.empty())
    return out;
  auto program = ScalarProgram::create(
      score, /*plain=*/false,
      [&](mlir::Value value) { return forward.fullArray(value); },
      [&](mlir::Value value) { return forward.scalar(value); });
  if (!program)
    return program.takeError();
  ScalarProgram *run = program->get();
  programs.push_back(std::move(*program));
  out.derivative = [run](double s, int64_t b, int64_t h, int64_t i, int64_t j,
                         int64_t span) {
    auto at = [&](double x) {
      return run->run({{x, 0}, {0, b}, {0, h}, {0, i}, {0, j}, {0, span}}).f;
    };
    double up = s + stepAt(s), down = s - stepAt(s);
    return (at(up) - at(down)) / (up - down);
  };
  return std::move(out);
}

llvm::Error GradientEvaluator::collectReads(mlir::Region &score,
                                            ReadTensors &reads) {
  if (score.empty())
    return llvm::Error::success();
  auto copyOf =
      [&](mlir::Value value) -> llvm::Expected<std::shared_ptr<const Array>> {
    auto values = forward.fullArray(value);
    if (!values || !dtypeOf(value))
      return values;
    for (const ReadTensors::Tensor &known : reads.tensors)
      if (known.value == value)
        return known.values;
    auto copy = std::make_shared<Array>(**values);
    reads.tensors.push_back(
        {value, copy, Array(copy->shape), forward.precisionFor(value)});
    return copy;
  };
  auto program = ScalarProgram::create(
      score, /*plain=*/false, copyOf,
      [&](mlir::Value value) { return forward.scalar(value); });
  if (!program)
    return program.takeError();
  reads.program = std::move(*program);
  return llvm::Error::success();
}

void GradientEvaluator::ReadTensors::visit(double gradient,
                                           llvm::ArrayRef<Scalar> arguments) {
  program->run(arguments);
  std::vector<ScalarProgram::Read> done, all = program->reads();
  for (const ScalarProgram::Read &read : all) {
    auto tensor = llvm::find_if(tensors, [&](const Tensor &tensor) {
      return tensor.values.get() == read.tensor;
    });
    if (tensor == tensors.end() || llvm::is_contained(done, read))
      continue; // an integer, or read twice
    done.push_back(read);
    double &element = tensor->values->data[read.element], there = element;
    double step = stepAt(there), up = there + step, down = there - step;
    element = up;
    double above = program->run(arguments).f;
    element = down;
    double below = program->run(arguments).f;
    element = there;
    // Frameworks add up in float32, too.
    double sum = tensor->gradient.data[read.element] +
                 gradient * (above - below) / (up - down);
    tensor->gradient.data[read.element] =
        tensor->precision == Precision::F64 ? sum : roundTo(sum, DType::F32);
  }
}

llvm::Error GradientEvaluator::differentiateSources(
    mlir::Operation *op, llvm::Expected<AttendProblem> problem,
    mlir::Region &scoreRegion, mlir::Value query, mlir::ValueRange keys,
    mlir::ValueRange values,
    llvm::function_ref<AttendGradients(
        const AttendProblem &, const OutputGradients &, const ScoreGradient &)>
        evaluate) {
  if (!problem)
    return problem.takeError();
  auto results = resultsOf(op, problem->sampled);
  if (!results)
    return results.takeError();
  auto score = scoreOf(scoreRegion, problem->programs);
  if (!score)
    return score.takeError();
  ReadTensors reads;
  if (!problem->sampled)
    if (llvm::Error error = collectReads(scoreRegion, reads))
      return error;
  if (!reads.tensors.empty())
    score->visit = [&](double gradient, double s, int64_t b, int64_t h,
                       int64_t i, int64_t j, int64_t span) {
      reads.visit(gradient,
                  {{s, 0}, {0, b}, {0, h}, {0, i}, {0, j}, {0, span}});
    };
  AttendGradients found = evaluate(*problem, results->view(), *score);
  if (llvm::Error error = problem->check(op))
    return error;
  for (ReadTensors::Tensor &tensor : reads.tensors) {
    for (double &element : tensor.gradient.data)
      element = roundFor(element, tensor.precision);
    if (llvm::Error error = add(tensor.value, std::move(tensor.gradient)))
      return error;
  }
  if (llvm::Error error = add(query, std::move(found.query), problem->sampled,
                              found.queryTerms))
    return error;
  for (size_t i = 0; !problem->sampled && i < found.sources.size(); ++i) {
    if (llvm::Error error = add(keys[i], std::move(found.sources[i].keys),
                                false, found.sources[i].keyTerms))
      return error;
    if (llvm::Error error = add(values[i], std::move(found.sources[i].values)))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error GradientEvaluator::differentiateAttend(AttendOp op) {
  return differentiateSources(
      op, forward.problemOf(op), op.getScore(), op.getQuery(), op.getKeys(),
      op.getValues(),
      [](const AttendProblem &problem, const OutputGradients &results,
         const ScoreGradient &score) {
        return attendGradients(*problem.query, problem.sources, results,
                               problem.options, score);
      });
}

llvm::Error GradientEvaluator::differentiateAttention(AttentionOp op) {
  return differentiateSources(
      op, forward.problemOf(op), op.getScore(), op.getQuery(), op.getKeys(),
      op.getValues(),
      [&](const AttendProblem &problem, const OutputGradients &results,
          const ScoreGradient &score) {
        TokenGradients found = attendLevelsGradients(
            *problem.query, *problem.keys, *problem.values, hierarchyOf(op),
            problem.selections, results, problem.options, score);
        AttendGradients out;
        out.query = std::move(found.query);
        out.queryTerms = found.queryTerms;
        out.sources.push_back(
            {std::move(found.keys), std::move(found.values), found.keyTerms});
        return out;
      });
}

llvm::Error GradientEvaluator::differentiateLinearAttend(LinearAttendOp op) {
  auto tokens = forward.tokensOf(op.getQuery(), op.getKeys(), op.getValues());
  if (!tokens)
    return tokens.takeError();
  const EvaluatedOutput &gradient = *find(op.getResult());
  if (gradient.sampled)
    return opError(op, "has a result of which only sampled queries have a "
                       "gradient");
  TokenGradients found = linearAttendGradients(
      *tokens->query, *tokens->keys, *tokens->values, phiOf(op),
      gradient.values, forward.precisionFor(op.getQuery()));
  if (llvm::Error error = add(op.getQuery(), std::move(found.query)))
    return error;
  if (llvm::Error error = add(op.getKeys(), std::move(found.keys)))
    return error;
  return add(op.getValues(), std::move(found.values));
}

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

llvm::Error GradientEvaluator::differentiateElementwise(mlir::OpResult result) {
  mlir::Operation *op = result.getOwner();
  auto operands = forward.operandsOf(op);
  if (!operands)
    return operands.takeError();
  EvaluatedOutput gradient = *find(result);
  if (gradient.sampled && !operands->sampled)
    for (auto &array : operands->arrays)
      array = std::make_shared<const Array>(takeRows(*array, *rows));
  if (operands->sampled && !gradient.sampled)
    gradient = {takeRows(gradient.values, *rows), true};
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    if (!llvm::isa<mlir::RankedTensorType>(operand.getType()) ||
        !llvm::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(operand)))
      continue;
    Array up = *operands->arrays[i], down = up;
    for (size_t e = 0; e < up.data.size(); ++e) {
      double step = stepAt(up.data[e]);
      up.data[e] += step;
      down.data[e] -= step;
    }
    std::vector<const Array *> arguments = operands->pointers();
    arguments[i] = &up;
    auto above = exact.elementwise(result, arguments);
    if (!above)
      return above.takeError();
    arguments[i] = &down;
    auto below = exact.elementwise(result, arguments);
    if (!below)
      return below.takeError();
    Array product = gradient.values;
    Precision precision = forward.precisionFor(operand);
    double greatestFactor = 0;
    for (size_t e = 0; e < product.data.size(); ++e) {
      double factor =
          (above->data[e] - below->data[e]) / (up.data[e] - down.data[e]);
      if (std::isfinite(factor))
        greatestFactor = std::max(greatestFactor, std::abs(factor));
      product.data[e] = roundFor(product.data[e] * factor, precision);
    }
    if (llvm::Error error = add(operand, std::move(product), gradient.sampled,
                                gradient.terms * greatestFactor))
      return error;
  }
  return llvm::Error::success();
}
