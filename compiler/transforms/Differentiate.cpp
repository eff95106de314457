//===- Differentiate.cpp - reverse mode over llsa and tensor ops ----------===//
//
// The entry is walked backwards. Every value that a float argument reaches has
// a gradient in f32, the sum of what its users give back. What the backward
// reads of the forward is computed again where that is elementwise arithmetic,
// and kept otherwise: it becomes an argument of the backward and a result of
// the forward. Both are derived alike, whichever is produced, so they fit.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Derivatives.h"
#include "compiler/transforms/Entry.h"
#include "compiler/transforms/LaunchKind.h"
#include "compiler/transforms/Passes.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace llsa {
#define GEN_PASS_DEF_DIFFERENTIATE
#include "compiler/transforms/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;

/// Null, with a diagnostic, where there are too many indices.
static InvertIndicesOp invert(OpBuilder &b, Location loc, Value rows,
                              Value keys, int64_t block) {
  InvertIndicesOp::Properties properties;
  properties.block = b.getI64IntegerAttr(block);
  SmallVector<Type> types;
  if (failed(InvertIndicesOp::inferReturnTypes(b.getContext(), loc,
                                               ValueRange{rows, keys}, {},
                                               &properties, {}, types)))
    return {};
  return InvertIndicesOp::create(b, loc, types, rows, keys, properties.block);
}

static bool isFloatTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

namespace {

class Differentiation {
public:
  Differentiation(func::FuncOp entry, bool lseGradient)
      : entry(entry), lseGradient(lseGradient), b(entry.getContext()) {}

  /// Builds the backward behind the entry.
  LogicalResult run();

  func::FuncOp backward() { return result; }
  /// That the forward's results do not have names of what it keeps.
  LogicalResult checkKept();
  /// Returns what the backward needs and the entry does not return yet.
  LogicalResult returnKept();

private:
  // What carries gradients.
  void findActive();
  bool isActive(Value value) const { return active.contains(value); }

  // The backward's arguments and names.
  LogicalResult addArgument(Type type, const Twine &name, Value *argument);
  /// Whoever runs both passes knows tensors by their names.
  LogicalResult checkNoResultIs(const Twine &name);
  LogicalResult addInputs();
  LogicalResult addOutputGradients();
  std::string newKeptName();
  std::string keptName(Value value);
  LogicalResult finish();

  /// `value` of the forward in the backward; null after a diagnostic.
  Value need(Value value);
  /// What rounding took from an attend's output. One that does not give it yet
  /// is told to.
  Value needRest(AttendOp op);
  Value recompute(Operation *op, Value value);
  LogicalResult needCaptures(Region &region);

  // Gradients.
  void add(Value value, Value gradient);
  Value gradientOf(Value value) { return gradients.lookup(value); }
  Value roundTo(Value value, Type element);
  LogicalResult reverse(Operation *op);
  LogicalResult reverseAttend(AttendOp op);
  LogicalResult reversePool(PoolOp op);
  LogicalResult reverseLinearAttend(LinearAttendOp op);
  LogicalResult reverseElementwise(Operation *op);
  LogicalResult buildRegions(AttendOp op, Region &score, Region &mask,
                             Region &derivative);
  SmallVector<Value> activeReads(AttendOp op);

  func::FuncOp entry, result;
  bool lseGradient;
  OpBuilder b;
  DenseSet<Value> active;
  IRMapping known; ///< values of the forward in the backward
  DenseMap<Value, Value> gradients;
  /// What is to become a result of the forward.
  struct Kept {
    Value value;
    AttendOp restOf; ///< the rest that this attend does not give yet
    std::string name;
  };
  SmallVector<Kept> kept;
  unsigned numNewNames = 0;
  SmallVector<NamedAttrList> argumentAttrs;
  llvm::StringSet<> names;
};

struct Differentiate : public llsa::impl::DifferentiateBase<Differentiate> {
  using Base::Base;
  void runOnOperation() override;
};

} // namespace

//===----------------------------------------------------------------------===//
// Activity
//===----------------------------------------------------------------------===//

