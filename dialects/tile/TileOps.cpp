//===- TileOps.cpp - verifiers, effects and syntax of tile ops ------------===//
//
// The labels (load_c1, ...) are the constraints' numbers in TileOps.td and the
// names of the cases in test/dialects/tile/invalid.mlir.
//
//===----------------------------------------------------------------------===//

#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionImplementation.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace llsa::tile;

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

bool llsa::tile::isTileShape(RankedTensorType type) {
  return type.getRank() == 2 && type.hasStaticShape() &&
         type.getDimSize(0) > 0 && type.getDimSize(1) > 0;
}

static RankedTensorType tileOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// "16x64", for messages.
static std::string sizes(RankedTensorType type) {
  return std::to_string(type.getDimSize(0)) + "x" +
         std::to_string(type.getDimSize(1));
}

//===----------------------------------------------------------------------===//
// kernel
//===----------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &builder, OperationState &state, StringRef name,
                     TypeRange buffers, ArrayRef<int64_t> items,
                     ScheduleAttr schedule) {
  OpBuilder::InsertionGuard guard(builder);
  state.getOrAddProperties<Properties>().sym_name = builder.getStringAttr(name);
  state.getOrAddProperties<Properties>().function_type =
      TypeAttr::get(builder.getFunctionType(buffers, {}));
  state.getOrAddProperties<Properties>().items =
      builder.getDenseI64ArrayAttr(items);
  if (schedule)
    state.getOrAddProperties<Properties>().schedule = schedule;
  Block *block = builder.createBlock(state.addRegion());
  for (Type type : buffers)
    block->addArgument(type, state.location);
}

int64_t KernelOp::getNumItems() {
  int64_t count = 1;
  for (int64_t size : getItems())
    count *= size;
  return count;
}

LogicalResult KernelOp::verify() {
  if (!getFunctionType().getResults().empty() ||
      !llvm::all_of(getFunctionType().getInputs(),
                    llvm::IsaPred<MemRefType>)) // kernel_c1
    return emitOpError() << "must take memrefs and return nothing, got "
                         << getFunctionType();
  int64_t count = 1;
  bool good = !getItems().empty();
  for (int64_t size : getItems())
    good = good && size >= 1 && !llvm::MulOverflow(count, size, count);
  if (!good) // kernel_c2
    return emitOpError() << "items must be numbers of at least 1 with a "
                            "product below 2^63, got ["
                         << getItems() << "]";
  if (!getBody().hasOneBlock() || getBody().front().empty() ||
      !isa<ReturnOp>(getBody().front().back())) // kernel_c3
    return emitOpError() << "must have one block that ends in tile.return";
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  auto isArgument = [&](Value memory) {
    auto argument = dyn_cast<BlockArgument>(memory);
    return argument && argument.getOwner()->getParentOp() == *this;
  };
  WalkResult walk = getBody().walk([&](Operation *op) {
    for (Value memory : op->getOperands()) {
      if (!isa<MemRefType>(memory.getType()))
        continue;
      Operation *maker = memory.getDefiningOp();
      bool isChoice = isa_and_present<arith::SelectOp>(maker);
      bool isOwn = isa_and_present<AllocSharedOp, AllocBarriersOp>(maker) &&
                   !isa<arith::SelectOp>(op);
      if (!isArgument(memory) && !isChoice && !isOwn) { // kernel_c4
        op->emitOpError() << "takes memory that is neither the kernel's own "
                             "nor an argument of it nor, by arith.select, one "
                             "of several";
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(walk.wasInterrupted());
}

/// The attributes that a kernel's own syntax writes.
static constexpr StringRef kKernelSyntax[] = {
    "sym_name", "function_type", "items", "schedule", "arg_attrs", "res_attrs"};

// tile.kernel @name(%a: memref<...> {...}, ...) items [2, 4] schedule <...>
// attributes {...} {...}
void KernelOp::print(OpAsmPrinter &printer) {
  printer << " ";
  printer.printSymbolName(getSymName());
  printer << "(";
  ArrayAttr attributes = getArgAttrsAttr();
  llvm::interleaveComma(
      getBody().getArguments(), printer, [&](BlockArgument arg) {
        unsigned i = arg.getArgNumber();
        printer.printRegionArgument(
            arg, attributes ? cast<DictionaryAttr>(attributes[i]).getValue()
                            : ArrayRef<NamedAttribute>());
      });
  printer << ") items [";
  llvm::interleaveComma(getItems(), printer);
  printer << "]";
  if (ScheduleAttr schedule = getScheduleAttr()) {
    printer << " schedule ";
    schedule.print(printer);
  }
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(), kKernelSyntax);
  printer << " ";
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<int64_t> items;
  if (parser.parseSymbolName(name, "sym_name", result.attributes) ||
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true,
                               /*allowAttrs=*/true) ||
      parser.parseKeyword("items") ||
      parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, [&] {
        return parser.parseInteger(items.emplace_back());
      }))
    return failure();
  Builder &builder = parser.getBuilder();
  result.addAttribute("items", builder.getDenseI64ArrayAttr(items));
  if (succeeded(parser.parseOptionalKeyword("schedule"))) {
    Attribute schedule = ScheduleAttr::parse(parser, Type());
    if (!schedule)
      return failure();
    result.addAttribute("schedule", schedule);
  }
  SmallVector<Type> types;
  for (const OpAsmParser::Argument &argument : arguments)
    types.push_back(argument.type);
  result.addAttribute("function_type",
                      TypeAttr::get(builder.getFunctionType(types, {})));
  NamedAttrList attributes;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDictWithKeyword(attributes))
    return failure();
  for (StringRef word : kKernelSyntax)
    if (attributes.get(word))
      return parser.emitError(loc, "'")
             << word << "' must not be given in the attributes: "
             << "the op's syntax has a place for it";
  result.attributes.append(attributes.begin(), attributes.end());
  call_interface_impl::addArgAndResultAttrs(
      builder, result, arguments, /*resultAttrs=*/{},
      builder.getStringAttr("arg_attrs"), builder.getStringAttr("res_attrs"));
  return parser.parseRegion(*result.addRegion(), arguments);
}

