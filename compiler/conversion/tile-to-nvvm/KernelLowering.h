//===- KernelLowering.h - one tile kernel to code for a lane ----*- C++ -*-===//
//
// The result is what one lane of one warp does. A tile is the list of values
// that the lane holds of it, in TileLayout's order; a staged tile is an address
// in shared memory.
//
// Shared memory
// =============
//
// Addresses are i32. A slot holds a tile of R rows and C columns as **panels**
// of up to 128 bytes of columns, row by row within a panel, in chunks of 16
// bytes. ldmatrix reads the same chunk of eight consecutive rows at once; so
// that these lie in different banks, chunk c of row r of a panel lies in place
// `c xor s(r)`, with s taking as many values as the panel has chunks
// (SlotLayout). That is also how the copy engine swizzles, and what wgmma
// reads.
//
// Products in flight
// ==================
//
// A product by wgmma starts where its tile.dot stands and is waited for where
// its result is first used, where a slot that it may read is given back, and at
// the end of a block at the latest: what stands between runs meanwhile. Where a
// loop gives slots back behind its first product (a late stream), what it
// carries to its next step stays in flight until then.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_COMPILER_CONVERSION_TILETONVVM_KERNELLOWERING_H
#define LLSA_COMPILER_CONVERSION_TILETONVVM_KERNELLOWERING_H

#include "compiler/conversion/tile-to-nvvm/Hopper.h"
#include "compiler/conversion/tile-to-nvvm/Nvvm.h"
#include "compiler/conversion/tile-to-nvvm/TileLayout.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace llsa::gpu {

/// Where the elements of a slot lie.
struct SlotLayout {
  int64_t rows, panelBytes;
  int64_t chunks;      ///< of a panel's row
  int64_t mask, shift; ///< chunk c of row r: `c xor ((r >> shift) & mask)`
  explicit SlotLayout(mlir::MemRefType ring);
  SlotLayout(int64_t rows, int64_t rowBytes);
  int64_t panelStride() const { return rows * panelBytes; }
  /// Rows of panels lie at multiples of their size, a power of two: bits of an
  /// address that name a chunk can be changed by themselves.
  bool isAligned() const { return llvm::isPowerOf2_64(panelBytes); }
};

class KernelLowering {
  static constexpr int64_t kLanes = 32; ///< of a warp

public:
  KernelLowering(tile::KernelOp kernel, bool dependentLaunch);

  /// Makes the function in front of the kernel; the kernel stays.
  mlir::FailureOr<mlir::func::FuncOp> run();

private:
  using Value = mlir::Value;
  using Values = llvm::SmallVector<Value>;

  // KernelLowering.cpp: the frame.
  mlir::func::FuncOp createFunction();
  void emitLaneNumbers();
  void setLane(Value number);
  void waitForKernelBefore();
  Value groupOf(Value cta);
  /// This warp's work item of CTA number `cta` (i32).
  Values workItemOf(Value cta);
  /// The kernel has no tiles: one lane does the work.
  bool isScalarKernel();

  // Control.cpp
  /// `stay`: what may be in flight at the end.
  mlir::LogicalResult lowerBlock(mlir::Block &block,
                                 llvm::ArrayRef<Value> stay = {});
  mlir::LogicalResult lowerOp(mlir::Operation &op);
  mlir::LogicalResult lowerFor(mlir::Operation &op);
  mlir::LogicalResult lowerIf(mlir::Operation &op);
  mlir::LogicalResult lowerRegion(mlir::Block &from, mlir::Block &to,
                                  llvm::ArrayRef<Value> stay = {});
  mlir::LogicalResult lowerScalar(mlir::Operation &op);
  /// The values that stand for a value: a tile's, or the one it is mapped to.
  Values valuesOf(Value value);
  void setValues(Value value, mlir::ValueRange values);
  llvm::SmallVector<mlir::Type> typesOf(mlir::Type type);

