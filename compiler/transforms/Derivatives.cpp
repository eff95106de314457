//===- Derivatives.cpp - how gradients go back through arith, math --------===//
//
// One line per op: y is its result, g that of the loss with respect to y.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Derivatives.h"
#include "dialects/llsa/LLSAOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;
using namespace llsa;

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

Value llsa::widenFloat(OpBuilder &builder, Location loc, Value value) {
  Type f32 = builder.getF32Type();
  if (getElementTypeOrSelf(value.getType()) == f32)
    return value;
  Type type = f32;
  if (auto shaped = dyn_cast<ShapedType>(value.getType()))
    type = shaped.clone(f32);
  return arith::ExtFOp::create(builder, loc, type, value);
}

Value llsa::addGradients(OpBuilder &builder, Location loc, Value x, Value y) {
  if (!x || !y)
    return x ? x : y;
  return arith::AddFOp::create(builder, loc, x, y);
}

namespace {
/// Short names for f32 arithmetic on scalars or tensors.
class Formulas {
public:
  using Values = SmallVector<Value>;

  Formulas(OpBuilder &b, Location loc, ValueRange operands, Value result,
           Value gradient)
      : b(b), loc(loc), g(gradient) {
    for (Value operand : operands)
      x.push_back(isFloat(operand) ? widenFloat(b, loc, operand) : operand);
    y = isFloat(result) ? widenFloat(b, loc, result) : result;
  }

  FailureOr<Values> of(Operation *op);

private:
  FailureOr<Values> ofCall(func::CallOp call);
  Values ofClamp();
  Value ofIntegerPower();
  Value slopeOfErf();
  Value number(double value) {
    Type type = g.getType();
    auto attr = b.getF32FloatAttr(static_cast<float>(value));
    if (auto shaped = dyn_cast<ShapedType>(type))
      return arith::ConstantOp::create(
          b, loc, DenseElementsAttr::get(shaped, Attribute(attr)));
    return arith::ConstantOp::create(b, loc, attr);
  }
  template <typename Op> Value make(Value p) { return Op::create(b, loc, p); }
  template <typename Op> Value make(Value p, Value q) {
    return Op::create(b, loc, p, q);
  }
  Value add(Value p, Value q) { return make<arith::AddFOp>(p, q); }
  Value sub(Value p, Value q) { return make<arith::SubFOp>(p, q); }
  Value mul(Value p, Value q) { return make<arith::MulFOp>(p, q); }
  Value mul(Value p, double q) { return mul(p, number(q)); }
  Value div(Value p, Value q) { return make<arith::DivFOp>(p, q); }
  Value neg(Value p) { return make<arith::NegFOp>(p); }
  Value square(Value p) { return mul(p, p); }
  Value sqrt(Value p) { return make<math::SqrtOp>(p); }
  /// 1 or -1.
  Value signOf(Value p) { return make<math::CopySignOp>(number(1), p); }
  Value choose(Value condition, Value p, Value q) {
    return arith::SelectOp::create(b, loc, condition, p, q);
  }
  Value holds(arith::CmpFPredicate predicate, Value p, Value q) {
    return arith::CmpFOp::create(b, loc, predicate, p, q);
  }
  /// g to the first of two operands where `condition` holds, else the second.
  Values either(Value condition) {
    Value zero = number(0.0);
    return {choose(condition, g, zero), choose(condition, zero, g)};
  }

  OpBuilder &b;
  Location loc;
  Values x; ///< operands, floats in f32
  Value y, g;
};
} // namespace

