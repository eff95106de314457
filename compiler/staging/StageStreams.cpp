//===- StageStreams.cpp - elements of streams to shared memory ------------===//
//
// Element e of a stream lies in slot e mod S of its rings, in round e div S.
// When element i is taken, the copies of element i + S - H start, where H
// elements are held: its slot is the one of element i - H, which everybody has
// read by then.
//
// Of a late stream slots are given back, and copies start, a little behind: in
// front of the first op that wants what the first products with the new element
// make. Who waits for these has waited for those of the element before.
//
// In a persistent kernel elements are numbered through over the CTA's items:
// element e of the n-th item has the number n * count + e. Behind the last one
// of an item comes the first one of the next item, whose addresses are computed
// by repeating what the addresses of this one were computed by.
//
// The copy engine fills rings where it can: one thread of those that share a
// ring, the CTA or a warp, tells it what to copy.
//
//===----------------------------------------------------------------------===//

#include "compiler/staging/Passes.h"
#include "compiler/staging/RepeatItem.h"
#include "compiler/staging/Uniformity.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace llsa {
#define GEN_PASS_DEF_STAGESTREAMS
#include "compiler/staging/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

static bool isConstant(Value value, int64_t expected) {
  APInt number;
  return matchPattern(value, m_ConstantInt(&number)) &&
         number.getSExtValue() == expected;
}

/// A value and a number added to it.
static std::pair<Value, int64_t> splitSum(Value value) {
  APInt number;
  if (auto sum = value.getDefiningOp<arith::AddIOp>())
    if (matchPattern(sum.getRhs(), m_ConstantInt(&number)))
      return {sum.getLhs(), number.getSExtValue()};
  return {value, 0};
}

/// The rows that do not exist are the ones behind the source's last: there are
/// `size - index`, however that is written.
static bool endsWithSource(LoadOp load) {
  if (!load.getRows())
    return true;
  int64_t dim = load.getRowDimension();
  int64_t size = cast<MemRefType>(load.getSource().getType()).getDimSize(dim);
  auto [start, behind] = splitSum(load.getIndices()[dim]);
  auto left = load.getRows().getDefiningOp<arith::SubIOp>();
  if (!left)
    return false;
  auto [from, added] = splitSum(left.getRhs());
  return from == start && isConstant(left.getLhs(), size - behind + added);
}

namespace {

/// Index arithmetic at one place of the program.
struct Numbers {
  OpBuilder &b;
  Location loc;
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value add(Value x, int64_t y) {
    return b.createOrFold<arith::AddIOp>(loc, x, constant(y));
  }
  // Elements are numbered in 32 bits, where division costs less.
  Value mod(Value x, int64_t y) { return narrow<arith::RemUIOp>(x, y); }
  Value div(Value x, int64_t y) { return narrow<arith::DivUIOp>(x, y); }
  template <typename Op> Value narrow(Value x, int64_t y) {
    Type i32 = b.getI32Type();
    APInt number;
    if (matchPattern(x, m_ConstantInt(&number)))
      return b.createOrFold<Op>(loc, x, constant(y));
    Value narrowed = arith::IndexCastUIOp::create(b, loc, i32, x);
    Value divisor = arith::ConstantIntOp::create(b, loc, i32, y);
    Value result = Op::create(b, loc, narrowed, divisor);
    return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), result);
  }
  Value less(Value x, int64_t y) {
    return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ult, x,
                                         constant(y));
  }
  Value atLeast(Value x, int64_t y) {
    return b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::uge, x,
                                         constant(y));
  }
};

class StreamStaging {
public:
  StreamStaging(KernelOp kernel, StreamOp stream, Uniformity &uniformity,
                bool mayBulk)
      : kernel(kernel), stream(stream), count(stream.getCount()),
        held(stream.getHeld()) {
    ScheduleAttr schedule = kernel.getScheduleAttr();
    scope = schedule && schedule.getWarps() > 1 && isShared(uniformity)
                ? Scope::Cta
                : Scope::Warp;
    stages = schedule ? schedule.getStages() : 1;
    if (scope == Scope::Warp && schedule && schedule.getPrivateStages() > 0)
      stages = schedule.getPrivateStages();
    stages = std::min(std::max(stages, held), count);
    loop = stream->getParentOfType<scf::ForOp>();
    if (loop && !loop->hasAttr("tile.persistent"))
      loop = {};
    bulk = mayBulk && runsOnce() && canBulk();
  }

