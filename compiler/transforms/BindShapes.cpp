//===- BindShapes.cpp - every size and element type a number's -*- C++ -*-===//
//
// A variant leaves sizes (`?`) and the element type (`!llsa.float`) open. This
// pass reads the spec, writes the types of the entry's arguments, and infers
// all others anew in program order.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/CloseHierarchy.h"
#include "compiler/transforms/Entry.h"
#include "compiler/transforms/Passes.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Verifier.h"
#include "runtime/program/KernelSpec.h"
#include "llvm/ADT/StringSet.h"

namespace llsa {
#define GEN_PASS_DEF_BINDSHAPES
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

static bool isOpen(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  return isa<OpenFloatType>(getElementTypeOrSelf(type)) ||
         (shaped && !shaped.hasStaticShape());
}

static Type floatType(MLIRContext *context, DType dtype) {
  switch (dtype) {
  case DType::F32:
    return Float32Type::get(context);
  case DType::BF16:
    return BFloat16Type::get(context);
  case DType::F16:
    return Float16Type::get(context);
  }
  llvm_unreachable("all element types are listed");
}

/// `type` with `!llsa.float` replaced.
static Type closeFloat(Type type, Type element) {
  if (isa<OpenFloatType>(type))
    return element;
  if (auto shaped = dyn_cast<ShapedType>(type);
      shaped && isa<OpenFloatType>(shaped.getElementType()))
    return shaped.clone(element);
  return type;
}

/// A size of `llsa.shape`: a number, the name of a size, or NAME/NUMBER, which
/// is the ceiling (the tokens of a pooled level).
static std::optional<int64_t> evaluateSize(Attribute size,
                                           const KernelSpec &spec) {
  if (auto number = dyn_cast<IntegerAttr>(size))
    return number.getInt() > 0 ? std::optional(number.getInt()) : std::nullopt;
  auto text = dyn_cast<StringAttr>(size);
  if (!text)
    return std::nullopt;
  auto [name, divisor] = text.getValue().split('/');
  const std::pair<StringRef, int64_t> sizes[] = {
      {"B", spec.B}, {"H", spec.H}, {"Hkv", spec.Hkv},
      {"M", spec.M}, {"N", spec.N}, {"D", spec.D}};
  for (auto [key, value] : sizes) {
    int64_t by = 1;
    if (key == name && (!text.getValue().contains('/') ||
                        (!divisor.getAsInteger(10, by) && by > 0)))
      return ceilDivSize(value, by);
  }
  return std::nullopt;
}

/// The sizes of argument `i` as the variant names them.
static ArrayAttr shapeOf(func::FuncOp entry, unsigned i) {
  if (auto shape = entry.getArgAttrOfType<ArrayAttr>(i, kShapeAttr))
    return shape;
  Builder builder(entry.getContext());
  if (i == 0)
    return builder.getStrArrayAttr({"B", "H", "M", "D"});
  return i < 3 ? builder.getStrArrayAttr({"B", "Hkv", "N", "D"}) : ArrayAttr();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct BindShapes : public llsa::impl::BindShapesBase<BindShapes> {
  using Base::Base;

  void runOnOperation() override;

private:
  LogicalResult inlineHelpers(func::FuncOp entry);
  LogicalResult bindArgument(func::FuncOp entry, unsigned i, Type &type);
  LogicalResult bindConstant(arith::ConstantOp op);
  LogicalResult bindSplat(tensor::SplatOp op);
  LogicalResult bindResults(Operation *op);
  void bindWiden(WidenOp op);
  LogicalResult bindReturn(func::FuncOp entry);
  LogicalResult checkNames(func::FuncOp entry);

  KernelSpec kernelSpec;
  Type element; ///< what !llsa.float becomes
};
} // namespace

/// Marks it as kept, the derivatives that it names, and those that these name.
static void keepDeviceFunction(func::FuncOp function,
                               llvm::SmallPtrSetImpl<Operation *> &kept) {
  auto names = function->getAttrOfType<ArrayAttr>("llsa.derivatives");
  if (!kept.insert(function).second || !names)
    return;
  for (auto name : names.getAsRange<FlatSymbolRefAttr>())
    keepDeviceFunction(
        SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(function, name),
        kept);
}

/// Replaces calls of the module's other functions by their bodies, so that
/// sizes can flow through them. Device functions have none and stay, those that
/// are called.
LogicalResult BindShapes::inlineHelpers(func::FuncOp entry) {
  // Calls in calls come up as bodies are copied; a recursion never ends.
  constexpr unsigned kMaxCalls = 1000;
  SmallVector<func::CallOp> calls;
  llvm::SmallPtrSet<Operation *, 4> kept = {entry};
  entry.walk([&](func::CallOp call) { calls.push_back(call); });
  for (unsigned i = 0; i < calls.size(); ++i) {
    func::CallOp call = calls[i];
    auto callee = getOperation().lookupSymbol<func::FuncOp>(call.getCallee());
    if (i == kMaxCalls || callee == entry)
      return call.emitOpError()
             << "calls @" << call.getCallee()
             << (callee == entry ? ", the variant's entry"
                                 : ": more than 1000 calls, or a recursion");
    if (callee && callee->hasAttr("llsa.device_function")) {
      if (!isa<AttendOp, AttentionOp>(call->getParentOp()))
        return call.emitOpError()
               << "calls @" << call.getCallee()
               << ", a device function, outside of a score or mask region";
      keepDeviceFunction(callee, kept);
      continue;
    }
    if (!callee || callee.isExternal() ||
        !llvm::hasSingleElement(callee.getBody()))
      return call.emitOpError()
             << "calls @" << call.getCallee()
             << ", which must have a body of one block to be inlined";
    IRMapping mapping;
    mapping.map(callee.getArguments(), call.getOperands());
    OpBuilder builder(call);
    for (Operation &op : callee.getBody().front().without_terminator())
      builder.clone(op, mapping)->walk([&](func::CallOp inner) {
        calls.push_back(inner);
      });
    for (auto [result, value] : llvm::zip_equal(
             call.getResults(),
             callee.getBody().front().getTerminator()->getOperands()))
      result.replaceAllUsesWith(mapping.lookupOrDefault(value));
    call.erase();
  }
  for (auto function :
       llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
    if (!kept.contains(function))
      function.erase();
  return success();
}

LogicalResult BindShapes::bindArgument(func::FuncOp entry, unsigned i,
                                       Type &type) {
  auto open = cast<RankedTensorType>(entry.getArgumentTypes()[i]);
  std::string name = argumentName(entry, i);
  auto fail = [&]() {
    return emitError(entry.getArgument(i).getLoc())
           << "argument " << name << ": ";
  };
  ArrayAttr sizes = shapeOf(entry, i);
  if (!sizes)
    return fail() << "needs its sizes, for example llsa.shape = [\"H\", 32]; "
                     "only the first three "
                     "arguments are known";
  if (static_cast<int64_t>(sizes.size()) != open.getRank())
    return fail() << "expected rank " << sizes.size() << " as " << sizes
                  << " has entries, got " << open;
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(sizes)) {
    std::optional<int64_t> value = evaluateSize(size, kernelSpec);
    if (!value)
      return fail() << "size " << size
                    << " is unknown; expected B, H, Hkv, M, N or D, one of "
                       "them over a number as in "
                       "\"M/16\", or a positive number";
    int64_t fixed = open.getDimSize(dim);
    if (!ShapedType::isDynamic(fixed) && fixed != *value)
      return fail() << "the variant fixes size " << dim << " (" << size
                    << ") to " << fixed << ", but the spec gives " << *value;
    shape.push_back(*value);
  }

  Type fixed = open.getElementType();
  if (isa<OpenFloatType>(fixed))
    fixed = element;
  else if (i < 3 && isa<FloatType>(fixed) && fixed != element)
    return fail() << "the variant fixes the element type to " << fixed
                  << ", but the spec gives dtype = "
                  << toString(kernelSpec.dtype);
  if (!isElementOfBuffers(fixed))
    return fail()
           << "expected elements of !llsa.float, f32, bf16, f16, i32 or i8, "
              "got "
           << fixed;
  type = RankedTensorType::get(shape, fixed, open.getEncoding());
  entry.removeArgAttr(i, kShapeAttr);
  return success();
}

LogicalResult BindShapes::bindConstant(arith::ConstantOp op) {
  auto rounded = [&](APFloat value) {
    bool losesInfo;
    value.convert(cast<FloatType>(element).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
    return value;
  };
  TypedAttr value = op.getValue();
  Type type = closeFloat(op.getType(), element);
  if (auto scalar = dyn_cast<FloatAttr>(value); scalar && type == element) {
    value = FloatAttr::get(element, rounded(scalar.getValue()));
  } else if (auto dense = dyn_cast<DenseFPElementsAttr>(value);
             dense && type != op.getType()) {
    SmallVector<APFloat> values;
    if (dense.isSplat())
      values.push_back(rounded(dense.getSplatValue<APFloat>()));
    else
      for (APFloat element : dense)
        values.push_back(rounded(element));
    value = DenseElementsAttr::get(cast<ShapedType>(type), values);
  } else if (type != op.getType()) {
    return op.emitOpError() << "cannot take the element type of the spec";
  }
  op.setValueAttr(value);
  op.getResult().setType(type);
  return success();
}

/// The number that a size is: a constant, or a size of a bound tensor.
static std::optional<int64_t> constantSize(Value value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return constant;
  auto dim = value.getDefiningOp<tensor::DimOp>();
  auto type = dim ? dyn_cast<RankedTensorType>(dim.getSource().getType())
                  : RankedTensorType();
  std::optional<int64_t> index = dim ? dim.getConstantIndex() : std::nullopt;
  if (!type || !index || *index < 0 || *index >= type.getRank() ||
      type.isDynamicDim(*index))
    return std::nullopt;
  return type.getDimSize(*index);
}

LogicalResult BindShapes::bindSplat(tensor::SplatOp op) {
  auto type = cast<RankedTensorType>(op.getType());
  SmallVector<int64_t> shape(type.getShape());
  auto next = op.getDynamicSizes().begin();
  for (int64_t &size : shape) {
    if (!ShapedType::isDynamic(size))
      continue;
    std::optional<int64_t> constant = constantSize(*next++);
    if (!constant || *constant <= 0)
      return op.emitOpError()
             << "has a size that does not follow from the spec";
    size = *constant;
  }
  op.getDynamicSizesMutable().clear();
  op.getResult().setType(RankedTensorType::get(shape, op.getInput().getType()));
  return success();
}

/// Its input is bound: something to widen, or f32 already.
void BindShapes::bindWiden(WidenOp op) {
  Value input = op.getInput();
  if (!getElementTypeOrSelf(input).isF32()) {
    Type f32 = Float32Type::get(&getContext());
    auto shaped = dyn_cast<RankedTensorType>(input.getType());
    OpBuilder builder(op);
    input = arith::ExtFOp::create(
        builder, op.getLoc(), shaped ? Type(shaped.clone(f32)) : f32, input);
  }
  op.getResult().replaceAllUsesWith(input);
  op.erase();
}

/// Infers the results of one op from its operands, which are bound.
LogicalResult BindShapes::bindResults(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return bindConstant(constant);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return bindSplat(splat);
  for (Region &region : op->getRegions())
    for (BlockArgument argument : region.getArguments())
      argument.setType(closeFloat(argument.getType(), element));

  if (auto infer = dyn_cast<InferTypeOpInterface>(op)) {
    SmallVector<Type> types;
    if (failed(infer.inferReturnTypes(
            op->getContext(), op->getLoc(), op->getOperands(),
            op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
            op->getRegions(), types)))
      return failure();
    for (auto [result, type] : llvm::zip_equal(op->getResults(), types))
      result.setType(type);
    return success();
  }
  RankedTensorType shape;
  if (op->hasTrait<OpTrait::Elementwise>() && op->getNumOperands() > 0)
    shape = dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  for (Value result : op->getResults()) {
    Type type = closeFloat(result.getType(), element);
    if (shape)
      type = shape.clone(getElementTypeOrSelf(type));
    if (isOpen(type))
      return op->emitOpError() << "cannot be bound: its result " << type
                               << " does not follow from its operands";
    result.setType(type);
  }
  return success();
}

/// Writes the entry's result types, drops lse when the spec does not want it.
LogicalResult BindShapes::bindReturn(func::FuncOp entry) {
  Operation *end = entry.getBody().front().getTerminator();
  llvm::BitVector dropped(entry.getNumResults());
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (!kernelSpec.lse && resultName(entry, i) == "lse")
      dropped.set(i);
  if (dropped.all())
    return entry.emitOpError() << "returns lse alone, and spec gives lse = 0";

  entry.setType(FunctionType::get(&getContext(),
                                  entry.getBody().getArgumentTypes(),
                                  end->getOperandTypes()));
  end->eraseOperands(dropped);
  return entry.eraseResults(dropped);
}

/// Names every argument and result, and no two alike.
LogicalResult BindShapes::checkNames(func::FuncOp entry) {
  llvm::StringSet<> seen;
  auto take = [&](StringRef name, Location loc) -> LogicalResult {
    if (seen.insert(name).second)
      return success();
    return emitError(loc) << "two arguments or results of the entry are named '"
                          << name << "'";
  };
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    std::string name = argumentName(entry, i);
    if (failed(take(name, entry.getArgument(i).getLoc())))
      return failure();
    entry.setArgAttr(i, kNameAttr, StringAttr::get(&getContext(), name));
  }
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    std::string name = resultName(entry, i);
    if (failed(take(name, entry.getLoc())))
      return failure();
    entry.setResultAttr(i, kNameAttr, StringAttr::get(&getContext(), name));
  }
  return success();
}

