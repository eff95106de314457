//===- KernelLowering.cpp - the frame of a kernel -------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;

static bool hasProducts(tile::KernelOp kernel) {
  return kernel.walk([](tile::DotOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

KernelLowering::KernelLowering(tile::KernelOp kernel, bool dependentLaunch)
    : kernel(kernel), warps(1), dependentLaunch(dependentLaunch),
      isPrecise(
          llvm::all_of(kernel.getArgumentTypes(),
                       [](Type type) {
                         Type element = cast<MemRefType>(type).getElementType();
                         return !isa<FloatType>(element) || element.isF32();
                       })),
      builder(kernel), loc(kernel.getLoc()), nvvm(builder), hopper(builder) {
  if (tile::ScheduleAttr schedule = kernel.getScheduleAttr())
    warps = schedule.getWarps();
  if (auto columns = kernel->getAttrOfType<IntegerAttr>("tile.lane_columns"))
    grid.columns = columns.getInt();
  if (auto lanes = kernel->getAttrOfType<IntegerAttr>("tile.row_lanes"))
    grid.rowLanes = lanes.getInt();
}

FailureOr<func::FuncOp> KernelLowering::run() {
  func::FuncOp function = createFunction();
  if (dependentLaunch) {
    function->setAttr("llsa.dependent_launch", builder.getUnitAttr());
    waitForKernelBefore();
  }
  emitLaneNumbers();
  findOrderFree();

  int64_t items = kernel.getNumItems();
  Value mine;
  if (items % warps != 0) { // the last CTA's last warps have no work
    Value number = arith::AddIOp::create(
        builder, loc, mul(toIndex(groupOf(nvvm.ctaId(loc))), index(warps)),
        toIndex(warp));
    mine = less(number, index(items));
  }
  if (isScalarKernel())
    mine =
        both(mine, arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         lane, i32(0)));
  LogicalResult result = success();
  when(mine, [&] { result = lowerBlock(kernel.getBody().front()); });
  loc = kernel.getLoc();
  func::ReturnOp::create(builder, loc);
  if (failed(result)) {
    function.erase();
    return failure();
  }
  return function;
}

bool KernelLowering::isScalarKernel() {
  return !kernel
              .walk([](Operation *op) {
                return isa<tile::InvertRowsOp>(op) ||
                               llvm::any_of(op->getResultTypes(),
                                            llvm::IsaPred<RankedTensorType>)
                           ? WalkResult::interrupt()
                           : WalkResult::advance();
              })
              .wasInterrupted();
}

func::FuncOp KernelLowering::createFunction() {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext(), 1);
  Type i64 = builder.getI64Type();
  SmallVector<Type> types;
  SmallVector<std::pair<SmallVector<int64_t>, int64_t>> layouts;
  for (Type type : kernel.getArgumentTypes()) {
    auto &[strides, offset] = layouts.emplace_back();
    (void)cast<MemRefType>(type).getStridesAndOffset(strides, offset);
    types.push_back(pointer);
    types.append(llvm::count(strides, ShapedType::kDynamic), i64);
  }
  findViews();
  unsigned firstView = types.size();
  types.append(views.size(), LLVM::LLVMPointerType::get(builder.getContext()));
  auto function = func::FuncOp::create(builder, loc, kernel.getName(),
                                       builder.getFunctionType(types, {}));
  function->setAttr("llsa.threads", builder.getI64IntegerAttr(warps * kLanes));
  if (tile::ScheduleAttr schedule = kernel.getScheduleAttr())
    if (schedule.getCtas() > 0)
      function->setAttr("llsa.ctas_per_multiprocessor",
                        builder.getI64IntegerAttr(schedule.getCtas()));
  if (!isPrecise && hasProducts(kernel))
    function->setAttr("llsa.approximate_division", builder.getUnitAttr());
  if (kernel->hasAttr("tile.persistent"))
    function->setAttr("llsa.persistent", builder.getUnitAttr());
  int64_t shared = 0;
  if (auto bytes = kernel->getAttrOfType<IntegerAttr>("tile.shared_bytes"))
    shared = bytes.getInt();
  function->setAttr("llsa.shared_bytes", builder.getI64IntegerAttr(shared));

  SmallVector<Attribute> boxes;
  for (auto [i, view] : llvm::enumerate(views)) {
    boxes.push_back(builder.getDenseI64ArrayAttr(
        {cast<BlockArgument>(view.memory).getArgNumber(), view.rows,
         view.cols}));
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
    function.setArgAttr(firstView + i, "llvm.byval", TypeAttr::get(bytes));
    function.setArgAttr(firstView + i, "llvm.align",
                        builder.getI64IntegerAttr(64));
  }
  if (!boxes.empty())
    function->setAttr("llsa.views", builder.getArrayAttr(boxes));

  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  unsigned next = 0;
  for (auto [argument, layout] :
       llvm::zip(kernel.getBody().getArguments(), layouts)) {
    Memory memory{entry->getArgument(next++), {}};
    for (int64_t stride : layout.first)
      memory.strides.push_back(ShapedType::isDynamic(stride)
                                   ? Value(arith::IndexCastOp::create(
                                         builder, loc, builder.getIndexType(),
                                         entry->getArgument(next++)))
                                   : index(stride));
    memories[argument] = std::move(memory);
  }
  for (View &view : views)
    view.map = entry->getArgument(next++);
  return function;
}

/// What an earlier kernel of the program wrote must be read behind the wait. A
/// load through a pointer that nobody writes here might be moved in front of
/// it, so such pointers come out of the wait. A caller's tensor (strides that
/// are not known) is an input, which was there before all kernels, or is only
/// written.
void KernelLowering::waitForKernelBefore() {
  nvvm.waitForKernelBefore(loc);
  for (BlockArgument argument : kernel.getBody().getArguments())
    if (cast<MemRefType>(argument.getType()).getLayout().isIdentity())
      memories[argument].pointer = nvvm.opaque(loc, memories[argument].pointer);
}

void KernelLowering::setLane(Value number) {
  lane = number;
  rowInHalf = arith::ShRUIOp::create(builder, loc, lane,
                                     i32(llvm::Log2_64(grid.rowLanes)));
  laneInRow = arith::AndIOp::create(builder, loc, lane, i32(grid.rowLanes - 1));
}

void KernelLowering::emitLaneNumbers() {
  auto mask = [&](Value x, int64_t bits) -> Value {
    return arith::AndIOp::create(builder, loc, x, i32(bits));
  };
  thread = mask(nvvm.threadId(loc), warps * kLanes - 1);
  if (!llvm::isPowerOf2_64(warps))
    thread = nvvm.threadId(loc);
  setLane(mask(thread, kLanes - 1));
  // From one lane, so that the assembler knows it to be the same for all.
  warp = warps == 1
             ? i32(0)
             : nvvm.shuffle(
                   loc, arith::ShRUIOp::create(builder, loc, thread, i32(5)),
                   i32(0));

  if (kernel.getBody().front().getOps<tile::AllocSharedOp>().empty())
    return;
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext(), 3);
  sharedMemory = nvvm.sharedBase(
      loc, LLVM::AddressOfOp::create(builder, loc, pointer, "llsa_shared"));
}