LogicalResult WorkItemOp::verify() {
  auto kernel = (*this)->getParentOfType<KernelOp>();
  if (!kernel) // work_item_c2
    return emitOpError() << "must stand in a tile.kernel";
  if (kernel.getItems().size() != getNumResults()) // work_item_c1
    return emitOpError()
           << "must have one result per dimension of the kernel's items, "
           << kernel.getItems().size() << ", got " << getNumResults();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel =
      symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel) // launch_c1
    return emitOpError() << "'" << getKernel() << "' is not a tile.kernel";
  TypeRange expected = kernel.getFunctionType().getInputs();
  bool agree = expected.size() == getBuffers().size();
  for (unsigned i = 0; agree && i < expected.size(); ++i)
    agree = memref::CastOp::areCastCompatible(getBuffers()[i].getType(),
                                              expected[i]);
  if (!agree) // launch_c1
    return emitOpError() << "'" << getKernel() << "' takes (" << expected
                         << "), got (" << getBuffers().getTypes() << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// Memory ops
//===----------------------------------------------------------------------===//

static int64_t rowDimension(std::optional<uint64_t> given, MemRefType memory) {
  return given ? static_cast<int64_t>(*given) : memory.getRank() - 2;
}

/// A tile's columns run along the last dimension.
static LogicalResult verifyColumns(Operation *op, MemRefType memory,
                                   RankedTensorType tile) {
  int64_t last = memory.getShape().back();
  if (!ShapedType::isDynamic(last) &&
      tile.getDimSize(1) > last) // load_c3, store_c3, gather_c3
    return op->emitOpError()
           << "the last dimension of " << memory << " must have at least "
           << tile.getDimSize(1) << " elements for a tile of " << sizes(tile);
  return success();
}

/// What load and store share.
static LogicalResult verifyAccess(Operation *op, MemRefType memory,
                                  RankedTensorType tile, size_t numIndices,
                                  int64_t rowDim) {
  if (static_cast<int64_t>(numIndices) != memory.getRank()) // load_c1, store_c1
    return op->emitOpError() << "needs " << memory.getRank() << " indices for "
                             << memory << ", got " << numIndices;
  if (memory.getElementType() != tile.getElementType()) // load_c1, store_c1
    return op->emitOpError()
           << "tile and memory must have one element type, got "
           << tile.getElementType() << " and " << memory.getElementType();
  if (rowDim < 0 || rowDim >= memory.getRank()) // load_c2, store_c2
    return op->emitOpError()
           << "row_dim must be a dimension of " << memory << ", got " << rowDim;
  if (rowDim == memory.getRank() - 1 &&
      tile.getDimSize(1) != 1) // load_c2, store_c2
    return op->emitOpError() << "row_dim may be the last dimension for a tile "
                                "of one column only, "
                                "got a tile of "
                             << sizes(tile);
  return verifyColumns(op, memory, tile);
}