FailureOr<SmallVector<Value>> Formulas::of(Operation *op) {
  using Result = FailureOr<Values>;
  using Predicate = arith::CmpFPredicate;
  const double ln2 = std::log(2.0), ln10 = std::log(10.0);
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](arith::AddFOp) {
        return Values{g, g};
      })
      .Case([&](arith::SubFOp) {
        return Values{g, neg(g)};
      })
      .Case([&](arith::MulFOp) {
        return Values{mul(g, x[1]), mul(g, x[0])};
      })
      .Case([&](arith::DivFOp) {
        Value d = div(g, x[1]);
        return Values{d, neg(mul(d, y))};
      })
      .Case([&](arith::NegFOp) { return Values{neg(g)}; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp>(
          [&](auto) { return either(holds(Predicate::OGE, x[0], x[1])); })
      .Case<arith::MinimumFOp, arith::MinNumFOp>(
          [&](auto) { return either(holds(Predicate::OLE, x[0], x[1])); })
      .Case([&](arith::SelectOp) {
        Values both = either(x[0]);
        return Values{Value(), both[0], both[1]};
      })
      .Case<arith::ExtFOp, arith::TruncFOp>([&](auto) { return Values{g}; })
      .Case([&](math::FmaOp) {
        return Values{mul(g, x[1]), mul(g, x[0]), g};
      })
      .Case([&](math::ExpOp) { return Values{mul(g, y)}; })
      .Case([&](math::Exp2Op) { return Values{mul(g, mul(y, ln2))}; })
      .Case([&](math::ExpM1Op) { return Values{mul(g, add(y, number(1)))}; })
      .Case([&](math::LogOp) { return Values{div(g, x[0])}; })
      .Case([&](math::Log2Op) { return Values{div(g, mul(x[0], ln2))}; })
      .Case([&](math::Log10Op) { return Values{div(g, mul(x[0], ln10))}; })
      .Case([&](math::Log1pOp) { return Values{div(g, add(x[0], number(1)))}; })
      .Case([&](math::SqrtOp) { return Values{div(mul(g, 0.5), y)}; })
      .Case([&](math::RsqrtOp) {
        return Values{mul(mul(g, -0.5), mul(y, square(y)))};
      })
      .Case([&](math::CbrtOp) { return Values{div(g, mul(square(y), 3))}; })
      .Case([&](math::TanhOp) {
        return Values{mul(g, sub(number(1), square(y)))};
      })
      .Case([&](math::SinhOp) {
        return Values{mul(g, make<math::CoshOp>(x[0]))};
      })
      .Case([&](math::CoshOp) {
        return Values{mul(g, make<math::SinhOp>(x[0]))};
      })
      .Case([&](math::AsinhOp) {
        return Values{div(g, sqrt(add(square(x[0]), number(1))))};
      })
      .Case([&](math::AcoshOp) {
        return Values{div(g, sqrt(sub(square(x[0]), number(1))))};
      })
      .Case([&](math::AtanhOp) {
        return Values{div(g, sub(number(1), square(x[0])))};
      })
      .Case([&](math::TanOp) {
        return Values{mul(g, add(number(1), square(y)))};
      })
      .Case([&](math::AsinOp) {
        return Values{div(g, sqrt(sub(number(1), square(x[0]))))};
      })
      .Case([&](math::AcosOp) {
        return Values{neg(div(g, sqrt(sub(number(1), square(x[0])))))};
      })
      .Case(
          [&](math::SinOp) { return Values{mul(g, make<math::CosOp>(x[0]))}; })
      .Case([&](math::CosOp) {
        return Values{neg(mul(g, make<math::SinOp>(x[0])))};
      })
      .Case([&](math::AtanOp) {
        return Values{div(g, add(number(1), square(x[0])))};
      })
      .Case([&](math::Atan2Op) {
        Value d = div(g, add(square(x[0]), square(x[1])));
        return Values{mul(d, x[1]), neg(mul(d, x[0]))};
      })
      .Case([&](math::ErfOp) { return Values{mul(g, slopeOfErf())}; })
      .Case([&](math::ErfcOp) { return Values{neg(mul(g, slopeOfErf()))}; })
      .Case([&](math::AbsFOp) {
        return Values{
            choose(holds(Predicate::OLT, x[0], number(0)), neg(g), g)};
      })
      .Case([&](math::PowFOp) {
        Value less = make<math::PowFOp>(x[0], sub(x[1], number(1)));
        return Values{mul(g, mul(x[1], less)),
                      mul(g, mul(y, make<math::LogOp>(x[0])))};
      })
      .Case([&](math::FPowIOp) {
        return Values{ofIntegerPower(), Value()};
      })
      .Case([&](math::CopySignOp) {
        return Values{mul(g, mul(signOf(x[0]), signOf(x[1]))), Value()};
      })
      .Case([&](math::ClampFOp) { return ofClamp(); })
      .Case<math::FloorOp, math::CeilOp, math::RoundOp, math::RoundEvenOp,
            math::TruncOp>([](auto) { return Values{Value()}; })
      .Case([&](func::CallOp call) { return ofCall(call); })
      .Default([](Operation *) -> Result { return failure(); });
}

Value Formulas::slopeOfErf() {
  return mul(make<math::ExpOp>(neg(square(x[0]))),
             2.0 / std::sqrt(std::acos(-1.0)));
}

/// n x^(n - 1), for an integer n; 0 for n = 0, at x = 0, too.
Value Formulas::ofIntegerPower() {
  Type type = x[1].getType();
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  Value one = arith::ConstantOp::create(b, loc, b.getOneAttr(type));
  Value less = make<math::FPowIOp>(x[0], make<arith::SubIOp>(x[1], one));
  Value n = arith::SIToFPOp::create(b, loc, g.getType(), x[1]);
  Value isConstant =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x[1], zero);
  return choose(isConstant, number(0), mul(g, mul(n, less)));
}