void Differentiation::findActive() {
  for (BlockArgument argument : entry.getArguments())
    if (isFloatTensor(argument) &&
        !entry.getArgAttr(argument.getArgNumber(), kNoGradientAttr))
      active.insert(argument);
  for (Operation &op : entry.getBody().front().without_terminator()) {
    // A selection carries no gradient; integers carry none anyway.
    bool reached = false;
    op.walk([&](Operation *inner) {
      reached |= llvm::any_of(inner->getOperands(),
                              [&](Value value) { return isActive(value); });
    });
    if (!reached)
      continue;
    for (Value value : op.getResults())
      if (isFloatTensor(value))
        active.insert(value);
    // What rounding took does not follow the inputs.
    if (auto attend = dyn_cast<AttendOp>(op); attend && attend.getRest())
      active.erase(attend.getRest());
  }
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

LogicalResult Differentiation::addArgument(Type type, const Twine &name,
                                           Value *argument) {
  std::string text = name.str();
  if (!names.insert(text).second)
    return entry.emitOpError()
           << "cannot be differentiated: two arguments or results of its "
              "backward would be named '"
           << text << "'";
  *argument = result.getBody().front().addArgument(type, entry.getLoc());
  argumentAttrs.emplace_back().set(kNameAttr, b.getStringAttr(text));
  return success();
}

LogicalResult Differentiation::checkNoResultIs(const Twine &name) {
  std::string text = name.str();
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    if (resultName(entry, i) == text)
      return entry.emitOpError()
             << "cannot be differentiated: its result '" << text
             << "' has a name that its backward needs for another tensor";
  return success();
}

LogicalResult Differentiation::addInputs() {
  for (auto [i, input] : llvm::enumerate(entry.getArguments())) {
    Value argument;
    if (failed(addArgument(input.getType(), argumentName(entry, i), &argument)))
      return failure();
    known.map(input, argument);
  }
  return success();
}

LogicalResult Differentiation::addOutputGradients() {
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, output] : llvm::enumerate(end->getOperands())) {
    std::string name = resultName(entry, i);
    if (!isActive(output) || (name == "lse" && !lseGradient))
      continue;
    Value argument;
    if (failed(checkNoResultIs("d" + name)) ||
        failed(addArgument(output.getType(), "d" + name, &argument)))
      return failure();
    add(output, widenFloat(b, entry.getLoc(), argument));
  }
  if (gradients.empty())
    return entry.emitOpError()
           << "has no result that depends on a float argument: there is "
              "nothing to differentiate";
  return success();
}

/// Of what has no name of its own.
std::string Differentiation::newKeptName() {
  return "kept" + std::to_string(++numNewNames);
}

/// The name of a forward's value that the backward needs.
std::string Differentiation::keptName(Value value) {
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, output] : llvm::enumerate(end->getOperands()))
    if (output == value)
      return resultName(entry, i);
  std::string name;
  if (auto select = value.getDefiningOp<SelectOp>()) {
    SmallVector<SelectOp> selections = numberedSelections(entry);
    name = "i" + std::to_string(llvm::find(selections, select) -
                                selections.begin() + 1);
  } else {
    name = newKeptName();
  }
  kept.push_back({value, AttendOp(), name});
  return name;
}

//===----------------------------------------------------------------------===//
// Values of the forward
//===----------------------------------------------------------------------===//

Value Differentiation::need(Value value) {
  if (Value there = known.lookupOrNull(value))
    return there;
  Operation *op = value.getDefiningOp();
  if (isLaunchConstant(op) || launchKindOf(op) == LaunchKind::Elementwise)
    return recompute(op, value);
  Value argument;
  if (failed(addArgument(value.getType(), keptName(value), &argument)))
    return {};
  known.map(value, argument);
  return argument;
}

Value Differentiation::needRest(AttendOp op) {
  if (op.getRest())
    return need(op.getRest());
  std::string name = newKeptName();
  kept.push_back({Value(), op, name});
  Value argument;
  if (failed(
          addArgument(restTypeOf(tensorOf(op.getOutput())), name, &argument)))
    return {};
  return argument;
}

Value Differentiation::recompute(Operation *op, Value value) {
  for (Value operand : op->getOperands())
    if (!need(operand))
      return {};
  b.clone(*op, known);
  return known.lookup(value);
}