/// The number of the items that a CTA's warps have. `cta` counts from 0.
Value KernelLowering::groupOf(Value cta) {
  tile::ScheduleAttr schedule = kernel.getScheduleAttr();
  if (!schedule || !schedule.getDescending())
    return cta;
  int64_t groups = llvm::divideCeil(kernel.getNumItems(), warps);
  return arith::SubIOp::create(builder, loc, i32(groups - 1), cta);
}

SmallVector<Value> KernelLowering::workItemOf(Value cta) {
  cta = groupOf(cta);
  // 32-bit division where the numbers allow it.
  bool narrow = llvm::isInt<31>(kernel.getNumItems() + warps);
  Value number = narrow ? add(mul(cta, i32(warps)), warp)
                        : add(mul(toIndex(cta), index(warps)), toIndex(warp));
  ArrayRef<int64_t> items = kernel.getItems();
  Values ids(items.size());
  for (int64_t d = items.size() - 1; d >= 0; --d) {
    Value size = narrow ? i32(items[d]) : index(items[d]);
    Value part =
        d == 0 ? number
               : Value(arith::RemUIOp::create(builder, loc, number, size));
    ids[d] = narrow ? toIndex(part) : part;
    if (d > 0)
      number = arith::DivUIOp::create(builder, loc, number, size);
  }
  return ids;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

RankedTensorType KernelLowering::tileOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}
TileLayout KernelLowering::layoutOf(Value tile) {
  return TileLayout(tileOf(tile), grid);
}