/// To the value between the bounds, else to the bound that it exceeds.
SmallVector<Value> Formulas::ofClamp() {
  Value zero = number(0.0);
  Value isBelow = holds(arith::CmpFPredicate::OLT, x[0], x[1]);
  Value isAbove = holds(arith::CmpFPredicate::OGT, x[0], x[2]);
  Value isOutside = make<arith::OrIOp>(isBelow, isAbove);
  return {choose(isOutside, zero, g), choose(isBelow, g, zero),
          choose(isAbove, g, zero)};
}

/// A device function, whose derivatives are functions that the user gives.
FailureOr<SmallVector<Value>> Formulas::ofCall(func::CallOp call) {
  Operation *callee =
      SymbolTable::lookupNearestSymbolFrom(call, call.getCalleeAttr());
  auto names = callee ? callee->getAttrOfType<ArrayAttr>("llsa.derivatives")
                      : ArrayAttr();
  if (!names)
    return failure();
  Values flows;
  auto next = names.begin();
  for (Value operand : x) {
    Value &flow = flows.emplace_back();
    if (!operand.getType().isF32())
      continue;
    auto slope = func::CallOp::create(
        b, loc, cast<FlatSymbolRefAttr>(*next++).getValue(),
        TypeRange(b.getF32Type()), x);
    flow = mul(g, slope.getResult(0));
  }
  return flows;
}

/// Both of the results' gradients go to the one angle.
static Value ofSincos(OpBuilder &b, Location loc, ValueRange results,
                      ArrayRef<Value> gradients) {
  auto product = [&](Value gradient, Value factor) -> Value {
    return gradient ? arith::MulFOp::create(b, loc, gradient,
                                            widenFloat(b, loc, factor))
                    : Value();
  };
  Value ofCosine = product(gradients[1], results[0]);
  if (ofCosine)
    ofCosine = arith::NegFOp::create(b, loc, ofCosine);
  return addGradients(b, loc, product(gradients[0], results[1]), ofCosine);
}