int64_t LoadOp::getRowDimension() {
  return rowDimension(getRowDim(), getSource().getType());
}
LogicalResult LoadOp::verify() {
  return verifyAccess(*this, getSource().getType(), tileOf(getResult()),
                      getIndices().size(), getRowDimension());
}
void LoadOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
}

int64_t StoreOp::getRowDimension() {
  return rowDimension(getRowDim(), getDestination().getType());
}
LogicalResult StoreOp::verify() {
  return verifyAccess(*this, getDestination().getType(), tileOf(getTile()),
                      getIndices().size(), getRowDimension());
}
void StoreOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Write::get(), &getDestinationMutable());
}

LogicalResult BlockRowsOp::verify() {
  MemRefType memory = getSource().getType();
  if (memory.getRank() < 1) // block_rows_c1
    return emitOpError() << "source must have at least one dimension, got "
                         << memory;
  if (static_cast<int64_t>(getIndices().size()) !=
      memory.getRank()) // block_rows_c1
    return emitOpError() << "needs " << memory.getRank() << " indices for "
                         << memory << ", got " << getIndices().size();
  RankedTensorType tile = tileOf(getResult());
  int64_t block = getBlock();
  if (block < 1 || tile.getDimSize(0) != 1 ||
      (!getPart() && tile.getDimSize(1) % block != 0)) // block_rows_c2
    return emitOpError() << "result must have one row and a multiple of block "
                         << block << " columns, got " << sizes(tile);
  int64_t limit = getLimit();
  if (limit < 1 || limit > std::numeric_limits<int32_t>::max()) // block_rows_c3
    return emitOpError() << "limit must be between 1 and "
                         << std::numeric_limits<int32_t>::max() << ", got "
                         << limit;
  return success();
}
void BlockRowsOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
}

LogicalResult GatherOp::verify() {
  auto memory = cast<MemRefType>(getSource().getType());
  if (memory.getRank() < 2) // gather_c1
    return emitOpError() << "source must have at least two dimensions, got "
                         << memory;
  if (static_cast<int64_t>(getIndices().size()) !=
      memory.getRank() - 1) // gather_c1
    return emitOpError() << "needs " << memory.getRank() - 1 << " indices for "
                         << memory << ", got " << getIndices().size();
  RankedTensorType tile = tileOf(getResult());
  if (memory.getElementType() != tile.getElementType()) // gather_c1
    return emitOpError() << "tile and memory must have one element type, got "
                         << tile.getElementType() << " and "
                         << memory.getElementType();
  RankedTensorType rows = tileOf(getRows());
  if (rows.getDimSize(0) != 1 ||
      rows.getDimSize(1) != tile.getDimSize(0)) // gather_c2
    return emitOpError() << "rows must be 1x" << tile.getDimSize(0) << ", got "
                         << sizes(rows);
  return verifyColumns(*this, memory, tile);
}
void GatherOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
}

LogicalResult LookupOp::verify() {
  auto memory = cast<MemRefType>(getSource().getType());
  RankedTensorType tile = tileOf(getResult());
  if (static_cast<int64_t>(getIndices().size()) !=
      memory.getRank()) // lookup_c1
    return emitOpError() << "needs " << memory.getRank() << " index tiles for "
                         << memory << ", got " << getIndices().size();
  if (memory.getElementType() != tile.getElementType()) // lookup_c1
    return emitOpError() << "tile and memory must have one element type, got "
                         << tile.getElementType() << " and "
                         << memory.getElementType();
  for (Value index : getIndices())
    if (tileOf(index).getShape() != tile.getShape()) // lookup_c1
      return emitOpError() << "index tiles must be " << sizes(tile) << ", got "
                           << sizes(tileOf(index));
  return success();
}
void LookupOp::getEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getSourceMutable());
}

//===----------------------------------------------------------------------===//
// Value ops
//===----------------------------------------------------------------------===//

