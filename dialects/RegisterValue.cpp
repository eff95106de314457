//===- RegisterValue.cpp - dialects of values ---------------------------===//

#include "dialects/RegisterGroups.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;

void llsa::registerValueDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, math::MathDialect, tensor::TensorDialect,
                  ub::UBDialect>();
}
