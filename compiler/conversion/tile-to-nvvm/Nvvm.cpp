//===- Nvvm.cpp - the GPU's instructions by short names -------------------===//

#include "compiler/conversion/tile-to-nvvm/Nvvm.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace llsa::gpu;

static Value i32(OpBuilder &b, Location loc, int64_t value) {
  return LLVM::ConstantOp::create(b, loc, b.getI32Type(),
                                  b.getI32IntegerAttr(value));
}
static Value allLanes(OpBuilder &b, Location loc) { return i32(b, loc, -1); }

Value Nvvm::threadId(Location loc) {
  return NVVM::ThreadIdXOp::create(b, loc, b.getI32Type());
}
Value Nvvm::ctaId(Location loc) {
  return NVVM::BlockIdXOp::create(b, loc, b.getI32Type());
}

Value Nvvm::numCtas(Location loc) {
  return NVVM::GridDimXOp::create(b, loc, b.getI32Type());
}

static Value shuffleBits(OpBuilder &b, Location loc, Value x, Value lane,
                         NVVM::ShflKind kind) {
  return NVVM::ShflOp::create(b, loc, x.getType(), allLanes(b, loc), x, lane,
                              i32(b, loc, 31), kind, UnitAttr());
}
Value Nvvm::shuffleXor(Location loc, Value x, int32_t mask) {
  return shuffleBits(b, loc, x, i32(b, loc, mask), NVVM::ShflKind::bfly);
}
Value Nvvm::shuffle(Location loc, Value x, Value lane) {
  return shuffleBits(b, loc, x, lane, NVVM::ShflKind::idx);
}
Value Nvvm::shuffleUp(Location loc, Value x, int32_t distance) {
  return NVVM::ShflOp::create(b, loc, x.getType(), allLanes(b, loc), x,
                              i32(b, loc, distance), i32(b, loc, 0),
                              NVVM::ShflKind::up, UnitAttr());
}
Value Nvvm::matchAny(Location loc, Value x) {
  return NVVM::MatchSyncOp::create(b, loc, b.getI32Type(), allLanes(b, loc), x,
                                   NVVM::MatchSyncKind::any);
}
/// ptxas takes it for granted that the warp of an elected lane is whole: a part
/// of it that went another way does what the lane should, too, with whatever is
/// in its registers. It must not see that nothing but the election counts.
Value Nvvm::elect(Location loc) {
  Value elected = NVVM::ElectSyncOp::create(b, loc, b.getI1Type(), Value());
  Value processor = NVVM::SmIdOp::create(b, loc, b.getI32Type());
  Value always = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne,
                                      processor, allLanes(b, loc));
  return LLVM::AndOp::create(b, loc, elected, always);
}
Value Nvvm::ballot(Location loc, Value x) {
  return NVVM::VoteSyncOp::create(b, loc, b.getI32Type(), allLanes(b, loc), x,
                                  NVVM::VoteSyncKind::ballot);
}
Value Nvvm::any(Location loc, Value x) {
  return NVVM::VoteSyncOp::create(b, loc, b.getI1Type(), allLanes(b, loc), x,
                                  NVVM::VoteSyncKind::any);
}

static Value intrinsic(OpBuilder &b, Location loc, StringRef name, Value x) {
  return LLVM::CallIntrinsicOp::create(b, loc, x.getType(),
                                       b.getStringAttr(name), ValueRange{x})
      .getResult(0);
}
Value Nvvm::exp2(Location loc, Value x) {
  return intrinsic(b, loc, "llvm.nvvm.ex2.approx.ftz.f", x);
}
Value Nvvm::log2(Location loc, Value x) {
  return intrinsic(b, loc, "llvm.nvvm.lg2.approx.f", x);
}

void Nvvm::barrier(Location loc) { NVVM::BarrierOp::create(b, loc); }
void Nvvm::warpBarrier(Location loc) {
  NVVM::SyncWarpOp::create(b, loc, allLanes(b, loc));
}

/// The type of `types` together; null of none.
static Type together(OpBuilder &b, TypeRange types) {
  if (types.empty())
    return {};
  return types.size() == 1 ? types.front()
                           : LLVM::LLVMStructType::getLiteral(
                                 b.getContext(), llvm::to_vector(types));
}