LogicalResult DotOp::verify() {
  RankedTensorType a = tileOf(getA()), b = tileOf(getB()),
                   acc = tileOf(getAcc());
  int64_t bDepth = b.getDimSize(getTransposeB() ? 1 : 0);
  int64_t bCols = b.getDimSize(getTransposeB() ? 0 : 1);
  if (a.getDimSize(0) != acc.getDimSize(0) || bCols != acc.getDimSize(1) ||
      a.getDimSize(1) != bDepth) // dot_c1
    return emitOpError() << "sizes must be RxK, "
                         << (getTransposeB() ? "CxK" : "KxC")
                         << " and RxC, got " << sizes(a) << ", " << sizes(b)
                         << " and " << sizes(acc);
  if (a.getElementType() != b.getElementType()) // dot_c2
    return emitOpError() << "a and b must have one element type, got "
                         << a.getElementType() << " and " << b.getElementType();
  if (getTf32() && !a.getElementType().isF32()) // dot_c3
    return emitOpError() << "tf32 needs float32 elements, got "
                         << a.getElementType();
  if (getTf32() && getExact()) // dot_c3
    return emitOpError("exact and tf32 exclude each other");
  return success();
}

LogicalResult ReduceOp::verify() {
  RankedTensorType tile = tileOf(getTile()), result = tileOf(getResult());
  SmallVector<int64_t> expected(tile.getShape());
  expected[getAxis() == Axis::Rows ? 0 : 1] = 1;
  bool partial = getAxis() == Axis::Cols && tile.getDimSize(1) % 8 == 0 &&
                 result.getDimSize(0) == expected[0] &&
                 result.getDimSize(1) == 4;
  if (result.getShape() != ArrayRef<int64_t>(expected) && !partial) // reduce_c1
    return emitOpError() << "result must be " << expected[0] << "x"
                         << expected[1] << ", got " << sizes(result);
  return success();
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType tile = tileOf(getTile()), result = tileOf(getResult());
  if (tile.getElementType() != result.getElementType()) // broadcast_c1
    return emitOpError()
           << "operand and result must have one element type, got "
           << tile.getElementType() << " and " << result.getElementType();
  for (int d : {0, 1})
    if (tile.getDimSize(d) != 1 &&
        tile.getDimSize(d) != result.getDimSize(d)) // broadcast_c1
      return emitOpError() << "cannot repeat " << sizes(tile) << " to "
                           << sizes(result);
  return success();
}

LogicalResult TransposeOp::verify() {
  RankedTensorType tile = tileOf(getTile()), result = tileOf(getResult());
  if (tile.getElementType() != result.getElementType() ||
      tile.getDimSize(0) != result.getDimSize(1) ||
      tile.getDimSize(1) != result.getDimSize(0)) // transpose_c1
    return emitOpError() << "result must be " << tile.getDimSize(1) << "x"
                         << tile.getDimSize(0) << " of "
                         << tile.getElementType() << ", got " << result;
  return success();
}

LogicalResult RangeOp::verify() {
  RankedTensorType tile = tileOf(getResult());
  if (tile.getDimSize(0) != 1 && tile.getDimSize(1) != 1) // range_c1
    return emitOpError() << "result must have one row or one column, got "
                         << sizes(tile);
  return success();
}

LogicalResult TopkOp::verify() {
  RankedTensorType scores = tileOf(getScores()), ids = tileOf(getIds());
  RankedTensorType candidates = tileOf(getCandidates()),
                   newIds = tileOf(getCandidateIds());
  if (scores.getShape() != ids.getShape() ||
      scores.getDimSize(0) != candidates.getDimSize(0)) // topk_c1
    return emitOpError()
           << "scores and ids must have the same sizes and the candidates' "
           << candidates.getDimSize(0) << " rows, got " << sizes(scores)
           << " and " << sizes(ids);
  if (newIds.getDimSize(0) != 1 ||
      newIds.getDimSize(1) != candidates.getDimSize(1)) // topk_c2
    return emitOpError() << "candidate ids must be 1x"
                         << candidates.getDimSize(1) << ", got "
                         << sizes(newIds);
  if (Value scratch = getScratch()) {
    auto type = cast<MemRefType>(scratch.getType());
    constexpr int64_t columns = 32, rows = kScratchWords / columns;
    if (type.getShape() != ArrayRef<int64_t>({1, rows, columns}) ||
        !type.getElementType().isF32()) // topk_c3
      return emitOpError() << "needs a scratch of 1x" << rows << "x" << columns
                           << "xf32 in shared memory, got " << type;
  }
  return success();
}

#define GET_OP_CLASSES
#include "dialects/tile/TileOps.cpp.inc"
