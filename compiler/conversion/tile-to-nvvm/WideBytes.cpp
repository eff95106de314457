//===- WideBytes.cpp - rows of bytes in pieces of 8 -----------------------===//
//
// A piece has the columns of one of WideRows.cpp, so that tiles of bytes and of
// 16-bit elements meet without an exchange where columns have no order.
// Elsewhere lanes transpose pairs as there, those of two rows in one number.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/tile-to-nvvm/KernelLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace llsa;
using namespace llsa::gpu;
using namespace llsa::tile;

static constexpr int64_t kColumns = 8; ///< of a piece, a byte each

/// From a lane's columns of a fragment to those of its pieces, or back.
SmallVector<Value> KernelLowering::transposedBytes(ValueRange bytes) {
  Type i8 = builder.getI8Type(), i32Type = builder.getI32Type();
  auto quad = VectorType::get(4, i8);
  Values results(bytes.size());
  // Pieces in pairs: of two rows, or of two times 32 columns of one.
  int64_t pieces = bytes.size() / kColumns, apart = (pieces + 1) / 2;
  for (int64_t p = 0; p < apart; ++p) {
    bool isPair = p + apart < pieces;
    Values numbers;
    for (int64_t i = 0; i < kColumns; i += 2) {
      Value packed = isPair ? Value(LLVM::PoisonOp::create(builder, loc, quad))
                            : zero(quad);
      for (int64_t j = 0; j < (isPair ? 4 : 2); ++j) {
        int64_t piece = p + j / 2 * apart;
        packed = LLVM::InsertElementOp::create(
            builder, loc, packed, bytes[piece * kColumns + i + j % 2], i32(j));
      }
      numbers.push_back(LLVM::BitcastOp::create(builder, loc, i32Type, packed));
    }
    transposeQuads(numbers);
    for (int64_t i = 0; i < kColumns; i += 2) {
      Value packed =
          LLVM::BitcastOp::create(builder, loc, quad, numbers[i / 2]);
      for (int64_t j = 0; j < (isPair ? 4 : 2); ++j) {
        int64_t piece = p + j / 2 * apart;
        results[piece * kColumns + i + j % 2] =
            LLVM::ExtractElementOp::create(builder, loc, packed, i32(j));
      }
    }
  }
  return results;
}

void KernelLowering::loadWideBytes(LoadOp op) {
  TileLayout layout = wideLayoutOf(op.getResult());
  Type i8 = builder.getI8Type(), i32Type = builder.getI32Type();
  auto piece = VectorType::get(kColumns / 4, i32Type);
  // Numbers of four bytes, which are taken apart where they are used.
  Values numbers;
  for (int64_t h = 0; h < layout.halves(); ++h) {
    Value exists;
    Value row = loadedRow(op, layout, h, exists);
    Value start = atFirstColumn(row, layout, i8);
    for (int64_t c = 0; c < layout.columns(); c += kColumns) {
      Value loaded = LLVM::LoadOp::create(
          builder, loc, piece, advance(start, layout.columnBase(c)), kColumns);
      for (int64_t i = 0; i < kColumns / 4; ++i) {
        Value number =
            LLVM::ExtractElementOp::create(builder, loc, loaded, i32(i));
        number = select(exists, number, i32(0));
        numbers.push_back(LLVM::BitcastOp::create(
            builder, loc, VectorType::get(4, i8), number));
      }
    }
  }
  wideTiles[op.getResult()] = numbers;
  if (!isOrderFree(op))
    tiles[op.getResult()] = transposedBytes(elementsOf(numbers));
}

void KernelLowering::storeWideBytes(StoreOp op) {
  TileLayout layout = wideLayoutOf(op.getTile());
  auto piece = VectorType::get(kColumns, builder.getI8Type());
  Values bytes = transposedBytes(tiles[op.getTile()]);
  for (int64_t h = 0; h < layout.halves(); ++h) {
    Values pieces;
    for (int64_t c = 0; c < layout.columns(); c += kColumns) {
      Value stored = LLVM::PoisonOp::create(builder, loc, piece);
      for (int64_t i = 0; i < kColumns; ++i)
        stored = LLVM::InsertElementOp::create(
            builder, loc, stored, bytes[layout.indexOf(h, c + i)], i32(i));
      pieces.push_back(stored);
    }
    storeRow(op, layout, h, [&](Value start) {
      for (auto [i, stored] : llvm::enumerate(pieces))
        LLVM::StoreOp::create(builder, loc, stored,
                              advance(start, layout.columnBase(i * kColumns)),
                              kColumns);
    });
  }
}