  bool isBulk() const { return bulk; }
  /// Warps' own rings take turns in one place, and what lanes copied there the
  /// copy engine may not overwrite without a fence: all of them, or none.
  void copyByLanes() {
    if (scope == Scope::Warp)
      bulk = false;
  }

  /// Who must meet behind the barriers that were made, if any were.
  std::optional<Scope> run() {
    makeRings();
    emitFirstElements();
    SmallVector<NextOp> inOrder;
    kernel.walk([&](NextOp next) {
      if (next.getStream() == stream.getResult())
        inOrder.push_back(next);
    });
    for (NextOp next : inOrder)
      emitNext(next);
    stream.erase();
    return bulk ? std::optional(scope) : std::nullopt;
  }

private:
  bool isShared(Uniformity &uniformity) {
    for (Operation *user : stream->getUsers())
      if (!uniformity.isReachedTogether(user))
        return false;
    WalkResult walk = stream.getBody().walk([&](Operation *op) {
      bool same = true;
      if (isa<LoadOp, GatherOp>(op))
        same = uniformity.areUniform(op->getOperands());
      if (auto choice = dyn_cast<scf::IfOp>(op))
        same = uniformity.isUniform(choice.getCondition());
      return same ? WalkResult::advance() : WalkResult::interrupt();
    });
    return !walk.wasInterrupted();
  }

  /// Rounds of a slot are counted from 0 on: the stream is not in a loop.
  bool runsOnce() {
    for (Operation *parent = stream->getParentOp(); parent != kernel;
         parent = parent->getParentOp())
      if (isa<scf::ForOp>(parent) && parent != loop)
        return false;
    return true;
  }

  /// The copy engine can do all copies of the stream.
  bool canBulk() {
    for (Type type : stream.getType().getTiles()) {
      auto tile = cast<RankedTensorType>(type);
      int64_t bytes = tile.getElementTypeBitWidth() / 8;
      if (isSharedVector(tile) && tile.getDimSize(1) * bytes % 16 == 0)
        continue;
      if (bytes != 2 || !isBulkRow(tile.getDimSize(1) * bytes) ||
          tile.getDimSize(0) > 256)
        return false;
    }
    WalkResult walk = stream.getBody().walk([&](Operation *op) {
      bool can = true;
      // It knows arguments alone.
      if (auto load = dyn_cast<LoadOp>(op))
        can = isa<BlockArgument>(load.getSource()) && endsWithSource(load);
      if (auto gather = dyn_cast<GatherOp>(op)) {
        auto rows = gather.getRows().getDefiningOp<BlockRowsOp>();
        can = isa<BlockArgument>(gather.getSource()) && rows &&
              bulkRowsOf(rows) > 0;
      }
      return can ? WalkResult::advance() : WalkResult::interrupt();
    });
    return !walk.wasInterrupted();
  }

  void makeRings() {
    OpBuilder b = OpBuilder::atBlockBegin(&kernel.getBody().front());
    Location loc = stream.getLoc();
    Attribute shared = b.getI64IntegerAttr(3);
    for (Type type : stream.getType().getTiles()) {
      auto tile = cast<RankedTensorType>(type);
      auto ring = MemRefType::get(
          {stages, tile.getDimSize(0), tile.getDimSize(1)},
          tile.getElementType(), MemRefLayoutAttrInterface(), shared);
      rings.push_back(
          AllocSharedOp::create(b, loc, ring, scope, IntegerAttr()));
      bytes += cast<AllocSharedOp>(rings.back().getDefiningOp()).getSlotBytes();
    }
    if (bulk)
      barriers = AllocBarriersOp::create(
          b, loc,
          MemRefType::get({stages}, b.getI64Type(), MemRefLayoutAttrInterface(),
                          shared),
          scope, IntegerAttr());
  }

  //===--------------------------------------------------------------------===//
  // Copies of one element
  //===--------------------------------------------------------------------===//

