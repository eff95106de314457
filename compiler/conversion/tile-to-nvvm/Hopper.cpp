//===- Hopper.cpp - instructions of sm_90a --------------------------------===//

#include "compiler/conversion/tile-to-nvvm/Hopper.h"
#include "compiler/conversion/tile-to-nvvm/Nvvm.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace llsa::gpu;

SmallVector<Value> Hopper::assembly(Location loc, StringRef text,
                                    TypeRange results, StringRef constraints,
                                    ValueRange inputs) {
  return Nvvm(b).assembly(loc, text, results, constraints, inputs);
}

//===----------------------------------------------------------------------===//
// Barriers and copies
//===----------------------------------------------------------------------===//

void Hopper::initBarrier(Location loc, Value barrier, int64_t arrivals) {
  std::string text =
      "mbarrier.init.shared::cta.b64 [$0], " + std::to_string(arrivals) + ";";
  assembly(loc, text, {}, "r,~{memory}", barrier);
}

void Hopper::fenceBarrierInit(Location loc) {
  assembly(loc, "fence.mbarrier_init.release.cluster;", {}, "~{memory}", {});
}

void Hopper::expectBytes(Location loc, Value barrier, int64_t bytes) {
  std::string text = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], " +
                     std::to_string(bytes) + ";";
  assembly(loc, text, {}, "r,~{memory}", barrier);
}

void Hopper::arrive(Location loc, Value barrier) {
  assembly(loc, "mbarrier.arrive.shared::cta.b64 _, [$0];", {}, "r,~{memory}",
           barrier);
}

void Hopper::waitBarrier(Location loc, Value barrier, Value parity) {
  assembly(loc,
           "{\n"
           ".reg .pred done;\n"
           "again:\n"
           "mbarrier.try_wait.parity.shared::cta.b64 done, [$0], $1;\n"
           "@!done bra again;\n"
           "}",
           {}, "r,r,~{memory}", {barrier, parity});
}

void Hopper::copyBytes(Location loc, Value to, Value from, int64_t bytes,
                       Value barrier) {
  std::string text = "cp.async.bulk.shared::cluster.global.mbarrier::"
                     "complete_tx::bytes [$0], [$1], " +
                     std::to_string(bytes) + ", [$2];";
  assembly(loc, text, {}, "r,l,r,~{memory}", {to, from, barrier});
}

void Hopper::copyBox(Location loc, Value to, Value map, ValueRange at,
                     Value barrier) {
  size_t rank = at.size();
  std::string place, constraints = "r,l";
  for (size_t i = 0; i < rank; ++i) {
    place += (i ? ", $" : "$") + std::to_string(i + 2);
    constraints += ",r";
  }
  std::string text = "cp.async.bulk.tensor." + std::to_string(rank) +
                     "d.shared::cluster.global.tile.mbarrier::complete_tx::"
                     "bytes [$0], [$1, {" +
                     place + "}], [$" + std::to_string(rank + 2) + "];";
  Value address = LLVM::PtrToIntOp::create(b, loc, b.getI64Type(), map);
  Values inputs{to, address};
  llvm::append_range(inputs, at);
  inputs.push_back(barrier);
  assembly(loc, text, {}, constraints + ",r,~{memory}", inputs);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// "$first, $first+1, ..." in braces.
static std::string operands(int64_t first, int64_t count) {
  std::string text = "{";
  for (int64_t i = 0; i < count; ++i)
    text += (i ? ", $" : "$") + std::to_string(first + i);
  return text + "}";
}

/// One block of assembly for the whole depth, so that nothing comes between
/// its instructions.
SmallVector<Value> Hopper::startProduct(Location loc, const Product &product) {
  int64_t made = product.columns / 2; // 64 x columns over 128 lanes
  bool fresh = product.acc.empty();
  int64_t firstLeft = fresh ? made : 2 * made;
  int64_t depth = product.left.size() / 4;
  int64_t right = firstLeft + product.left.size();
  StringRef type = product.element.isBF16() ? "bf16" : "f16";

  std::string text = "{\n.reg .pred adds;\n.reg .b32 low;\n.reg .b64 at;\n"
                     "setp.ne.b32 adds, " +
                     std::string(fresh ? "0" : "1") +
                     ", 0;\n"
                     "wgmma.fence.sync.aligned;\n";
  for (int64_t k = 0; k < depth; ++k) {
    int64_t offset = k / product.stepsPerPanel * product.panel +
                     k % product.stepsPerPanel * product.step;
    if (k == 1 && fresh)
      text += "setp.ne.b32 adds, 1, 0;\n";
    text += "add.u32 low, $" + std::to_string(right) + ", " +
            std::to_string(offset) + ";\nmov.b64 at, {low, " +
            std::to_string(product.rightUpper) + "};\n";
    text += "wgmma.mma_async.sync.aligned.m64n" +
            std::to_string(product.columns) + "k16.f32." + type.str() + "." +
            type.str() + " " + operands(0, made) + ", " +
            operands(firstLeft + 4 * k, 4) + ", at, adds, 1, 1, " +
            (product.transposed ? "0" : "1") + ";\n";
  }
  text += "wgmma.commit_group.sync.aligned;\n}";

  std::string constraints;
  for (int64_t i = 0; i < made; ++i)
    constraints += fresh ? "=&f," : "=f,";
  if (!fresh)
    for (int64_t i = 0; i < made; ++i)
      constraints += std::to_string(i) + ",";
  for (size_t i = 0; i < product.left.size(); ++i)
    constraints += "r,";
  constraints += "r,~{memory}";

  Values inputs(product.acc);
  llvm::append_range(inputs, product.left);
  inputs.push_back(product.right);
  return assembly(loc, text, SmallVector<Type>(made, b.getF32Type()),
                  constraints, inputs);
}

SmallVector<Value> Hopper::waitProducts(Location loc, ValueRange values) {
  std::string constraints;
  for (size_t i = 0; i < values.size(); ++i)
    constraints += "=f,";
  for (size_t i = 0; i < values.size(); ++i)
    constraints += std::to_string(i) + ",";
  return assembly(loc, "wgmma.wait_group.sync.aligned 0;",
                  SmallVector<Type>(values.size(), b.getF32Type()),
                  constraints + "~{memory}", values);
}

void Hopper::keep(Location loc, ValueRange values) {
  std::string text = "{\n.reg .pred never;\n.reg .b32 all;\nmov.b32 all, 0;\n",
              constraints;
  for (size_t i = 0; i < values.size(); ++i) {
    text += "xor.b32 all, all, $" + std::to_string(i) + ";\n";
    constraints += "r,";
  }
  // Whatever the value, a short sleep does no harm.
  text += "setp.eq.u32 never, all, 0x7fb5c3a1;\n@never nanosleep.u32 20;\n}";
  assembly(loc, text, {}, constraints + "~{memory}", values);
}