LogicalResult Differentiation::needCaptures(Region &region) {
  WalkResult walk = region.walk([&](Operation *op) -> WalkResult {
    for (Value operand : op->getOperands())
      if (!region.isAncestor(operand.getParentRegion()) && !need(operand))
        return failure();
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

void Differentiation::add(Value value, Value gradient) {
  if (!isActive(value) || !gradient)
    return;
  Value &sum = gradients[value];
  sum = addGradients(b, gradient.getLoc(), sum, gradient);
}

Value Differentiation::roundTo(Value value, Type element) {
  RankedTensorType type = tensorOf(value).clone(element);
  if (type == value.getType())
    return value;
  // What was widened a moment ago.
  if (auto widened = value.getDefiningOp<arith::ExtFOp>())
    if (widened.getIn().getType() == type)
      return widened.getIn();
  return arith::TruncFOp::create(b, value.getLoc(), type, value);
}

/// The tensors that a score region reads and that have a gradient.
SmallVector<Value> Differentiation::activeReads(AttendOp op) {
  llvm::SmallSetVector<Value, 4> reads;
  op.getScore().walk([&](tensor::ExtractOp extract) {
    if (isActive(extract.getTensor()))
      reads.insert(extract.getTensor());
  });
  return reads.takeVector();
}

LogicalResult Differentiation::buildRegions(AttendOp op, Region &score,
                                            Region &mask, Region &derivative) {
  if (failed(needCaptures(op.getScore())) || failed(needCaptures(op.getMask())))
    return failure();
  IRMapping mapping(known);
  op.getScore().cloneInto(&score, mapping);
  op.getMask().cloneInto(&mask, mapping);
  if (op.getScore().empty())
    return success();
  return buildDerivative(op.getScore(), known, derivative);
}

LogicalResult Differentiation::reverseAttend(AttendOp op) {
  Location loc = op.getLoc();
  Value outputGradient = gradientOf(op.getOutput()),
        lseGrad = gradientOf(op.getLse());
  // Without it the lse's gradient is all there is.
  bool hasOutputGradient = static_cast<bool>(outputGradient);
  Type element = tensorOf(op.getQuery()).getElementType();
  bool needsRest = hasOutputGradient && !element.isF32();
  Value query = need(op.getQuery()),
        output = hasOutputGradient ? need(op.getOutput()) : Value(),
        lse = need(op.getLse()), rest = needsRest ? needRest(op) : Value();
  if (!query || !lse || (hasOutputGradient && !output) || (needsRest && !rest))
    return failure();
  if (hasOutputGradient)
    outputGradient = roundTo(outputGradient, element);
  SmallVector<Value> keys, values, indices;
  for (auto [from, to] :
       {std::pair(op.getKeys(), &keys), std::pair(op.getValues(), &values),
        std::pair(op.getIndices(), &indices)})
    for (Value value : from) {
      to->push_back(need(value));
      if (!to->back())
        return failure();
    }

  Type f32 = b.getF32Type();
  auto queryGrad = AttendQueryGradOp::create(
      b, loc, TypeRange{tensorOf(query).clone(f32), lse.getType()}, query, keys,
      values, indices, output, rest, lse, outputGradient, lseGrad,
      op.getSourcesAttr(), op.getScaleAttr());
  if (failed(buildRegions(op, queryGrad.getScore(), queryGrad.getMask(),
                          queryGrad.getDerivative())))
    return failure();
  b.setInsertionPointAfter(queryGrad);
  add(op.getQuery(), queryGrad.getQueryGrad());

  for (Value tensor : activeReads(op)) {
    auto biasGrad = AttendBiasGradOp::create(
        b, loc, tensorOf(tensor).clone(f32), query, keys, values, indices, lse,
        queryGrad.getDelta(), outputGradient, op.getSourcesAttr(),
        op.getScaleAttr());
    IRMapping score(known), mask(known);
    op.getScore().cloneInto(&biasGrad.getScore(), score);
    op.getMask().cloneInto(&biasGrad.getMask(), mask);
    if (failed(buildReads(op.getScore(), tensor, known, biasGrad.getReads())))
      return failure();
    add(tensor, biasGrad.getBiasGrad());
  }

  // Coarse levels stand last in an attend: their gradients come first, so that
  // the finer ones can take them along.
  for (unsigned i = op.getSources().size(); i-- > 0;) {
    SourceAttr source = op.getSource(i);
    bool isGathered = source.getKind() == SourceKind::Gathered;
    Value rows = isGathered ? known.lookup(op.getIndicesOf(i)) : Value();
    if (!isActive(op.getKeys()[i]) && !isActive(op.getValues()[i]))
      continue;
    InvertIndicesOp inverted;
    if (isGathered &&
        !(inverted = invert(b, loc, rows, keys[i], source.getBlock())))
      return failure();
    IntegerAttr tokens;
    if (int64_t span = source.getSpan())
      tokens = b.getI64IntegerAttr(op.getBaseTokens().value_or(
          tensorOf(keys[i]).getDimSize(kToken) * span));
    Type type = tensorOf(keys[i]).clone(f32);
    auto keyGrad = AttendKeyGradOp::create(
        b, loc, TypeRange{type, type}, query, keys[i], values[i],
        inverted ? inverted.getOffsets() : Value(),
        inverted ? inverted.getRows() : Value(), lse, queryGrad.getDelta(),
        outputGradient, source, tokens, op.getScaleAttr());
    if (failed(buildRegions(op, keyGrad.getScore(), keyGrad.getMask(),
                            keyGrad.getDerivative())))
      return failure();
    b.setInsertionPointAfter(keyGrad);
    add(op.getKeys()[i], keyGrad.getKeysGrad());
    if (hasOutputGradient)
      add(op.getValues()[i], keyGrad.getValuesGrad());
  }
  return success();
}

LogicalResult Differentiation::reversePool(PoolOp op) {
  int64_t tokens = tensorOf(op.getInput()).getDimSize(kToken);
  if (Value gradient = gradientOf(op.getResult()))
    add(op.getInput(),
        UnpoolOp::create(b, op.getLoc(), gradient, op.getBlock(), tokens));
  return success();
}

LogicalResult Differentiation::reverseLinearAttend(LinearAttendOp op) {
  Value query = need(op.getQuery()), keys = need(op.getKeys()),
        values = need(op.getValues());
  if (!query || !keys || !values)
    return failure();
  Value gradient = roundTo(gradientOf(op.getResult()),
                           tensorOf(op.getQuery()).getElementType());
  auto grad = LinearAttendGradOp::create(b, op.getLoc(), query, keys, values,
                                         gradient, op.getPhi());
  add(op.getQuery(), grad.getQueryGrad());
  add(op.getKeys(), grad.getKeysGrad());
  add(op.getValues(), grad.getValuesGrad());
  return success();
}

LogicalResult Differentiation::reverseElementwise(Operation *op) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(need(operand));
    if (!operands.back())
      return failure();
  }
  SmallVector<Value> results, gradients;
  for (Value result : op->getResults()) {
    results.push_back(need(result));
    if (!results.back())
      return failure();
    gradients.push_back(gradientOf(result));
  }
  FailureOr<SmallVector<Value>> flows =
      gradientsOfOperands(b, op, operands, results, gradients);
  if (failed(flows))
    return op->emitOpError() << "has no derivative";
  for (auto [operand, flow] : llvm::zip_equal(op->getOperands(), *flows))
    add(operand, flow);
  return success();
}

LogicalResult Differentiation::reverse(Operation *op) {
  if (llvm::none_of(op->getResults(),
                    [&](Value value) { return gradientOf(value); }))
    return success();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](AttendOp attend) { return reverseAttend(attend); })
      .Case([&](PoolOp pool) { return reversePool(pool); })
      .Case([&](LinearAttendOp linear) { return reverseLinearAttend(linear); })
      .Default([&](Operation *other) -> LogicalResult {
        if (launchKindOf(other) == LaunchKind::Elementwise)
          return reverseElementwise(other);
        return other->emitOpError()
               << "has no derivative: expected llsa.attend, llsa.pool, "
                  "llsa.linear_attend, llsa.select or elementwise ops on "
                  "tensors";
      });
}

