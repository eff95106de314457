//===- StoredTokens.cpp - tokens as a kernel has them in memory -----------===//
#include "kernels/interpreter/StoredTokens.h"
#include "kernels/reference/Rounding.h"
#include <algorithm>
#include <cmath>

using namespace llsa;
using namespace llsa::reference;

llvm::Expected<std::shared_ptr<const Slacked>>
StoredTokens::of(mlir::Value tensor) {
  auto found = known.find(tensor);
  if (found != known.end())
    return found->second;
  llvm::Expected<Slacked> made = make(tensor);
  if (!made)
    return made.takeError();
  auto shared = std::make_shared<const Slacked>(std::move(*made));
  known[tensor] = shared;
  return shared;
}

llvm::Expected<Slacked> StoredTokens::make(mlir::Value tensor) {
  DType dtype = dtypeOf(tensor).value_or(DType::F32);
  mlir::Operation *op = tensor.getDefiningOp();
  if (auto pool = llvm::dyn_cast_or_null<PoolOp>(op)) {
    auto input = of(pool.getInput());
    if (!input)
      return input.takeError();
    return poolStored(**input, pool.getBlock(), dtype);
  }
  if (op && isElementwiseOnTensors(op))
    return elementwise(llvm::cast<mlir::OpResult>(tensor), dtype);
  auto array = evaluator.fullArray(tensor);
  if (!array)
    return array.takeError();
  if (!op || op->getName().getStringRef() == "arith.constant" ||
      op->getName().getStringRef() == "tensor.splat")
    return exact(**array);
  // The result of an attention: known to a few units of its type.
  Slacked out = exact(roundTo(**array, dtype));
  double greatest = 0;
  for (double value : out.value.data)
    if (std::isfinite(value))
      greatest = std::max(greatest, std::fabs(value));
  std::fill(out.slack.data.begin(), out.slack.data.end(),
            16 * ulp(greatest, dtype));
  return out;
}

/// The op's value on stored operands, the difference that each operand's slack
/// makes, and one unit for the op's own rounding.
llvm::Expected<Slacked> StoredTokens::elementwise(mlir::OpResult result,
                                                  DType dtype) {
  std::vector<Slacked> operands;
  for (mlir::Value operand : result.getOwner()->getOperands()) {
    if (!llvm::isa<mlir::RankedTensorType>(operand.getType())) {
      auto values = evaluator.fullArray(result);
      if (!values)
        return values.takeError();
      return exact(roundTo(**values, dtype));
    }
    auto stored = of(operand);
    if (!stored)
      return stored.takeError();
    operands.push_back(**stored);
  }
  auto evaluate = [&]() -> llvm::Expected<Array> {
    std::vector<const Array *> pointers;
    for (const Slacked &operand : operands)
      pointers.push_back(&operand.value);
    return evaluator.elementwise(result, pointers);
  };
  llvm::Expected<Array> plain = evaluate();
  if (!plain)
    return plain.takeError();
  Slacked out = exact(roundTo(*plain, dtype));
  for (size_t e = 0; e < out.slack.data.size(); ++e)
    out.slack.data[e] = ulp(out.value.data[e], dtype);
  for (Slacked &operand : operands) {
    if (std::all_of(operand.slack.data.begin(), operand.slack.data.end(),
                    [](double slack) { return slack == 0; }))
      continue;
    Array centre = operand.value;
    for (double sign : {1.0, -1.0}) {
      for (size_t e = 0; e < centre.data.size(); ++e)
        operand.value.data[e] = centre.data[e] + sign * operand.slack.data[e];
      llvm::Expected<Array> moved = evaluate();
      if (!moved)
        return moved.takeError();
      for (size_t e = 0; e < moved->data.size(); ++e) {
        double difference = std::fabs(moved->data[e] - plain->data[e]);
        if (std::isfinite(difference))
          out.slack.data[e] += difference;
      }
    }
    operand.value = std::move(centre);
  }
  return out;
}