  void emitCopy(OpBuilder &b, Operation *load, Value ring, Value slot,
                IRMapping &mapping) {
    Location loc = load->getLoc();
    SmallVector<Value> indices;
    if (auto gather = dyn_cast<GatherOp>(load)) {
      for (Value index : gather.getIndices())
        indices.push_back(mapping.lookupOrDefault(index));
      Value rows = mapping.lookupOrDefault(gather.getRows());
      if (bulk)
        BulkGatherOp::create(b, loc, gather.getSource(), indices, rows, ring,
                             slot, barriers);
      else
        GatherAsyncOp::create(b, loc, gather.getSource(), indices, rows, ring,
                              slot);
      return;
    }
    auto direct = cast<LoadOp>(load);
    for (Value index : direct.getIndices())
      indices.push_back(mapping.lookupOrDefault(index));
    if (bulk) {
      BulkCopyOp::create(b, loc, direct.getSource(), indices, ring, slot,
                         barriers);
      return;
    }
    Value rows;
    if (direct.getRows())
      rows = mapping.lookupOrDefault(direct.getRows());
    CopyAsyncOp::create(b, loc, direct.getSource(), indices, rows, ring, slot);
  }

  /// The rings that a tile goes to: keys that are values, too, go to both.
  using RingsOf = llvm::DenseMap<Value, SmallVector<Value, 2>>;

  /// Repeats a block of the stream's region; a load of a tile that `ringsOf`
  /// knows becomes copies, and results of branches become copies inside.
  void emitBlock(OpBuilder &b, Block &block, Value slot, IRMapping &mapping,
                 const RingsOf &ringsOf) {
    for (Operation &op : block.without_terminator()) {
      if (isa<LoadOp, GatherOp>(op)) {
        if (auto found = ringsOf.find(op.getResult(0));
            found != ringsOf.end()) {
          for (Value ring : found->second)
            emitCopy(b, &op, ring, slot, mapping);
          continue;
        }
      }
      auto choice = dyn_cast<scf::IfOp>(op);
      if (!choice) {
        b.clone(op, mapping);
        continue;
      }
      auto copy = scf::IfOp::create(
          b, op.getLoc(), mapping.lookupOrDefault(choice.getCondition()),
          /*withElseRegion=*/true);
      for (bool then : {true, false}) {
        Block *from = then ? choice.thenBlock() : choice.elseBlock();
        OpBuilder inside =
            then ? copy.getThenBodyBuilder() : copy.getElseBodyBuilder();
        RingsOf inner;
        for (auto [result, yielded] : llvm::zip(
                 choice.getResults(), from->getTerminator()->getOperands()))
          if (auto found = ringsOf.find(result); found != ringsOf.end())
            llvm::append_range(inner[yielded], found->second);
        emitBlock(inside, *from, slot, mapping, inner);
      }
    }
  }

  /// Element `element` of the item at hand, or of the one of CTA number `cta`.
  void emitElement(OpBuilder &b, Value element, Value slot, Value cta = {}) {
    IRMapping mapping;
    mapping.map(stream.getIndex(), element);
    if (cta) {
      SmallVector<Value> taken;
      stream.getBody().walk(
          [&](Operation *op) { llvm::append_range(taken, op->getOperands()); });
      repeatItem(b, loop, cta, std::move(taken), mapping);
    }
    RingsOf ringsOf;
    for (auto [yielded, ring] :
         llvm::zip(stream.getYield()->getOperands(), rings))
      ringsOf[yielded].push_back(ring);
    emitBlock(b, stream.getBody().front(), slot, mapping, ringsOf);
  }

  /// The same, armed: by the producer. `number` counts over all items.
  void emitBulkElement(OpBuilder &b, Value element, Value number,
                       Value cta = {}) {
    Numbers n{b, stream.getLoc()};
    Value slot = n.mod(number, stages);
    ExpectOp::create(b, n.loc, barriers, slot, n.div(number, stages), bytes);
    emitElement(b, element, slot, cta);
  }

  //===--------------------------------------------------------------------===//
  // The first elements, and each one that is taken
  //===--------------------------------------------------------------------===//

