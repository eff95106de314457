//===- Memory.cpp - load, gather, block_rows, lookup, store ---------------===//

#include "compiler/conversion/tile-to-vector/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llsa::tile;

static Value compare(OpBuilder &b, Location loc, arith::CmpIPredicate predicate,
                     Value x, Value y) {
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}

/// Loads `width` elements along the last dimension; zeros unless `valid`
/// (which may be null). The address is one that exists in any case.
Value KernelLowering::loadVector(Value memory, ArrayRef<Value> indices,
                                 int64_t width, Value valid) {
  auto type = VectorType::get(
      width, cast<MemRefType>(memory.getType()).getElementType());
  Value value;
  if (width == 1) {
    // Also right for memory whose last dimension is not contiguous.
    Value scalar = memref::LoadOp::create(builder, loc, memory, indices);
    value = splat(scalar, 1);
  } else {
    value = vector::LoadOp::create(builder, loc, type, memory, indices);
  }
  if (!valid)
    return value;
  return arith::SelectOp::create(builder, loc, valid, value, zero(type));
}

/// min(row, last row), so that a masked row still has an address.
static Value clampRow(OpBuilder &b, Location loc, Value row, int64_t size) {
  Value last = arith::ConstantIndexOp::create(b, loc, size - 1);
  return arith::MinUIOp::create(b, loc, row, last);
}

Value KernelLowering::evaluateLoad(LoadOp op, const Slice &slice) {
  Value memory = mapped(op.getSource());
  SmallVector<Value> indices = mapped(op.getIndices());
  auto type = cast<MemRefType>(memory.getType());
  int64_t rowDim = op.getRowDimension();
  Value valid;
  if (op.getRows()) {
    valid = compare(builder, loc, arith::CmpIPredicate::slt, slice.line,
                    mapped(op.getRows()));
    Value row =
        arith::AddIOp::create(builder, loc, indices[rowDim], slice.line);
    indices[rowDim] = clampRow(builder, loc, row, type.getDimSize(rowDim));
  } else {
    indices[rowDim] =
        arith::AddIOp::create(builder, loc, indices[rowDim], slice.line);
  }
  if (rowDim != type.getRank() - 1)
    indices.back() =
        arith::AddIOp::create(builder, loc, indices.back(), slice.start);
  return loadVector(memory, indices, slice.width, valid);
}

Value KernelLowering::evaluateGather(GatherOp op, const Slice &slice) {
  Value memory = mapped(op.getSource());
  SmallVector<Value> indices = mapped(op.getIndices());
  Value rows = buffers[int(Layout::Cols)].lookup(op.getRows());
  Value entry = memref::LoadOp::create(builder, loc, rows,
                                       ValueRange{index(0), slice.line});
  Value none =
      arith::ConstantIntOp::create(builder, loc, builder.getI32Type(), 0);
  Value valid = compare(builder, loc, arith::CmpIPredicate::sge, entry, none);
  Value row = arith::IndexCastOp::create(
      builder, loc, builder.getIndexType(),
      arith::MaxSIOp::create(builder, loc, entry, none));
  indices.back() =
      arith::AddIOp::create(builder, loc, indices.back(), slice.start);
  indices.insert(indices.end() - 1, row);
  return loadVector(memory, indices, slice.width, valid);
}

LogicalResult KernelLowering::lowerBlockRows(BlockRowsOp op) {
  if (op.getPart())
    return op.emitOpError("names a part of a block, which has no lowering for "
                          "the CPU target");
  Value result = op.getResult();
  Value memory = mapped(op.getSource());
  SmallVector<Value> indices = mapped(op.getIndices());
  auto type = cast<MemRefType>(memory.getType());
  Type i32 = builder.getI32Type();
  auto constant = [&](int64_t value) {
    return arith::ConstantIntOp::create(builder, loc, i32, value);
  };
  Value buffer = allocateFor(result, Layout::Cols);
  int64_t block = op.getBlock();
  loop(index(0), index(colsOf(result) / block), 1, [&](Value g) {
    SmallVector<Value> place(indices);
    Value position = arith::AddIOp::create(builder, loc, indices.back(), g);
    Value size = index(type.getDimSize(type.getRank() - 1));
    Value exists =
        compare(builder, loc, arith::CmpIPredicate::slt, position, size);
    place.back() =
        clampRow(builder, loc, position, type.getDimSize(type.getRank() - 1));
    Value entry = memref::LoadOp::create(builder, loc, memory, place);
    entry = arith::SelectOp::create(builder, loc, exists, entry, constant(-1));
    // Indices that name no block at all are not followed (and do not overflow).
    int64_t blocks = llvm::divideCeil(int64_t(op.getLimit()), block);
    Value named = compare(builder, loc, arith::CmpIPredicate::ult, entry,
                          constant(blocks));
    Value base = arith::MulIOp::create(builder, loc, entry, constant(block));
    Value column = arith::MulIOp::create(builder, loc, g, index(block));
    loop(index(0), index(block), 1, [&](Value t) {
      Value row = arith::AddIOp::create(
          builder, loc, base, arith::IndexCastOp::create(builder, loc, i32, t));
      Value below = compare(builder, loc, arith::CmpIPredicate::slt, row,
                            constant(op.getLimit()));
      Value valid = arith::AndIOp::create(builder, loc, named, below);
      row = arith::SelectOp::create(builder, loc, valid, row, constant(-1));
      Value c = arith::AddIOp::create(builder, loc, column, t);
      memref::StoreOp::create(builder, loc, row, buffer,
                              ValueRange{index(0), c});
    });
  });
  buffers[int(Layout::Cols)][result] = buffer;
  nameNextRows(op);
  return success();
}