void BindShapes::runOnOperation() {
  // A command line may write ; and : where a shell or pipeline dislikes commas.
  std::string text = spec;
  std::replace(text.begin(), text.end(), ';', ',');
  llvm::Expected<KernelSpec> parsed = KernelSpec::parse(text);
  if (!parsed) {
    emitError(UnknownLoc::get(&getContext()))
        << llvm::toString(parsed.takeError());
    return signalPassFailure();
  }
  kernelSpec = *parsed;
  element = floatType(&getContext(), kernelSpec.dtype);

  FailureOr<func::FuncOp> entry = findEntry(getOperation());
  if (failed(entry) || failed(inlineHelpers(*entry)) ||
      failed(checkNames(*entry)))
    return signalPassFailure();
  for (unsigned i = 0; i < entry->getNumArguments(); ++i) {
    Type type;
    if (failed(bindArgument(*entry, i, type)))
      return signalPassFailure();
    entry->getArgument(i).setType(type);
  }
  WalkResult walk = entry->getBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) -> WalkResult {
        if (auto widen = dyn_cast<WidenOp>(op)) {
          bindWiden(widen);
          return WalkResult::skip();
        }
        return bindResults(op);
      });
  if (walk.wasInterrupted() || failed(bindReturn(*entry)))
    return signalPassFailure();

  // Sizes that disagree inside the variant show up here, at the op.
  if (failed(mlir::verify(getOperation())) ||
      failed(closeHierarchy(*entry, kernelSpec)) ||
      failed(closeScale(*entry, kernelSpec)))
    return signalPassFailure();
}