  /// Where one of the first elements is copied: there may be fewer.
  OpBuilder whereExists(OpBuilder &b, Value element) {
    if (!stream.getLength())
      return b;
    Value exists =
        arith::CmpIOp::create(b, stream.getLoc(), arith::CmpIPredicate::slt,
                              element, stream.getLength());
    return scf::IfOp::create(b, stream.getLoc(), exists, false)
        .getThenBodyBuilder();
  }

  void emitFirstElements() {
    OpBuilder b(loop ? loop.getOperation() : stream.getOperation());
    Numbers n{b, stream.getLoc()};
    Value cta = loop ? loop.getLowerBound() : Value();
    if (bulk) {
      Value producer = IsProducerOp::create(b, n.loc, scope);
      auto branch = scf::IfOp::create(b, n.loc, producer, false);
      OpBuilder inside = branch.getThenBodyBuilder();
      for (int64_t e = 0; e < ahead(); ++e) {
        Value element = Numbers{inside, n.loc}.constant(e);
        OpBuilder where = whereExists(inside, element);
        emitBulkElement(where, element, element, cta);
      }
      return;
    }
    // In a loop somebody may still read what the last time left in the rings.
    if (!runsOnce())
      BarrierOp::create(b, n.loc, scope);
    for (int64_t e = 0; e < ahead(); ++e) {
      Value element = n.constant(e);
      OpBuilder where = whereExists(b, element);
      emitElement(where, element, element, cta);
      CommitGroupOp::create(b, n.loc);
    }
  }

  /// An element that is taken, and one some steps later.
  struct Taken {
    Value number;      ///< over all items
    Value later;       ///< in its item
    Value laterNumber; ///< over all items
    Value laterExists;
    Value laterCta; ///< null: this one
  };

  Taken numbersOf(Numbers n, Value element) {
    if (!loop) {
      Value later = n.add(element, ahead());
      Value exists = stream.getLength() ? n.b.createOrFold<arith::CmpIOp>(
                                              n.loc, arith::CmpIPredicate::slt,
                                              later, stream.getLength())
                                        : n.less(later, count);
      return {element, later, later, exists, Value()};
    }
    OpBuilder &b = n.b;
    Value before = b.createOrFold<arith::MulIOp>(
        n.loc, loop.getRegionIterArg(0), n.constant(count));
    Value number = b.createOrFold<arith::AddIOp>(n.loc, before, element);
    Value later = n.add(element, ahead());
    Value inside = n.less(later, count);
    Value cta = loop.getInductionVar();
    Value next = b.createOrFold<arith::AddIOp>(n.loc, cta, loop.getStep());
    Value hasNext = b.createOrFold<arith::CmpIOp>(
        n.loc, arith::CmpIPredicate::ult, next, loop.getUpperBound());
    return {number,
            b.createOrFold<arith::SelectOp>(n.loc, inside, later,
                                            n.add(later, -count)),
            n.add(number, ahead()),
            b.createOrFold<arith::OrIOp>(n.loc, inside, hasNext),
            b.createOrFold<arith::SelectOp>(n.loc, inside, cta, next)};
  }

  /// Where elements that have been read are given back for `next`: at the
  /// latest in front of who waits for the one whose copies start there.
  Operation *placeToGiveBack(NextOp next) {
    // All elements of a step must be on their way when it begins.
    if (!stream.getLate() || ahead() < held)
      return next;
    llvm::SmallPtrSet<Value, 4> products;
    int64_t takenSince = 0;
    for (Operation *op = next; op; op = op->getNextNode()) {
      if (op != next && takesElements(op) &&
          (++takenSince == ahead() || !isa<NextOp>(op)))
        return op;
      if (isa<DotOp>(op))
        products.insert(op->getResult(0));
      else if (llvm::any_of(op->getOperands(), [&](Value operand) {
                 return products.contains(operand);
               }))
        return op;
    }
    return next;
  }