FailureOr<SmallVector<Value>>
llsa::gradientsOfOperands(OpBuilder &builder, Operation *op,
                          ValueRange operands, ValueRange results,
                          ArrayRef<Value> gradients) {
  // Bits of numbers are no numbers: what made them may not be constant.
  if (isa<arith::BitcastOp>(op) && isFloat(op->getResult(0)))
    return failure();
  // What takes no floats, or gives none, carries no gradient.
  if (llvm::none_of(op->getOperands(), isFloat) ||
      llvm::none_of(op->getResults(), isFloat))
    return SmallVector<Value>(op->getNumOperands());
  if (isa<math::SincosOp>(op))
    return SmallVector<Value>{
        ofSincos(builder, op->getLoc(), results, gradients)};
  if (op->getNumResults() != 1)
    return failure();
  return Formulas(builder, op->getLoc(), operands, results[0], gradients[0])
      .of(op);
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

namespace {
/// A region that computes a score again and goes back through it.
class RegionReversal {
public:
  RegionReversal(Region &score, const IRMapping &captured, Region &target)
      : from(score.front()), builder(score.getContext()), mapping(captured) {
    block = builder.createBlock(&target);
    for (BlockArgument argument : from.getArguments())
      mapping.map(argument,
                  block->addArgument(argument.getType(), argument.getLoc()));
    gradients[from.getTerminator()->getOperand(0)] =
        block->addArgument(builder.getF32Type(), score.getLoc());
  }

  /// Finds the gradients of `active`, values of `score`, and of what depends on
  /// them.
  LogicalResult run(DenseSet<Value> active);

  /// The gradient of a value of `score`; 0 when it does not matter.
  Value gradientOf(Value value) {
    if (Value known = gradients.lookup(value))
      return known;
    return arith::ConstantOp::create(builder, value.getLoc(),
                                     builder.getF32FloatAttr(0.0f));
  }
  Value copyOf(Value value) { return mapping.lookupOrDefault(value); }

  void yield(ValueRange values) {
    YieldOp::create(builder, from.getTerminator()->getLoc(), values);
    // A device function does nothing but give its result.
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block)))
      if (isOpTriviallyDead(&op) || (isa<func::CallOp>(op) && op.use_empty()))
        op.erase();
  }

private:
  Block &from, *block;
  OpBuilder builder;
  IRMapping mapping;
  DenseMap<Value, Value> gradients;
};
} // namespace

LogicalResult RegionReversal::run(DenseSet<Value> active) {
  for (Operation &op : from.without_terminator()) {
    builder.clone(op, mapping);
    if (llvm::any_of(op.getOperands(),
                     [&](Value value) { return active.contains(value); }))
      active.insert(op.getResults().begin(), op.getResults().end());
  }
  for (Operation &op : llvm::reverse(from.without_terminator())) {
    SmallVector<Value> operands, results, known;
    for (Value result : op.getResults()) {
      results.push_back(mapping.lookup(result));
      known.push_back(active.contains(result) ? gradients.lookup(result)
                                              : Value());
    }
    // What is read does not depend on where, but by steps.
    if (llvm::none_of(known, [](Value value) { return bool(value); }) ||
        isa<tensor::ExtractOp>(op))
      continue;
    for (Value operand : op.getOperands())
      operands.push_back(mapping.lookupOrDefault(operand));
    FailureOr<SmallVector<Value>> flows =
        gradientsOfOperands(builder, &op, operands, results, known);
    if (failed(flows)) {
      InFlightDiagnostic error = op.emitOpError()
                                 << "has no derivative, which the gradient of "
                                    "the score needs";
      if (auto call = dyn_cast<func::CallOp>(op))
        error << "; a device function's are named by llsa.derivatives at @"
              << call.getCallee();
      return error;
    }
    for (auto [operand, flow] : llvm::zip_equal(op.getOperands(), *flows))
      if (flow && active.contains(operand))
        gradients[operand] =
            addGradients(builder, op.getLoc(), gradients[operand], flow);
  }
  return success();
}

LogicalResult llsa::buildDerivative(Region &score, const IRMapping &captured,
                                    Region &derivative) {
  RegionReversal reversal(score, captured, derivative);
  if (failed(reversal.run({score.getArgument(0)})))
    return failure();
  reversal.yield(reversal.gradientOf(score.getArgument(0)));
  return success();
}

LogicalResult llsa::buildReads(Region &score, Value tensor,
                               const IRMapping &captured, Region &reads) {
  SmallVector<tensor::ExtractOp> extracts;
  for (auto extract : score.getOps<tensor::ExtractOp>())
    if (extract.getTensor() == tensor)
      extracts.push_back(extract);
  DenseSet<Value> active;
  for (tensor::ExtractOp extract : extracts)
    active.insert(extract.getResult());
  RegionReversal reversal(score, captured, reads);
  if (failed(reversal.run(active)))
    return failure();
  SmallVector<Value> yielded;
  for (tensor::ExtractOp extract : extracts) {
    yielded.push_back(reversal.gradientOf(extract.getResult()));
    for (Value index : extract.getIndices())
      yielded.push_back(reversal.copyOf(index));
  }
  reversal.yield(yielded);
  return success();
}
