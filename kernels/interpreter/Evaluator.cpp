//===- Evaluator.cpp - values, and all ops but the attentions -------------===//
#include "kernels/interpreter/Evaluator.h"
#include "kernels/reference/Rounding.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace llsa;
using namespace llsa::reference;

//===----------------------------------------------------------------------===//
// What ops and types say
//===----------------------------------------------------------------------===//

std::vector<int64_t> llsa::reference::shapeOf(mlir::Value tensor) {
  return llvm::cast<mlir::RankedTensorType>(tensor.getType()).getShape().vec();
}

std::optional<DType> llsa::reference::dtypeOf(mlir::Value tensor) {
  mlir::Type element = mlir::getElementTypeOrSelf(tensor.getType());
  if (element.isBF16())
    return DType::BF16;
  if (element.isF16())
    return DType::F16;
  if (element.isF32())
    return DType::F32;
  return std::nullopt;
}

bool llsa::reference::isElementwiseOnTensors(mlir::Operation *op) {
  return op->getNumResults() > 0 && op->getNumOperands() > 0 &&
         llvm::isa<mlir::RankedTensorType>(op->getResult(0).getType()) &&
         scalarFunction(op->getName().getStringRef());
}

Hierarchy llsa::reference::hierarchyOf(AttentionOp op) {
  HierarchyAttr attr = op.getHierarchy();
  Hierarchy out;
  out.block = attr.getBlock();
  out.levels = attr.getLevels();
  out.topk.assign(attr.getTopk().begin(), attr.getTopk().end());
  out.enrichment = attr.getEnrichment();
  out.reweighting = attr.getReweighting();
  return out;
}