  // Elementwise.cpp
  static bool isElementwise(mlir::Operation &op);
  mlir::LogicalResult lowerElementwise(mlir::Operation &op);
  mlir::LogicalResult lowerConstant(mlir::Operation &op);
  Value applyScalar(mlir::Operation &op, mlir::ValueRange operands,
                    mlir::Type type);
  void lowerCall(tile::CallOp op);
  void lowerBroadcast(tile::BroadcastOp op);
  void lowerRange(tile::RangeOp op);
  void lowerTranspose(tile::TransposeOp op);
  void lowerAny(tile::AnyOp op);

  // Reduce.cpp
  void lowerReduce(tile::ReduceOp op);

  // Topk.cpp, TopkSorted.cpp
  friend class TopkEmitter;
  mlir::LogicalResult lowerTopk(tile::TopkOp op);

  // InvertRows.cpp
  friend class InvertRowsEmitter;
  mlir::LogicalResult lowerInvertRows(tile::InvertRowsOp op);

  // ScatterAdd.cpp
  friend class ScatterAddEmitter;
  void lowerScatterAdd(tile::ScatterAddOp op);

  // Memory.cpp
  mlir::LogicalResult lowerLoad(tile::LoadOp op);
  mlir::LogicalResult lowerStore(tile::StoreOp op);
  mlir::LogicalResult lowerLookup(tile::LookupOp op);
  void lowerBlockRows(tile::BlockRowsOp op);
  void lowerMemrefLoad(mlir::Operation &op);
  void lowerMemrefStore(mlir::Operation &op);
  void lowerPrefetch(tile::PrefetchOp op);
  void lowerSharedTile(tile::SharedTileOp op);
  /// From an address in shared memory (i32).
  Value sharedPointer(Value address);
  /// Elements that lie behind each other, aligned to what they take together.
  Values loadShared(Value address, mlir::Type element, int64_t count);
  struct BlockRow {
    Value row;    ///< any number where there is none
    Value exists; ///< i1
  };
  /// The row that column `column` (i32) of the op's result names.
  BlockRow findBlockRow(tile::BlockRowsOp op, Value column);
  /// The same, or -1.
  Value blockRow(tile::BlockRowsOp op, Value column);
  /// The columns of the op's result that this lane holds.
  Values blockRows(tile::BlockRowsOp op);
  /// The same, read and computed here, so that nothing is kept until then.
  Values blockRowsAgain(tile::BlockRowsOp op);
  /// Entry number `number` (index) of those that the op reads; -1 behind the
  /// index row's end.
  Value blockEntry(tile::BlockRowsOp op, Value number);
  /// Elements that one access of a tile's columns takes.
  int64_t accessWidth(const TileLayout &layout, Value memory,
                      mlir::ValueRange indices, int64_t rowDim);
  /// The address of the row of half `half` that this lane loads, and whether it
  /// exists (null: always).
  Value loadedRow(tile::LoadOp op, const TileLayout &layout, int64_t half,
                  Value &exists);
  /// Calls `store` with the address of the first column that this lane stores
  /// of half `half`, in a branch where not all lanes do.
  void storeRow(tile::StoreOp op, const TileLayout &layout, int64_t half,
                llvm::function_ref<void(Value start)> store);
  /// The address of this lane's first column of `row`.
  Value atFirstColumn(Value row, const TileLayout &layout, mlir::Type element);

  // WideRows.cpp: rows in pieces of 16 bytes.
  TileLayout wideLayoutOf(Value tile);
  bool isWide(Value tile, Value memory, mlir::ValueRange indices,
              int64_t rowDim);
  bool isWide(tile::LoadOp op);
  bool isWide(tile::StoreOp op);
  void transposeQuads(llvm::MutableArrayRef<Value> numbers);
  void loadWide(tile::LoadOp op);
  void storeWide(tile::StoreOp op);
  void findOrderFree();
  /// The order of columns matters to nobody who uses it.
  bool isOrderFree(tile::LoadOp op);

  // WideBytes.cpp: the same of bytes, in pieces of 8.
  void loadWideBytes(tile::LoadOp op);
  void storeWideBytes(tile::StoreOp op);
  Values transposedBytes(mlir::ValueRange bytes);