//===----------------------------------------------------------------------===//
// The functions
//===----------------------------------------------------------------------===//

LogicalResult Differentiation::run() {
  findActive();
  b.setInsertionPointAfter(entry);
  result =
      func::FuncOp::create(b, entry.getLoc(), (entry.getName() + "_grad").str(),
                           b.getFunctionType({}, {}));
  b.setInsertionPointToStart(result.addEntryBlock());
  if (failed(addInputs()) || failed(addOutputGradients()))
    return failure();
  for (Operation &op :
       llvm::reverse(entry.getBody().front().without_terminator()))
    if (failed(reverse(&op)))
      return failure();
  return finish();
}

LogicalResult Differentiation::finish() {
  SmallVector<Value> returned;
  SmallVector<DictionaryAttr> attrs;
  for (BlockArgument input : entry.getArguments()) {
    Value gradient = isActive(input) ? gradientOf(input) : Value();
    if (!gradient)
      continue;
    std::string name = "d" + argumentName(entry, input.getArgNumber());
    if (!names.insert(name).second)
      return entry.emitOpError()
             << "cannot be differentiated: two arguments or results of its "
                "backward would be named '"
             << name << "'";
    returned.push_back(roundTo(gradient, tensorOf(input).getElementType()));
    attrs.push_back(
        b.getDictionaryAttr(b.getNamedAttr(kNameAttr, b.getStringAttr(name))));
  }
  if (returned.empty())
    return entry.emitOpError()
           << "has no argument that its results' gradients reach";
  func::ReturnOp::create(b, entry.getLoc(), returned);
  result.setFunctionType(b.getFunctionType(result.getBody().getArgumentTypes(),
                                           ValueRange(returned).getTypes()));
  SmallVector<Attribute> arguments, results(attrs.begin(), attrs.end());
  for (NamedAttrList &list : argumentAttrs)
    arguments.push_back(list.getDictionary(b.getContext()));
  result.setArgAttrsAttr(b.getArrayAttr(arguments));
  result.setResAttrsAttr(b.getArrayAttr(results));
  return success();
}

