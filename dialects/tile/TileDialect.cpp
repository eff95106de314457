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
#include <limits>

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
  // The most is far above what any target holds, but a kernel is unrolled over
  // a tile.
  constexpr int64_t kAny = std::numeric_limits<int64_t>::max();
  struct Field {
    const char *name;
    int64_t value, least, most;
  };
  for (auto [name, value, least, most] :
       {Field{"rows", rows, 1, 1024}, Field{"cols", cols, 1, 1024},
        Field{"warps", warps, 1, 32}, Field{"stages", stages, 1, 64},
        Field{"private_cols", privateCols, 0, 1024}, Field{"ctas", ctas, 0, 32},
        Field{"private_stages", privateStages, 0, 64},
        Field{"queries", queries, 0, kAny}, Field{"list", list, 0, kAny}}) {
    if (value < least) // schedule_c1
      return emitError() << "schedule " << name << " must be at least " << least
                         << ", got " << value;
    if (value > most) // schedule_c2
      return emitError() << "schedule " << name << " must be at most " << most
                         << ", got " << value;
  }
  return success();
}
