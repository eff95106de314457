//===- TileDialect.cpp - registration and attributes ----------------------===//

#include "dialects/tile/TileDialect.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llsa::tile;

#include "dialects/tile/TileDialect.cpp.inc"

#include "dialects/tile/TileEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.cpp.inc"

void TileDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tile/TileOps.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/tile/TileAttrs.cpp.inc"
      >();
}

// Folders give splat tiles and numbers; arith holds both.
Operation *TileDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                            Type type, Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t rows, int64_t cols, int64_t warps,
                                   int64_t stages, int64_t privateCols,
                                   int64_t ctas, int64_t privateStages,
                                   int64_t queries, int64_t list, bool, bool) {
  for (auto [name, value] : {std::pair<const char *, int64_t>{"rows", rows},
                             {"cols", cols},
                             {"warps", warps},
                             {"stages", stages}})
    if (value < 1) // schedule_c1
      return emitError() << "schedule " << name << " must be at least 1, got "
                         << value;
  for (auto [name, value] :
       {std::pair<const char *, int64_t>{"private_cols", privateCols},
        {"ctas", ctas},
        {"private_stages", privateStages},
        {"queries", queries},
        {"list", list}})
    if (value < 0) // schedule_c1
      return emitError() << "schedule " << name << " must be at least 0, got "
                         << value;
  // Far above what any target holds, but a kernel is unrolled over a tile.
  for (auto [name, value, most] :
       {std::tuple<const char *, int64_t, int64_t>{"rows", rows, 1024},
        {"cols", cols, 1024},
        {"private_cols", privateCols, 1024},
        {"warps", warps, 32},
        {"ctas", ctas, 32},
        {"stages", stages, 64},
        {"private_stages", privateStages, 64}})
    if (value > most) // schedule_c2
      return emitError() << "schedule " << name << " must be at most " << most
                         << ", got " << value;
  return success();
}