/// An attend in `op`'s place that gives the rest of its output, too.
static AttendOp withRest(AttendOp op) {
  OpBuilder builder(op);
  auto attend =
      AttendOp::create(builder, op.getLoc(), op.getQuery(), op.getKeys(),
                       op.getValues(), op.getIndices(), op.getSourcesAttr(),
                       op.getScaleAttr(), builder.getUnitAttr());
  attend.getScore().takeBody(op.getScore());
  attend.getMask().takeBody(op.getMask());
  attend->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  return attend;
}

LogicalResult Differentiation::checkKept() {
  for (const Kept &value : kept)
    if (failed(checkNoResultIs(value.name)))
      return failure();
  return success();
}

LogicalResult Differentiation::returnKept() {
  for (size_t i = 0; i < kept.size(); ++i) {
    AttendOp op = kept[i].restOf;
    if (!op)
      continue;
    AttendOp attend = withRest(op);
    for (Kept &other : kept)
      for (auto [from, to] : llvm::zip(op.getResults(), attend.getResults()))
        if (other.value == from)
          other.value = to;
    op.getOutput().replaceAllUsesWith(attend.getOutput());
    op.getLse().replaceAllUsesWith(attend.getLse());
    kept[i].value = attend.getRest();
    op.erase();
  }
  Operation *end = entry.getBody().front().getTerminator();
  for (const Kept &result : kept) {
    auto attributes = b.getDictionaryAttr(
        b.getNamedAttr(kNameAttr, b.getStringAttr(result.name)));
    if (failed(entry.insertResult(entry.getNumResults(), result.value.getType(),
                                  attributes)))
      return failure();
    end->insertOperands(end->getNumOperands(), result.value);
  }
  return success();
}

void Differentiate::runOnOperation() {
  FailureOr<func::FuncOp> entry = findEntry(getOperation());
  if (failed(entry))
    return signalPassFailure();
  if (produce != "forward" && produce != "backward") {
    entry->emitError()
        << "llsa-differentiate produces forward or backward, got '" << produce
        << "'";
    return signalPassFailure();
  }
  Differentiation differentiation(*entry, lseGradient);
  if (failed(differentiation.run()) || failed(differentiation.checkKept()))
    return signalPassFailure();
  if (produce == "backward") {
    entry->erase();
    return;
  }
  if (failed(differentiation.returnKept()))
    return signalPassFailure();
  differentiation.backward().erase();
}