Array llsa::reference::takeRows(const Array &array,
                                const std::vector<int64_t> &rows) {
  std::vector<int64_t> shape = array.shape;
  int64_t inner = 1, total = shape[2];
  for (size_t d = 3; d < shape.size(); ++d)
    inner *= shape[d];
  shape[2] = static_cast<int64_t>(rows.size());
  Array out(shape);
  auto target = out.data.begin();
  for (int64_t outer = 0; outer < shape[0] * shape[1]; ++outer)
    for (int64_t row : rows)
      target = std::copy_n(array.data.begin() + (outer * total + row) * inner,
                           inner, target);
  return out;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

void Evaluator::bind(mlir::Value argument, Array array) {
  set(argument, std::move(array));
}

void Evaluator::set(mlir::Value value, Array array, bool sampled) {
  TensorValue &tensor = tensors[value];
  tensor.array = std::make_shared<const Array>(std::move(array));
  tensor.sampled = sampled;
}

void Evaluator::set(mlir::Value value, IndexArray indices) {
  tensors[value].indices =
      std::make_shared<const IndexArray>(std::move(indices));
}

Precision Evaluator::precisionFor(mlir::Value tensor) const {
  if (!options.plain)
    return Precision::F64;
  return plainPrecision(dtypeOf(tensor).value_or(DType::F32), options.tf32);
}

llvm::Expected<TensorValue> Evaluator::tensor(mlir::Value value) {
  auto known = tensors.find(value);
  if (known != tensors.end())
    return known->second;
  mlir::Operation *op = value.getDefiningOp();
  require(op, "an argument was not bound");
  if (llvm::Error error = evaluate(op))
    return error;
  return tensors.lookup(value);
}

llvm::Expected<std::shared_ptr<const Array>>
Evaluator::array(mlir::Value value) {
  llvm::Expected<TensorValue> found = tensor(value);
  if (!found)
    return found.takeError();
  if (!found->array) {
    const IndexArray &from = *found->indices;
    found->array = std::make_shared<const Array>(
        from.shape, std::vector<double>(from.data.begin(), from.data.end()));
    tensors[value] = *found;
  }
  return found->array;
}

llvm::Expected<std::shared_ptr<const Array>>
Evaluator::fullArray(mlir::Value value) {
  auto found = array(value);
  if (found)
    require(!tensors.lookup(value).sampled,
            "a sampled tensor is used where all rows are needed");
  return found;
}

llvm::Expected<std::shared_ptr<const IndexArray>>
Evaluator::indices(mlir::Value value) {
  llvm::Expected<TensorValue> found = tensor(value);
  if (!found)
    return found.takeError();
  if (!found->indices) {
    const Array &from = *found->array;
    IndexArray to(from.shape);
    for (size_t e = 0; e < from.data.size(); ++e)
      to.data[e] = static_cast<int32_t>(from.data[e]);
    found->indices = std::make_shared<const IndexArray>(std::move(to));
    tensors[value] = *found;
  }
  return found->indices;
}

llvm::Expected<Scalar> Evaluator::scalar(mlir::Value value) {
  auto known = scalars.find(value);
  if (known != scalars.end())
    return known->second;
  mlir::Operation *op = value.getDefiningOp();
  require(op, "a scalar argument outside of a region");
  Scalar result;
  mlir::Attribute constant;
  if (mlir::matchPattern(value, mlir::m_Constant(&constant))) {
    std::optional<Scalar> number = scalarOf(constant);
    if (!number)
      return opError(op, "is no number that the reference interpreter knows");
    result = *number;
  } else if (op->getName().getStringRef() == "tensor.dim") {
    llvm::Expected<Scalar> axis = scalar(op->getOperand(1));
    if (!axis)
      return axis.takeError();
    std::vector<int64_t> shape = shapeOf(op->getOperand(0));
    if (axis->i < 0 || axis->i >= static_cast<int64_t>(shape.size()))
      return opError(op, "asks for a dimension that does not exist");
    result.i = shape[static_cast<size_t>(axis->i)];
  } else {
    auto instruction = ScalarInstruction::create(
        op, options.plain, llvm::cast<mlir::OpResult>(value).getResultNumber());
    if (!instruction)
      return instruction.takeError();
    bool undefined = false;
    instruction->call.undefined = &undefined;
    std::vector<Scalar> operands;
    for (mlir::Value operand : op->getOperands()) {
      llvm::Expected<Scalar> number = scalar(operand);
      if (!number)
        return number.takeError();
      operands.push_back(*number);
    }
    result =
        runScalar(instruction->function, operands.data(), instruction->call);
    if (undefined)
      return opError(op, "has an undefined result");
  }
  scalars[value] = result;
  return result;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

llvm::Error Evaluator::evaluate(mlir::Operation *op) {
  llvm::StringRef name = op->getName().getStringRef();
  if (isElementwiseOnTensors(op))
    return evaluateElementwise(op);
  if (name == "arith.constant")
    return evaluateConstant(op);
  if (name == "tensor.splat")
    return evaluateSplat(op);
  return llvm::TypeSwitch<mlir::Operation *, llvm::Error>(op)
      .Case([&](PoolOp pool) -> llvm::Error {
        auto input = fullArray(pool.getInput());
        if (!input)
          return input.takeError();
        set(pool.getResult(), reference::pool(**input, pool.getBlock(),
                                              precisionFor(pool.getInput())));
        return llvm::Error::success();
      })
      .Case([&](SelectOp select) { return evaluateSelect(select); })
      .Case([&](AttendOp attend) { return evaluateAttend(attend); })
      .Case([&](AttentionOp attend) { return evaluateAttention(attend); })
      .Case([&](LinearAttendOp attend) { return evaluateLinearAttend(attend); })
      .Case(
          [&](InvertIndicesOp invert) { return evaluateInvertIndices(invert); })
      .Case([&](LaunchOp launch) { return evaluateLaunch(launch); })
      .Default([&](mlir::Operation *) {
        return opError(op, "has no meaning in the reference interpreter");
      });
}

llvm::Error Evaluator::evaluateConstant(mlir::Operation *op) {
  auto dense =
      llvm::dyn_cast_or_null<mlir::DenseElementsAttr>(op->getAttr("value"));
  if (!dense)
    return opError(op, "is no dense tensor");
  Array out(dense.getType().getShape().vec());
  bool isFloat = llvm::isa<mlir::FloatType>(dense.getElementType());
  if (!isFloat && !dense.getElementType().isIntOrIndex())
    return opError(op, "has elements that the reference interpreter does not "
                       "know");
  auto numberAt = [&](auto values) {
    size_t e = 0;
    for (auto value : values) {
      out.data[e++] = [&] {
        if constexpr (std::is_same_v<decltype(value), llvm::APFloat>) {
          bool loses;
          value.convert(llvm::APFloat::IEEEdouble(),
                        llvm::APFloat::rmNearestTiesToEven, &loses);
          return value.convertToDouble();
        } else {
          return static_cast<double>(value.getSExtValue());
        }
      }();
      if (dense.isSplat())
        break;
    }
  };
  if (isFloat)
    numberAt(dense.getValues<llvm::APFloat>());
  else
    numberAt(dense.getValues<llvm::APInt>());
  if (dense.isSplat())
    std::fill(out.data.begin(), out.data.end(), out.data[0]);
  set(op->getResult(0), std::move(out));
  return llvm::Error::success();
}

llvm::Error Evaluator::evaluateSplat(mlir::Operation *op) {
  llvm::Expected<Scalar> number = scalar(op->getOperand(0));
  if (!number)
    return number.takeError();
  bool isFloat = llvm::isa<mlir::FloatType>(op->getOperand(0).getType());
  set(op->getResult(0),
      Array(shapeOf(op->getResult(0)),
            isFloat ? number->f : static_cast<double>(number->i)));
  return llvm::Error::success();
}

llvm::Expected<Array>
Evaluator::elementwise(mlir::OpResult result,
                       llvm::ArrayRef<const Array *> operands) {
  mlir::Operation *op = result.getOwner();
  auto instruction =
      ScalarInstruction::create(op, options.plain, result.getResultNumber());
  if (!instruction)
    return instruction.takeError();
  bool undefined = false;
  instruction->call.undefined = &undefined;
  Array out(operands[0]->shape);
  std::vector<bool> isFloat;
  for (mlir::Value operand : op->getOperands())
    isFloat.push_back(llvm::isa<mlir::FloatType>(
        mlir::getElementTypeOrSelf(operand.getType())));
  Scalar numbers[3];
  for (size_t e = 0; e < out.data.size(); ++e) {
    for (size_t i = 0; i < operands.size(); ++i) {
      double value = operands[i]->data[e];
      numbers[i] = isFloat[i] ? Scalar{value, 0}
                              : Scalar{0, static_cast<int64_t>(value)};
    }
    Scalar number =
        runScalar(instruction->function, numbers, instruction->call);
    out.data[e] = instruction->call.to.isFloat()
                      ? number.f
                      : static_cast<double>(number.i);
  }
  if (undefined)
    return opError(op, "has an undefined result, for example a division by "
                       "zero");
  return out;
}

std::vector<const Array *> Evaluator::Operands::pointers() const {
  std::vector<const Array *> out;
  for (const auto &array : arrays)
    out.push_back(array.get());
  return out;
}

llvm::Expected<Evaluator::Operands> Evaluator::operandsOf(mlir::Operation *op) {
  Operands out;
  std::vector<bool> isSampled;
  for (mlir::Value operand : op->getOperands()) {
    // A scalar condition of arith.select.
    if (!llvm::isa<mlir::RankedTensorType>(operand.getType())) {
      llvm::Expected<Scalar> number = scalar(operand);
      if (!number)
        return number.takeError();
      bool isFloat = llvm::isa<mlir::FloatType>(operand.getType());
      out.arrays.push_back(std::make_shared<const Array>(
          shapeOf(op->getResult(0)),
          isFloat ? number->f : static_cast<double>(number->i)));
      isSampled.push_back(false);
      continue;
    }
    auto found = array(operand);
    if (!found)
      return found.takeError();
    out.arrays.push_back(*found);
    isSampled.push_back(tensors.lookup(operand).sampled);
  }
  out.sampled = llvm::is_contained(isSampled, true);
  for (size_t i = 0; i < out.arrays.size(); ++i)
    if (out.sampled && !isSampled[i])
      out.arrays[i] = std::make_shared<const Array>(
          takeRows(*out.arrays[i], *options.rows));
  return std::move(out);
}

llvm::Error Evaluator::evaluateElementwise(mlir::Operation *op) {
  llvm::Expected<Operands> operands = operandsOf(op);
  if (!operands)
    return operands.takeError();
  for (mlir::OpResult result : op->getResults()) {
    llvm::Expected<Array> values = elementwise(result, operands->pointers());
    if (!values)
      return values.takeError();
    set(result, std::move(*values), operands->sampled);
  }
  return llvm::Error::success();
}

llvm::Error Evaluator::evaluateLaunch(LaunchOp op) {
  mlir::Operation *yield = &op.getBody().front().back();
  for (auto [result, inside] :
       llvm::zip_equal(op.getResults(), yield->getOperands())) {
    llvm::Expected<TensorValue> value = tensor(inside);
    if (!value)
      return value.takeError();
    tensors[result] = *value;
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Selections
//===----------------------------------------------------------------------===//

llvm::Expected<const IndexArray *>
Evaluator::forced(mlir::Operation *op, int64_t level,
                  const std::vector<int64_t> &shape) {
  if (!options.forced)
    return nullptr;
  std::string name = numbers.nameOf(op, level);
  auto found = options.forced->find(name);
  if (found == options.forced->end())
    return nullptr;
  if (found->second.shape != shape)
    return opError(op, "is given indices " + name + " of another shape");
  return &found->second;
}

llvm::Error Evaluator::evaluateSelect(SelectOp op) {
  auto given = forced(op, 0, shapeOf(op.getResult()));
  if (!given)
    return given.takeError();
  if (*given) {
    set(op.getResult(), **given);
    return llvm::Error::success();
  }
  auto query = fullArray(op.getQuery()), keys = fullArray(op.getKeys());
  if (!query || !keys)
    return llvm::joinErrors(query.takeError(), keys.takeError());
  std::shared_ptr<const IndexArray> coarser;
  Within within;
  if (op.getWithin()) {
    auto found = indices(op.getWithin());
    if (!found)
      return found.takeError();
    coarser = *found;
    within = {coarser.get(), static_cast<int64_t>(*op.getBlock())};
  }
  // A kernel selects on tokens as they are stored; unrounded ones would choose
  // otherwise.
  DType dtype = dtypeOf(op.getQuery()).value_or(DType::F32);
  set(op.getResult(), select(roundTo(**query, dtype), roundTo(**keys, dtype),
                             op.getTopk(), within)
                          .indices);
  return llvm::Error::success();
}

llvm::Expected<std::vector<IndexArray>>
Evaluator::selectionsOf(AttentionOp op) {
  auto known = composites.find(op);
  if (known != composites.end())
    return known->second;
  Hierarchy hierarchy = hierarchyOf(op);
  std::vector<int64_t> shape = shapeOf(op.getQuery());
  std::vector<IndexArray> out;
  for (int64_t level = 1; level <= hierarchy.levels; ++level) {
    shape[2] = (shape[2] + hierarchy.block - 1) / hierarchy.block;
    shape[3] = hierarchy.topkAt(level);
    auto given = forced(op, level, shape);
    if (!given)
      return given.takeError();
    if (!*given)
      break;
    out.push_back(**given);
  }
  if (static_cast<int64_t>(out.size()) < hierarchy.levels) {
    auto query = fullArray(op.getQuery()), keys = fullArray(op.getKeys());
    if (!query || !keys)
      return llvm::joinErrors(query.takeError(), keys.takeError());
    out = selectLevels(**query, **keys, hierarchy,
                       dtypeOf(op.getQuery()).value_or(DType::F32));
  }
  composites[op] = out;
  return out;
}

llvm::Error Evaluator::evaluateInvertIndices(InvertIndicesOp op) {
  auto rows = indices(op.getIndices());
  if (!rows)
    return rows.takeError();
  int64_t keys = shapeOf(op.getKeys())[2];
  if (std::optional<int64_t> block = op.getBlock())
    keys = (keys + *block - 1) / *block;
  for (int32_t index : (*rows)->data)
    if (index >= keys)
      return opError(op, "is given index " + llvm::Twine(index) +
                             ", but there are " + llvm::Twine(keys) + " keys");
  Inverted inverted = invertIndices(**rows, keys);
  set(op.getOffsets(), std::move(inverted.offsets));
  set(op.getRows(), std::move(inverted.rows));
  return llvm::Error::success();
}
