//===- ScalarProgram.cpp - a score or mask region, ready to run -----------===//
#include "kernels/interpreter/ScalarProgram.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseMap.h"

using namespace llsa;
using namespace llsa::reference;

std::optional<ScalarType> llsa::reference::scalarTypeOf(mlir::Type type) {
  using Kind = ScalarType::Kind;
  if (type.isF32())
    return ScalarType{Kind::F32, 32};
  if (type.isBF16())
    return ScalarType{Kind::BF16, 16};
  if (type.isF16())
    return ScalarType{Kind::F16, 16};
  if (type.isF64())
    return ScalarType{Kind::F64, 64};
  if (type.isIndex())
    return ScalarType{Kind::Integer, 64};
  if (auto integer = llvm::dyn_cast<mlir::IntegerType>(type))
    if (integer.getWidth() >= 1 && integer.getWidth() <= 64)
      return ScalarType{Kind::Integer, integer.getWidth()};
  return std::nullopt;
}

std::optional<Scalar> llsa::reference::scalarOf(mlir::Attribute attribute) {
  if (auto number = llvm::dyn_cast<mlir::FloatAttr>(attribute))
    return Scalar{number.getValueAsDouble(), 0};
  if (auto number = llvm::dyn_cast<mlir::IntegerAttr>(attribute))
    if (number.getValue().getBitWidth() <= 64)
      return Scalar{0, number.getValue().getSExtValue()};
  return std::nullopt;
}

llvm::Error llsa::reference::opError(mlir::Operation *op,
                                     const llvm::Twine &message) {
  std::string place;
  if (auto at = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>())
    place = (at.getFilename().getValue() + ":" + llvm::Twine(at.getLine()) +
             ":" + llvm::Twine(at.getColumn()) + ": ")
                .str();
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 place + "'" + op->getName().getStringRef() +
                                     "' op " + message);
}

llvm::Expected<ScalarInstruction>
ScalarInstruction::create(mlir::Operation *op, bool plain, unsigned result) {
  ScalarInstruction out;
  if (op->getName().getStringRef() == "func.call")
    return opError(op, "calls a device function, whose meaning the reference "
                       "interpreter does not know");
  out.function = scalarFunction(op->getName().getStringRef(), result);
  if (!out.function || op->getNumOperands() == 0 || op->getNumOperands() > 3)
    return opError(op, "has no meaning in the reference interpreter");
  auto typeOf = [](mlir::Value value) {
    return scalarTypeOf(mlir::getElementTypeOrSelf(value.getType()));
  };
  std::optional<ScalarType> from = typeOf(op->getOperand(0)),
                            to = typeOf(op->getResult(result));
  if (!from || !to)
    return opError(op, "works on types that the reference interpreter does "
                       "not know");
  out.call.from = *from;
  out.call.to = *to;
  out.call.plain = plain;
  if (auto predicate =
          llvm::dyn_cast_or_null<mlir::IntegerAttr>(op->getAttr("predicate")))
    out.call.predicate = predicate.getInt();
  return out;
}

llvm::Expected<std::unique_ptr<ScalarProgram>>
ScalarProgram::create(mlir::Region &region, bool plain, TensorFn tensorOf,
                      ScalarFn capturedScalar) {
  auto program = std::unique_ptr<ScalarProgram>(new ScalarProgram());
  llvm::DenseMap<mlir::Value, unsigned> slotOf;
  auto newSlot = [&](mlir::Value value, Scalar initial = {}) {
    unsigned slot = program->slots.size();
    program->slots.push_back(initial);
    slotOf[value] = slot;
    return slot;
  };
  mlir::Block &block = region.front();
  for (mlir::BlockArgument argument : block.getArguments())
    newSlot(argument);
  program->numArguments = block.getNumArguments();

  auto slotFor = [&](mlir::Value value) -> llvm::Expected<unsigned> {
    auto known = slotOf.find(value);
    if (known != slotOf.end())
      return known->second;
    llvm::Expected<Scalar> captured = capturedScalar(value);
    if (!captured)
      return captured.takeError();
    return newSlot(value, *captured);
  };

  for (mlir::Operation &op : block) {
    llvm::StringRef name = op.getName().getStringRef();
    if (name == "llsa.yield") {
      llvm::Expected<unsigned> slot = slotFor(op.getOperand(0));
      if (!slot)
        return slot.takeError();
      program->result = *slot;
      break;
    }
    if (name == "arith.constant") {
      std::optional<Scalar> value = scalarOf(op.getAttr("value"));
      if (!value)
        return opError(&op,
                       "is no number that the reference interpreter knows");
      newSlot(op.getResult(0), *value);
      continue;
    }
    Step step;
    step.name = name.str();
    unsigned first = 0;
    if (name == "tensor.extract") {
      auto tensor = tensorOf(op.getOperand(0));
      if (!tensor)
        return tensor.takeError();
      step.tensor = *tensor;
      first = 1;
    }
    for (mlir::Value operand : op.getOperands().drop_front(first)) {
      llvm::Expected<unsigned> slot = slotFor(operand);
      if (!slot)
        return slot.takeError();
      step.operands.push_back(*slot);
    }
    // An op with several results is a step for each; one without is refused.
    for (unsigned i = 0; i < std::max(1u, op.getNumResults()); ++i) {
      if (!step.tensor) {
        auto instruction = ScalarInstruction::create(&op, plain, i);
        if (!instruction)
          return instruction.takeError();
        step.instruction = *instruction;
        step.instruction.call.undefined = &program->undefined;
      }
      step.result = newSlot(op.getResult(i));
      program->steps.push_back(step);
    }
  }
  return program;
}

Scalar ScalarProgram::extract(const Step &step) {
  int64_t offset = 0;
  for (size_t d = 0; d < step.operands.size(); ++d) {
    int64_t index = slots[step.operands[d]].i, extent = step.tensor->dim(d);
    if (index < 0 || index >= extent) {
      if (problemText.empty())
        problemText = "tensor.extract reads index " + std::to_string(index) +
                      " of dimension " + std::to_string(d) + ", which has " +
                      std::to_string(extent) + " elements";
      return {};
    }
    offset = offset * extent + index;
  }
  auto element = static_cast<size_t>(offset);
  readElements.push_back({step.tensor.get(), element});
  double value = step.tensor->data[element];
  // Integer tensors are kept as doubles too; the one that is not asked for is
  // never read.
  return {value, std::abs(value) < 0x1p62 ? static_cast<int64_t>(value) : 0};
}

Scalar ScalarProgram::run(llvm::ArrayRef<Scalar> arguments) {
  require(arguments.size() == numArguments,
          "a region is run with another number of arguments");
  std::copy(arguments.begin(), arguments.end(), slots.begin());
  readElements.clear();
  for (Step &step : steps) {
    if (step.tensor) {
      slots[step.result] = extract(step);
      continue;
    }
    operands.clear();
    for (unsigned slot : step.operands)
      operands.push_back(slots[slot]);
    slots[step.result] = runScalar(step.instruction.function, operands.data(),
                                   step.instruction.call);
    if (undefined && problemText.empty())
      problemText = step.name + " has an undefined result, for example a "
                                "division by zero";
  }
  return slots[result];
}
