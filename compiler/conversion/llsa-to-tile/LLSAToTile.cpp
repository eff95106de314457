//===- LLSAToTile.cpp - --convert-llsa-to-tile ----------------------------===//
//
// The host function: which buffer holds which tensor, and one kernel per
// launch in order. What a kernel does is written beside this file.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/GatherSteps.h"
#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "compiler/conversion/llsa-to-tile/Passes.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

namespace llsa {
#define GEN_PASS_DEF_CONVERTLLSATOTILE
#include "compiler/conversion/llsa-to-tile/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

//===----------------------------------------------------------------------===//
// What is expected
//===----------------------------------------------------------------------===//

/// A ranked tensor of known sizes; `what` names it in the message.
static LogicalResult verifySizes(Operation *op, Type type, const Twine &what) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitOpError()
           << what << " must be a ranked tensor, got " << type;
  if (!tensor.hasStaticShape() || llvm::is_contained(tensor.getShape(), 0))
    return op->emitOpError()
           << what << " must have static sizes of 1 and more, got " << type;
  for (int64_t size : tensor.getShape())
    if (size > std::numeric_limits<int32_t>::max())
      return op->emitOpError()
             << what << " must have sizes below 2^31, got " << type;
  return success();
}

/// A tensor that a buffer can hold.
static LogicalResult verifyTensor(Operation *op, Type type, const Twine &what) {
  if (failed(verifySizes(op, type, what)))
    return failure();
  Type element = cast<RankedTensorType>(type).getElementType();
  if (isElementOfBuffers(element))
    return success();
  return op->emitOpError() << what
                           << " must hold f32, bf16, f16, i32 or i8, got "
                           << type;
}

/// Every tensor that `op` reads must be in a buffer, or be a constant where
/// `constants` allows it.
static LogicalResult verifyOperands(const HostBuilder &host, Operation *op,
                                    bool constants) {
  for (Value operand : op->getOperands()) {
    if (!isa<TensorType>(operand.getType()))
      continue;
    Operation *maker = operand.getDefiningOp();
    bool isConstant = maker && isLaunchConstant(maker);
    if (operand.getParentBlock() == op->getBlock() && !isConstant)
      continue; // made in the same launch
    if (host.bufferOf(operand) || (constants && isUniformTensor(operand)))
      continue;
    if (isConstant)
      return op->emitOpError() << (constants ? "can read a constant tensor "
                                               "only if its elements are equal"
                                             : "cannot read a constant tensor")
                               << ", got one of type " << operand.getType();
    return op->emitOpError()
           << "reads a tensor of type " << operand.getType()
           << " that is neither an argument nor a launch's result";
  }
  return success();
}

//===----------------------------------------------------------------------===//
// One launch
//===----------------------------------------------------------------------===//

/// The ops of a launch beside constants and the terminator.
static SmallVector<Operation *> bodyOf(LaunchOp launch) {
  SmallVector<Operation *> ops;
  for (Operation &op : launch.getBody().front().without_terminator())
    if (!isLaunchConstant(&op))
      ops.push_back(&op);
  return ops;
}

static LogicalResult verifyLaunch(const HostBuilder &host, LaunchOp launch,
                                  ArrayRef<Operation *> ops) {
  if (!isa_and_present<tile::ScheduleAttr>(launch.getScheduleAttr()))
    return launch.emitOpError()
           << "must have a #tile.schedule, got "
           << (launch.getScheduleAttr() ? "another attribute" : "none");
  if (ops.empty())
    return launch.emitOpError() << "holds constants only";
  for (Operation *op : ops) {
    for (Type type : op->getOperandTypes())
      if (isa<TensorType>(type) && failed(verifySizes(op, type, "operand")))
        return failure();
    for (Type type : op->getResultTypes())
      if (failed(verifySizes(op, type, "result")))
        return failure();
    if (failed(verifyOperands(host, op, isElementwise(op))))
      return failure();
    // Regions read tensors too.
    WalkResult inner = op->walk([&](Operation *nested) {
      return nested == op
                 ? WalkResult::advance()
                 : WalkResult(verifyOperands(host, nested, /*constants=*/true));
    });
    if (inner.wasInterrupted())
      return failure();
  }
  return success();
}

/// A GPU multiplies tiles of whole fragments. Schedules may be the user's.
static LogicalResult verifyGpuSchedule(LaunchOp launch, Operation *op) {
  constexpr int64_t kFewestRows = 2;
  if (!isa<SelectOp, AttendOp, AttendQueryGradOp, AttendKeyGradOp,
           AttendBiasGradOp>(op))
    return success();
  auto schedule = cast<tile::ScheduleAttr>(launch.getScheduleAttr());
  if (schedule.getRows() < kFewestRows)
    return launch.emitOpError()
           << "schedule rows must be at least " << kFewestRows
           << " on a GPU, got " << schedule.getRows();
  for (auto [name, cols] :
       {std::pair<const char *, int64_t>{"cols", schedule.getCols()},
        {"private_cols", schedule.getPrivateCols()}})
    if (cols % kFragment != 0)
      return launch.emitOpError()
             << "schedule " << name << " must be a multiple of " << kFragment
             << " on a GPU, got " << cols;
  return success();
}