SmallVector<Value> KernelLowering::elementsOf(Value tile) {
  return elementsOf(tiles[tile]);
}

SmallVector<Value> KernelLowering::elementsFor(Operation &op, Value tile) {
  auto wide = wideTiles.find(tile);
  return orderFree.contains(&op) && wide != wideTiles.end()
             ? elementsOf(wide->second)
             : elementsOf(tile);
}

SmallVector<Value> KernelLowering::elementsOf(ValueRange values) {
  Values elements;
  for (Value value : values) {
    auto vector = dyn_cast<VectorType>(value.getType());
    if (!vector)
      elements.push_back(value);
    for (int64_t i = 0; vector && i < vector.getNumElements(); ++i)
      elements.push_back(
          LLVM::ExtractElementOp::create(builder, loc, value, i32(i)));
  }
  return elements;
}

void KernelLowering::setElements(Value tile, Values elements) {
  Type element = tileOf(tile).getElementType();
  if (!layoutOf(tile).isPaired(element)) {
    tiles[tile] = std::move(elements);
    return;
  }
  auto type = VectorType::get(2, element);
  Values pairs;
  for (size_t i = 0; i + 1 < elements.size(); i += 2) {
    Value pair = LLVM::PoisonOp::create(builder, loc, type);
    for (int64_t j : {0, 1})
      pair = LLVM::InsertElementOp::create(builder, loc, pair, elements[i + j],
                                           i32(j));
    pairs.push_back(pair);
  }
  tiles[tile] = std::move(pairs);
}

Value KernelLowering::rowOf(int64_t half) {
  return add(rowInHalf, i32(grid.rows() * half));
}
Value KernelLowering::columnOf(const TileLayout &layout, int64_t c) {
  if (layout.isOneColumn())
    return i32(0);
  if (layout.isPartial())
    return laneInRow;
  return add(mul(laneInRow, i32(layout.grid.columns)),
             i32(layout.columnBase(c)));
}
Value KernelLowering::columnExists(const TileLayout &layout, int64_t c) {
  return layout.columnExists(c) ? Value()
                                : less(columnOf(layout, c), i32(layout.cols));
}
Value KernelLowering::rowExists(const TileLayout &layout, int64_t h) {
  return layout.rowExists(h) ? Value() : less(rowOf(h), i32(layout.rows));
}

//===----------------------------------------------------------------------===//
// Small helpers
//===----------------------------------------------------------------------===//

Value KernelLowering::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}
Value KernelLowering::i32(int64_t value) {
  return arith::ConstantIntOp::create(builder, loc, builder.getI32Type(),
                                      value);
}
Value KernelLowering::zero(Type type) {
  return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
}
Value KernelLowering::toIndex(Value value) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}
Value KernelLowering::toI32(Value value) {
  return arith::IndexCastOp::create(builder, loc, builder.getI32Type(), value);
}
Value KernelLowering::add(Value x, Value y) {
  return arith::AddIOp::create(builder, loc, x, y);
}
Value KernelLowering::mul(Value x, Value y) {
  return arith::MulIOp::create(builder, loc, x, y);
}
Value KernelLowering::less(Value x, Value y) {
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, x, y);
}
Value KernelLowering::select(Value condition, Value x, Value y) {
  return condition
             ? Value(arith::SelectOp::create(builder, loc, condition, x, y))
             : x;
}
Value KernelLowering::both(Value x, Value y) {
  return x && y ? Value(arith::AndIOp::create(builder, loc, x, y)) : x ? x : y;
}
void KernelLowering::when(Value condition, function_ref<void()> body) {
  if (!condition)
    return body();
  auto branch = scf::IfOp::create(builder, loc, condition,
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}
SmallVector<Value> KernelLowering::mapped(ValueRange values) {
  Values result;
  for (Value value : values)
    result.push_back(mapped(value));
  return result;
}

//===----------------------------------------------------------------------===//
// Lanes
//===----------------------------------------------------------------------===//

Value KernelLowering::lanesBelow() {
  Value bit = arith::ShLIOp::create(builder, loc, i32(1), lane);
  return arith::SubIOp::create(builder, loc, bit, i32(1));
}

Value KernelLowering::lanesAt(Value key, Value takes) {
  Value alone = arith::XOrIOp::create(builder, loc, lane, i32(-1));
  return nvvm.matchAny(loc, select(takes, key, alone));
}
