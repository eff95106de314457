//===- Address.cpp - places in global memory ------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llsa::gpu;

Value KernelLowering::strideOf(Value memory, int64_t dim) {
  return memories[memory].strides[dim];
}

Value KernelLowering::advance(Value pointer, Value bytes) {
  if (bytes.getType().isIndex())
    bytes =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), bytes);
  return LLVM::GEPOp::create(builder, loc, pointer.getType(),
                             builder.getI8Type(), pointer,
                             ArrayRef<LLVM::GEPArg>{bytes});
}

Value KernelLowering::advance(Value pointer, int64_t bytes) {
  if (bytes == 0)
    return pointer;
  return LLVM::GEPOp::create(
      builder, loc, pointer.getType(), builder.getI8Type(), pointer,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(bytes)});
}

/// 64 bits throughout: tensors may have more than 2^31 elements.
Value KernelLowering::addressOf(Value memory, ValueRange indices) {
  auto type = cast<MemRefType>(memory.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  Value offset = index(0);
  for (auto [dim, at] : llvm::enumerate(indices))
    offset = add(offset, mul(at, strideOf(memory, dim)));
  return advance(memories[memory].pointer, mul(offset, index(bytes)));
}

void KernelLowering::chooseMemory(arith::SelectOp op) {
  Value condition = mapped(op.getCondition());
  auto choose = [&](Value x, Value y) -> Value {
    return x == y ? x : arith::SelectOp::create(builder, loc, condition, x, y);
  };
  const Memory x = memories[op.getTrueValue()],
               y = memories[op.getFalseValue()];
  Memory chosen{choose(x.pointer, y.pointer), {}};
  for (auto [a, b] : llvm::zip_equal(x.strides, y.strides))
    chosen.strides.push_back(choose(a, b));
  memories[op.getResult()] = std::move(chosen);
}