  // Address.cpp
  /// A pointer into the global memory of a memref, at these indices.
  Value addressOf(Value memory, mlir::ValueRange indices);
  Value strideOf(Value memory, int64_t dim);
  /// One of two memories of the same type.
  void chooseMemory(mlir::arith::SelectOp op);
  Value advance(Value pointer, Value bytes);
  Value advance(Value pointer, int64_t bytes);
  /// The columns of a box of a ring, and the bytes of its rows.
  static int64_t boxColumns(mlir::MemRefType ring);

  // Copies.cpp: to shared memory.
  void lowerCopyAsync(tile::CopyAsyncOp op);
  mlir::LogicalResult lowerGatherAsync(tile::GatherAsyncOp op);
  /// Starts to copy rows, `stride` bytes apart, from `start` to a slot: the
  /// first `rows` (null: all) and zeros behind them, where nothing is read, but
  /// `elsewhere` is named; or `size` of every 16 bytes (null: all).
  void copyRun(Value ring, Value slot, Value start, Value stride, Value rows,
               Value elsewhere, Value size);
  /// The rows of one block, which exists as a whole or not.
  void copyBlock(tile::GatherAsyncOp op, tile::BlockRowsOp rows, Value start,
                 Value stride);
  void lowerWaitGroup(tile::WaitGroupOp op);
  void lowerBarrier(tile::Scope scope);
  /// In units of `unit` bytes, a power of two that divides slots and offsets.
  /// What does not depend on the slot is computed apart, outside of loops.
  Value slotAddress(Value ring, Value slot, int64_t unit = 1);
  /// Lanes that copy a slot of a ring together.
  int64_t copiersOf(Value ring);
  /// Rows between two chunks of a lane, if those of a lane are one column; else
  /// 0.
  int64_t rowsApart(Value ring);
  /// Calls `copy(row, chunk, destination)` for the chunks of a slot that this
  /// lane copies.
  void forEachChunk(
      Value ring, Value slot,
      llvm::function_ref<void(Value row, Value chunk, Value destination)> copy);

  // Dot.cpp
  mlir::LogicalResult lowerDot(tile::DotOp op);
  /// Right elements that a product takes; 0 stands for the others.
  enum class Right { All, Finite };
  /// Adds the product by mma.sync to `acc`.
  void multiply(tile::DotOp op, Value base, Values &acc, Right right);
  void multiply16(tile::DotOp op, Value base, Values &acc, Right right);
  void multiplyF32(tile::DotOp op, Value base, Values &acc, Right right);
  Value finitePair(Value pair, mlir::Type element);
  /// The right operand's fragment of 16 columns and 16 rows of depth, as far as
  /// they exist: {b0, b1} per 8 columns.
  llvm::SmallVector<Values> rightFragments(tile::DotOp op, Value base,
                                           int64_t columns16, int64_t depth16);
  /// One element of a right operand, read by itself.
  Value rightElement(Value base, const SlotLayout &layout, mlir::Type element,
                     Value row, Value col);

  // SkippedPairs.cpp
  /// Undoes what pairs that do not count did to a product: `before` is its
  /// accumulator, `after` its result.
  Values withoutSkipped(tile::DotOp op, Value base, mlir::ValueRange before,
                        mlir::ValueRange after);
  Value shuffled(Value x, Value from);
  Values addInfinite(tile::DotOp op, Value base, mlir::ValueRange acc);

  // GroupDot.cpp: products of four warps.
  bool isGroupDot(tile::DotOp op);
  void startGroupDot(tile::DotOp op);
  /// Waits if `op` uses a result that is in flight, or must come after it.
  void settleBefore(mlir::Operation &op);
  bool mustSettleBefore(mlir::Operation &op);
  /// The results of a loop that are in flight at each step's end.
  llvm::SmallVector<unsigned> resultsInFlight(mlir::Operation &loop);
  void settle();
  /// At the end of a block, for what it made; see Hopper::keep.
  void keepLeftOperands(mlir::Block &block);