SmallVector<Value> KernelLowering::placeOf(Value memory, ArrayRef<Value> tiles,
                                           Value r, Value c) {
  auto type = cast<MemRefType>(memory.getType());
  SmallVector<Value> place;
  for (auto [d, tile] : llvm::enumerate(tiles)) {
    Value i = memref::LoadOp::create(builder, loc, tile, ValueRange{c, r});
    Type i32 = i.getType();
    Value zero = arith::ConstantIntOp::create(builder, loc, i32, 0);
    Value last =
        arith::ConstantIntOp::create(builder, loc, i32, type.getDimSize(d) - 1);
    i = arith::MinSIOp::create(
        builder, loc, arith::MaxSIOp::create(builder, loc, i, zero), last);
    place.push_back(
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), i));
  }
  return place;
}

LogicalResult KernelLowering::lowerLookup(LookupOp op) {
  Value result = op.getResult();
  Value memory = mapped(op.getSource());
  SmallVector<Value> tiles;
  for (Value tile : op.getIndices())
    tiles.push_back(materialize(tile, Layout::Rows));
  Value buffer = allocateFor(result, Layout::Rows);
  loop(index(0), index(colsOf(result)), 1, [&](Value c) {
    loop(index(0), index(rowsOf(result)), 1, [&](Value r) {
      Value scalar = memref::LoadOp::create(builder, loc, memory,
                                            placeOf(memory, tiles, r, c));
      memref::StoreOp::create(builder, loc, scalar, buffer, ValueRange{c, r});
    });
  });
  buffers[int(Layout::Rows)][result] = buffer;
  return success();
}

LogicalResult KernelLowering::lowerScatterAdd(ScatterAddOp op) {
  Value memory = mapped(op.getDestination());
  Value tile = materialize(op.getTile(), Layout::Rows);
  SmallVector<Value> indices;
  for (Value index : op.getIndices())
    indices.push_back(materialize(index, Layout::Rows));
  loop(index(0), index(colsOf(op.getTile())), 1, [&](Value c) {
    loop(index(0), index(rowsOf(op.getTile())), 1, [&](Value r) {
      SmallVector<Value> place = placeOf(memory, indices, r, c);
      Value there = memref::LoadOp::create(builder, loc, memory, place);
      Value more = memref::LoadOp::create(builder, loc, tile, ValueRange{c, r});
      memref::StoreOp::create(builder, loc,
                              arith::AddFOp::create(builder, loc, there, more),
                              memory, place);
    });
  });
  return success();
}

LogicalResult KernelLowering::lowerStore(StoreOp op) {
  Value tile = op.getTile();
  Value memory = mapped(op.getDestination());
  SmallVector<Value> indices = mapped(op.getIndices());
  int64_t rank = cast<MemRefType>(memory.getType()).getRank(),
          rowDim = op.getRowDimension();
  Value rows = index(rowsOf(tile));
  if (op.getRows())
    rows = arith::MinSIOp::create(builder, loc, rows, mapped(op.getRows()));

  auto placeOf = [&](Value row, Value column) {
    SmallVector<Value> place(indices);
    place[rowDim] = arith::AddIOp::create(builder, loc, indices[rowDim], row);
    if (rowDim != rank - 1)
      place.back() =
          arith::AddIOp::create(builder, loc, indices.back(), column);
    return place;
  };

  // What lies with rows in lanes is turned around on its way out.
  bool turned =
      rowsOf(tile) > 1 &&
      (vectors.contains(tile) || naturalLayout(tile) == Layout::Rows) &&
      !buffers[int(Layout::Cols)].contains(tile);
  if (turned) {
    Value buffer = materialize(tile, Layout::Rows);
    loop(index(0), rows, 1, [&](Value r) {
      loop(index(0), index(colsOf(tile)), 1, [&](Value c) {
        Value scalar =
            memref::LoadOp::create(builder, loc, buffer, ValueRange{c, r});
        memref::StoreOp::create(builder, loc, scalar, memory, placeOf(r, c));
      });
    });
    return success();
  }
  prepare(tile, Layout::Cols);
  int64_t lanes = colsOf(tile), chunk = chunkOf(tile, Layout::Cols);
  loop(index(0), rows, 1, [&](Value r) {
    loop(index(0), index(lanes), chunk, [&](Value start) {
      Memo memo;
      Value value = evaluate(tile, {Layout::Cols, r, start, chunk}, memo);
      if (chunk == 1)
        memref::StoreOp::create(
            builder, loc, vector::ExtractOp::create(builder, loc, value, 0),
            memory, placeOf(r, start));
      else
        vector::StoreOp::create(builder, loc, value, memory, placeOf(r, start));
    });
  });
  return success();
}