static LogicalResult convertLaunch(HostBuilder &host, LaunchOp launch,
                                   const ConvertLLSAToTileOptions &options) {
  SmallVector<Operation *> ops = bodyOf(launch);
  if (failed(verifyLaunch(host, launch, ops)) ||
      (!options.widenDots && failed(verifyGpuSchedule(launch, ops.front()))))
    return failure();
  LaunchContext context{host,
                        launch,
                        cast<tile::ScheduleAttr>(launch.getScheduleAttr()),
                        options.widenDots,
                        options.lazyRescale,
                        options.streams};
  if (llvm::all_of(ops, llvm::IsaPred<PoolOp>))
    return lowerPool(context, llvm::map_to_vector(ops, [](Operation *op) {
                       return cast<PoolOp>(op);
                     }));
  auto isMap = [](Operation *op) {
    return isElementwise(op) || isa<UnpoolOp>(op);
  };
  if (llvm::all_of(ops, isMap))
    return lowerElementwise(context, ops);
  if (auto op = dyn_cast<AttendKeyGradOp>(ops[0]))
    if (llvm::all_of(ArrayRef(ops).drop_front(), isMap))
      return lowerAttendKeyGrad(context, op, ArrayRef(ops).drop_front());
  if (ops.size() == 1) {
    if (auto op = dyn_cast<SelectOp>(ops[0]))
      return lowerSelect(context, op);
    if (auto op = dyn_cast<AttendOp>(ops[0]))
      return lowerAttend(context, op);
    if (auto op = dyn_cast<AttendQueryGradOp>(ops[0]))
      return lowerAttendQueryGrad(context, op);
    if (auto op = dyn_cast<AttendBiasGradOp>(ops[0]))
      return lowerAttendBiasGrad(context, op);
    if (auto op = dyn_cast<LinearAttendGradOp>(ops[0]))
      return lowerLinearAttendGrad(context, op);
    if (auto op = dyn_cast<InvertIndicesOp>(ops[0]))
      return lowerInvertIndices(context, op);
    if (auto op = dyn_cast<LinearAttendOp>(ops[0]))
      return lowerLinearAttend(context, op);
    return ops[0]->emitOpError()
           << "has no kernel: expected llsa.pool, llsa.select, llsa.attend, "
              "llsa.invert_indices, llsa.linear_attend, a gradient of one of "
              "them or elementwise ops";
  }
  return launch.emitOpError()
         << "must hold pools, elementwise ops, or one other llsa op, got '"
         << ops[0]->getName() << "' beside '"
         << (*llvm::find_if(ops,
                            [&](Operation *op) {
                              return op->getName() != ops[0]->getName();
                            }))
                ->getName()
         << "'";
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// A user's buffer: any strides, the last dimension contiguous.
static MemRefType userBufferType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.getRank() < 2)
    return bufferTypeOf(type);
  SmallVector<int64_t> strides(tensor.getRank(), ShapedType::kDynamic);
  strides.back() = 1;
  return MemRefType::get(
      tensor.getShape(), tensor.getElementType(),
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides));
}

namespace {
/// Names and buffers of a function's arguments and results.
struct Signature {
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attrs;

  /// `name` is the one given by the user, if any.
  void add(Type tensor, StringAttr name, const Twine &otherwise,
           StringRef role) {
    Builder builder(tensor.getContext());
    types.push_back(userBufferType(tensor));
    attrs.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("llsa.name",
                              name ? name : builder.getStringAttr(otherwise)),
         builder.getNamedAttr("llsa.role", builder.getStringAttr(role))}));
  }
};

struct ConvertLLSAToTile
    : public llsa::impl::ConvertLLSAToTileBase<ConvertLLSAToTile> {
  using Base::Base;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> functions;
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (!function.isExternal())
        functions.push_back(function);
    for (func::FuncOp function : functions)
      if (failed(convert(function, symbols)))
        return signalPassFailure();
  }

private:
  LogicalResult convert(func::FuncOp function, SymbolTable &symbols);
  LogicalResult convertBody(func::FuncOp function, HostBuilder &host,
                            ValueRange outputs);
};
} // namespace