  // BulkCopies.cpp: the copy engine.
  void lowerAllocBarriers(tile::AllocBarriersOp op);
  void lowerExpect(tile::ExpectOp op);
  /// i1: this thread is the one that starts copies.
  Value isProducer(tile::Scope scope);
  void lowerAwait(tile::AwaitOp op);
  void lowerRelease(tile::ReleaseOp op);
  void lowerBulkCopy(tile::BulkCopyOp op);
  void lowerBulkGather(tile::BulkGatherOp op);
  Value rowOrOutside(tile::BulkGatherOp op, tile::BlockRowsOp rows, int64_t row,
                     int64_t count);
  void copyPanels(Value ring, Value to, Value source, mlir::ValueRange at,
                  int64_t rows, Value full);
  Value fullBarrier(Value barriers, Value slot);
  Value freeBarrier(Value barriers, Value slot);
  /// Boxes of tensors that bulk copies move, in the order of arguments.
  struct View {
    Value memory;
    int64_t rows, cols;
    Value map; ///< the argument
  };
  void findViews();
  View &viewOf(Value memory, int64_t rows, int64_t cols);

  // Tiles.
  mlir::RankedTensorType tileOf(Value value);
  TileLayout layoutOf(Value tile);
  /// Single elements, pairs taken apart.
  Values elementsOf(Value tile);
  /// The same, as `op` takes them: see `orderFree`.
  Values elementsFor(mlir::Operation &op, Value tile);
  Values elementsOf(mlir::ValueRange values);
  void setElements(Value tile, Values elements);
  /// The row of half `h`, and the column number `c` of this lane (i32).
  Value rowOf(int64_t half);
  Value columnOf(const TileLayout &layout, int64_t c);
  /// i1: this lane's column `c` (row of half `h`) exists; null: always.
  Value columnExists(const TileLayout &layout, int64_t c);
  Value rowExists(const TileLayout &layout, int64_t h);

  // Lanes.
  /// A bit (of an i32) for each lane below this one.
  Value lanesBelow();
  /// A bit for each lane that `takes` part with the same `key`, which is not
  /// negative; for one that does not take part, its own alone.
  Value lanesAt(Value key, Value takes);

  // Small helpers.
  Value index(int64_t value);
  Value i32(int64_t value);
  Value zero(mlir::Type type);
  Value toIndex(Value i32Value);
  Value toI32(Value indexValue);
  Value add(Value x, Value y);
  Value mul(Value x, Value y);
  Value less(Value x, Value y);
  Value select(Value condition, Value x, Value y);
  Value both(Value x, Value y); ///< null: true
  /// `body` in a branch when `condition` is not null.
  void when(Value condition, llvm::function_ref<void()> body);
  Value mapped(Value value) { return mapping.lookupOrDefault(value); }
  Values mapped(mlir::ValueRange values);

  tile::KernelOp kernel;
  int64_t warps;
  LaneGrid grid;
  bool dependentLaunch;
  /// All floats in memory are float32: approximations that are good enough for
  /// 16 bits are not.
  bool isPrecise;
  mlir::OpBuilder builder;
  mlir::Location loc;
  Nvvm nvvm;
  Hopper hopper;

  Value thread, lane, warp;
  Value rowInHalf, laneInRow; ///< g and t of TileLayout.h
  Value sharedMemory;         ///< i32

  mlir::IRMapping mapping;             ///< values that are not tiles
  llvm::DenseMap<Value, Values> tiles; ///< in registers
  /// What was loaded in pieces of 16 bytes, as it was loaded, beside `tiles` or
  /// instead; and the ops that take it so, as for them columns have no order.
  llvm::DenseMap<Value, Values> wideTiles;
  llvm::SetVector<mlir::Operation *> orderFree;
  llvm::DenseMap<Value, Value> staged; ///< in shared memory: addresses
  struct Memory {
    Value pointer;
    Values strides; ///< index, one per dimension
  };
  llvm::DenseMap<Value, Memory> memories;
  llvm::SmallVector<View> views;
  llvm::SmallVector<Value> inFlight;   ///< results of group dots
  llvm::SetVector<Value> leftOperands; ///< of group dots
};

} // namespace llsa::gpu

#endif // LLSA_COMPILER_CONVERSION_TILETONVVM_KERNELLOWERING_H