  /// Whether `op`, or what is nested in it, takes elements of this stream.
  bool takesElements(Operation *op) {
    return op
        ->walk([&](NextOp next) {
          return next.getStream() == stream.getResult()
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }

  void emitNext(NextOp next) {
    OpBuilder b(next);
    Numbers n{b, next.getLoc()};
    Taken taken = numbersOf(n, next.getElement());
    if (bulk)
      emitBulkNext(n, taken, placeToGiveBack(next));
    else
      emitAsyncNext(n, taken);
    Value slot = n.mod(taken.number, stages);
    for (auto [tile, ring] : llvm::zip(next.getTiles(), rings))
      tile.replaceAllUsesWith(
          SharedTileOp::create(b, n.loc, tile.getType(), ring, slot)
              .getResult());
    next.erase();
  }

  void emitBulkNext(Numbers n, const Taken &taken, Operation *place) {
    OpBuilder before(place);
    emitBulkLater({before, n.loc}, taken);
    AwaitOp::create(n.b, n.loc, barriers, n.mod(taken.number, stages),
                    n.div(taken.number, stages));
  }

  /// Gives a slot back, and has an element copied to where one is free.
  void emitBulkLater(Numbers n, const Taken &taken) {
    OpBuilder &b = n.b;
    Value frees = n.atLeast(taken.number, held);
    if (!isConstant(frees, 0)) {
      auto branch = scf::IfOp::create(b, n.loc, frees, false);
      OpBuilder inside = branch.getThenBodyBuilder();
      Numbers m{inside, n.loc};
      // As many steps back as are held, or ahead in the ring.
      ReleaseOp::create(inside, n.loc, barriers,
                        m.mod(m.add(taken.number, ahead()), stages));
    }
    Value producer = IsProducerOp::create(b, n.loc, scope);
    Value work =
        b.createOrFold<arith::AndIOp>(n.loc, producer, taken.laterExists);
    auto branch = scf::IfOp::create(b, n.loc, work, false);
    OpBuilder inside = branch.getThenBodyBuilder();
    emitBulkElement(inside, taken.later, taken.laterNumber, taken.laterCta);
  }

  void emitAsyncNext(Numbers n, const Taken &taken) {
    OpBuilder &b = n.b;
    if (ahead() > 0)
      WaitGroupOp::create(b, n.loc, ahead() - 1, scope);
    else
      BarrierOp::create(b, n.loc, scope);
    auto branch = scf::IfOp::create(b, n.loc, taken.laterExists, false);
    OpBuilder inside = branch.getThenBodyBuilder();
    emitElement(inside, taken.later,
                Numbers{inside, n.loc}.mod(taken.laterNumber, stages),
                taken.laterCta);
    CommitGroupOp::create(b, n.loc);
    if (ahead() == 0)
      WaitGroupOp::create(b, n.loc, 0, scope);
  }

  /// How many elements the copies are ahead of the one that is taken.
  int64_t ahead() const { return stages - held; }

  KernelOp kernel;
  StreamOp stream;
  int64_t count, held, stages;
  Scope scope;
  bool bulk;
  scf::ForOp loop; ///< of a persistent kernel; null otherwise
  SmallVector<Value> rings;
  int64_t bytes = 0; ///< of one element
  Value barriers;
};

struct StageStreams : public llsa::impl::StageStreamsBase<StageStreams> {
  using Base::Base;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    Uniformity uniformity(kernel);
    SmallVector<StreamOp> streams;
    kernel.walk([&](StreamOp stream) { streams.push_back(stream); });
    // In front of each other's allocations: from the last to the first.
    SmallVector<StreamStaging> stagings;
    for (StreamOp stream : llvm::reverse(streams))
      stagings.emplace_back(kernel, stream, uniformity, bulk);
    if (!llvm::all_of(stagings, [](const StreamStaging &staging) {
          return staging.isBulk();
        }))
      for (StreamStaging &staging : stagings)
        staging.copyByLanes();
    std::optional<Scope> meet;
    for (StreamStaging &staging : stagings)
      if (std::optional<Scope> scope = staging.run())
        meet = std::max(*scope, meet.value_or(Scope::Warp));
    if (!meet)
      return;
    Block &entry = kernel.getBody().front();
    // Loads that others wait for may start before.
    Operation *last = nullptr;
    for (Operation &op : entry)
      if (isa<AllocBarriersOp, PrefetchOp>(op))
        last = &op;
    OpBuilder b(&getContext());
    b.setInsertionPointAfter(last);
    BarrierOp::create(b, last->getLoc(), *meet);
  }
};
} // namespace