static FailureOr<Signature> signatureOf(func::FuncOp function) {
  static const char *const inputs[] = {"q", "k", "v"}, *const outputs[] = {
                                                           "o", "lse"};
  auto nameFor = [](ArrayRef<const char *> names, StringRef kind, unsigned i) {
    return i < names.size() ? std::string(names[i]) : (kind + Twine(i)).str();
  };
  Signature signature;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    if (failed(verifyTensor(function, type, "argument " + Twine(i))))
      return failure();
    signature.add(type, function.getArgAttrOfType<StringAttr>(i, "llsa.name"),
                  nameFor(inputs, "arg", i), "input");
  }
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    if (failed(verifyTensor(function, type, "result " + Twine(i))))
      return failure();
    signature.add(type,
                  function.getResultAttrOfType<StringAttr>(i, "llsa.name"),
                  nameFor(outputs, "out", i), "output");
  }
  return signature;
}

LogicalResult ConvertLLSAToTile::convert(func::FuncOp function,
                                         SymbolTable &symbols) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError() << "must have one block, got "
                                  << function.getBody().getBlocks().size();
  FailureOr<Signature> signature = signatureOf(function);
  if (failed(signature))
    return failure();
  OpBuilder builder(&getContext());
  OwningOpRef<func::FuncOp> result =
      func::FuncOp::create(builder, function.getLoc(), function.getSymName(),
                           builder.getFunctionType(signature->types, {}));
  result->setVisibility(function.getVisibility());
  result->setAllArgAttrs(signature->attrs);
  Block *body = result->addEntryBlock();
  HostBuilder host(body, function, symbols);
  for (auto [argument, buffer] :
       llvm::zip(function.getArguments(), body->getArguments()))
    host.bind(argument, buffer);
  ValueRange outputs =
      body->getArguments().drop_front(function.getNumArguments());
  if (failed(convertBody(function, host, outputs)))
    return failure();
  builder.setInsertionPointToEnd(body);
  func::ReturnOp::create(builder, function.getLoc());
  Block::iterator place = std::next(function->getIterator());
  symbols.erase(function);
  symbols.insert(result.release(), place);
  return success();
}

/// Gives each result of `launch` that somebody reads a buffer: the output that
/// returns it first, else a workspace. A value that is yielded twice has one
/// buffer. The op inside that makes it is bound to the same buffer.
static LogicalResult bindResults(HostBuilder &host, LaunchOp launch,
                                 Operation *returnOp, ValueRange outputs) {
  Operation *yield = launch.getBody().front().getTerminator();
  auto outputOf = [&](Value result) -> Value {
    for (auto [operand, output] : llvm::zip(returnOp->getOperands(), outputs))
      if (operand == result)
        return output;
    return {};
  };
  DenseMap<Value, Value> chosen;
  for (auto [inner, result] :
       llvm::zip(yield->getOperands(), launch.getResults())) {
    if (result.use_empty())
      continue;
    Operation *maker = inner.getDefiningOp();
    if (!maker || maker->getBlock() != yield->getBlock() ||
        isLaunchConstant(maker))
      return launch.emitOpError() << "must yield values that its ops make";
    Value &buffer = chosen[inner];
    if (!buffer)
      buffer = outputOf(result);
  }
  for (auto [inner, result] :
       llvm::zip(yield->getOperands(), launch.getResults())) {
    if (result.use_empty())
      continue;
    if (failed(verifyTensor(launch, result.getType(), "result")))
      return failure();
    Value &buffer = chosen[inner];
    if (!buffer)
      buffer = host.allocate(bufferTypeOf(result.getType()), launch.getLoc());
    host.bind(inner, buffer);
    host.bind(result, buffer);
  }
  return success();
}

LogicalResult ConvertLLSAToTile::convertBody(func::FuncOp function,
                                             HostBuilder &host,
                                             ValueRange outputs) {
  Operation *returnOp = function.getBody().front().getTerminator();
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (isLaunchConstant(&op))
      continue; // where it is used
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      return op.emitOpError() << "cannot stand outside of an llsa.launch here; "
                                 "llsa-fuse puts it "
                                 "into one";
    if (launch->use_empty())
      continue; // nobody reads what it makes
    if (failed(bindResults(host, launch, returnOp, outputs)) ||
        failed(convertLaunch(host, launch, {widenDots, lazyRescale, streams})))
      return failure();
  }
  for (auto [i, value, output] :
       llvm::enumerate(returnOp->getOperands(), outputs)) {
    Value buffer = host.bufferOf(value);
    if (!buffer)
      return returnOp->emitOpError() << "result " << i
                                     << " must be an argument or come from a "
                                        "launch, got a constant of type "
                                     << value.getType();
    if (buffer != output)
      lowerCopy(host, buffer, output, returnOp->getLoc());
  }
  return success();
}