Nvvm::Values Nvvm::assembly(Location loc, StringRef text, TypeRange results,
                            StringRef constraints, ValueRange inputs) {
  Type type = together(b, results);
  auto op = LLVM::InlineAsmOp::create(
      b, loc, type ? TypeRange(type) : TypeRange(), inputs, text, constraints,
      /*has_side_effects=*/true, /*is_align_stack=*/false,
      LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
  return type ? unpack(loc, op.getResult(0)) : Values();
}

void Nvvm::waitForKernelBefore(Location loc) {
  assembly(loc, "griddepcontrol.launch_dependents;\ngriddepcontrol.wait;", {},
           "~{memory}");
}

void Nvvm::prefetch(Location loc, Value pointer, Cache cache) {
  // LLVM has nvvm.prefetch for sm_90 and newer alone; PTX, for all.
  assembly(loc,
           cache == Cache::L1 ? "prefetch.global.L1 [$0];"
                              : "prefetch.global.L2 [$0];",
           {}, "l", pointer);
}

Value Nvvm::opaque(Location loc, Value pointer) {
  return assembly(loc, "mov.b64 $0, $1;", pointer.getType(), "=l,l,~{memory}",
                  pointer)
      .front();
}

Value Nvvm::sharedBase(Location loc, Value symbol) {
  Value address = LLVM::PtrToIntOp::create(b, loc, b.getI32Type(), symbol);
  return assembly(loc, "mov.b32 $0, $1;", b.getI32Type(), "=r,r", address)
      .front();
}

// These address shared memory by 32 bits, which the compiler's own ops do
// by 64.

void Nvvm::copyAsync(Location loc, Value to, Value from, Value bytes) {
  StringRef text = bytes ? "cp.async.cg.shared.global [$0], [$1], 16, $2;"
                         : "cp.async.cg.shared.global [$0], [$1], 16;";
  SmallVector<Value> inputs{to, from};
  if (bytes)
    inputs.push_back(bytes);
  assembly(loc, text, {}, bytes ? "r,l,r,~{memory}" : "r,l,~{memory}", inputs);
}
void Nvvm::commitGroup(Location loc) {
  NVVM::CpAsyncCommitGroupOp::create(b, loc);
}
void Nvvm::waitGroup(Location loc, int64_t pending) {
  NVVM::CpAsyncWaitGroupOp::create(b, loc, b.getI32IntegerAttr(pending));
}

Nvvm::Values Nvvm::unpack(Location loc, Value structure) {
  auto type = dyn_cast<LLVM::LLVMStructType>(structure.getType());
  if (!type)
    return {structure};
  Values values;
  for (int64_t i = 0, end = type.getBody().size(); i < end; ++i)
    values.push_back(LLVM::ExtractValueOp::create(b, loc, structure, i));
  return values;
}

Nvvm::Values Nvvm::loadMatrices(Location loc, Value address, int64_t count,
                                bool transposed) {
  std::string results, constraints;
  for (int64_t i = 0; i < count; ++i) {
    results += (i ? ", $" : "$") + std::to_string(i);
    constraints += "=r,";
  }
  std::string text = "ldmatrix.sync.aligned.m8n8.x" + std::to_string(count) +
                     (transposed ? ".trans" : "") + ".shared.b16 {" + results +
                     "}, [$" + std::to_string(count) + "];";
  return assembly(loc, text, SmallVector<Type>(count, b.getI32Type()),
                  constraints + "r,~{memory}", address);
}

static Value multiply(OpBuilder &b, Location loc, NVVM::MMATypes type,
                      int64_t k, ValueRange x, ValueRange y, ValueRange z) {
  using Types = std::array<NVVM::MMATypes, 2>;
  using Layouts = std::array<NVVM::MMALayout, 2>;
  return NVVM::MmaOp::create(
      b, loc, together(b, SmallVector<Type>(4, b.getF32Type())), x, y, z,
      {16, 8, k}, std::nullopt, std::nullopt, Types{type, type},
      Layouts{NVVM::MMALayout::row, NVVM::MMALayout::col});
}

Nvvm::Values Nvvm::mma16(Location loc, Type element, ValueRange x, ValueRange y,
                         ValueRange z) {
  if (element.isBF16())
    return unpack(loc, multiply(b, loc, NVVM::MMATypes::bf16, 16, x, y, z));
  // The op wants f16 operands as vectors.
  auto pair = VectorType::get(2, b.getF16Type());
  auto asPairs = [&](ValueRange values) {
    Values pairs;
    for (Value value : values)
      pairs.push_back(LLVM::BitcastOp::create(b, loc, pair, value));
    return pairs;
  };
  return unpack(loc, multiply(b, loc, NVVM::MMATypes::f16, 16, asPairs(x),
                              asPairs(y), z));
}

Nvvm::Values Nvvm::mmaTf32(Location loc, ValueRange x, ValueRange y,
                           ValueRange z) {
  return unpack(loc, multiply(b, loc, NVVM::MMATypes::tf32, 8, x, y, z));
}

Value Nvvm::roundToTf32(Location loc, Value x) {
  return NVVM::ConvertFloatToTF32Op::create(b, loc, b.getI32Type(), x,
                                            NVVM::FPRoundingMode::RNA);
}
