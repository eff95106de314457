//===- AllocateShared.cpp - places of rings in shared memory --------------===//

#include "compiler/staging/Passes.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

namespace llsa {
#define GEN_PASS_DEF_ALLOCATESHARED
#include "compiler/staging/Passes.h.inc"
} // namespace llsa

using namespace mlir;
using namespace llsa;
using namespace llsa::tile;

namespace {
/// A ring and the ops of the kernel's outermost block between which it lives.
struct Ring {
  AllocSharedOp op;
  int64_t bytes = 0, offset = 0;
  int64_t first = -1, last = -1;
  Operation *firstUse = nullptr;
};

struct AllocateShared : public llsa::impl::AllocateSharedBase<AllocateShared> {
  using Base::Base;

  void runOnOperation() override {
    KernelOp kernel = getOperation();
    int64_t warps =
        kernel.getScheduleAttr() ? kernel.getScheduleAttr().getWarps() : 1;
    SmallVector<Ring> rings = findRings(kernel, warps);
    int64_t total = place(rings);
    // Barriers live as long as the kernel does.
    Builder b(&getContext());
    for (auto barriers : kernel.getBody().front().getOps<AllocBarriersOp>()) {
      barriers.setOffsetAttr(b.getI64IntegerAttr(total));
      total += barriers.getBytes() *
               (barriers.getScope() == Scope::Warp ? warps : 1);
    }
    if (total > limit) {
      InFlightDiagnostic error = kernel.emitOpError()
                                 << "needs " << total
                                 << " bytes of shared memory, but a CTA may "
                                    "have "
                                 << limit.getValue();
      for (Ring &ring : rings)
        error.attachNote(ring.op.getLoc())
            << "a ring of " << ring.bytes
            << " bytes in all: " << ring.op.getRing().getType() << ", scope "
            << stringifyScope(ring.op.getScope());
      return signalPassFailure();
    }
    for (Ring &ring : rings)
      ring.op.setOffsetAttr(b.getI64IntegerAttr(ring.offset));
    kernel->setAttr("tile.shared_bytes", b.getI64IntegerAttr(total));
    separate(rings);
  }

  static bool waits(Operation &op) {
    return op
        .walk([](Operation *inner) {
          return isa<WaitGroupOp>(inner) ? WalkResult::interrupt()
                                         : WalkResult::advance();
        })
        .wasInterrupted();
  }

  static SmallVector<Ring> findRings(KernelOp kernel, int64_t warps) {
    Block &body = kernel.getBody().front();
    llvm::DenseMap<Operation *, int64_t> number;
    for (Operation &op : body)
      number.try_emplace(&op, number.size());
    SmallVector<Ring> rings;
    for (auto alloc : body.getOps<AllocSharedOp>()) {
      Ring ring{alloc};
      bool isPrivate = alloc.getScope() == Scope::Warp;
      ring.bytes = alloc.getRingBytes() * (isPrivate ? warps : 1);
      int64_t lastRead = -1;
      for (Operation *user : alloc->getUsers()) {
        Operation *top = body.findAncestorOpInBlock(*user);
        int64_t at = number.lookup(top);
        if (ring.first < 0 || at < ring.first) {
          ring.first = at;
          ring.firstUse = top;
        }
        if (isa<SharedTileOp>(user)) { // read by those that take the tile
          for (Operation *reader : user->getUsers())
            at = std::max(
                at, number.lookup(body.findAncestorOpInBlock(*reader)));
          lastRead = std::max(lastRead, at);
        }
        ring.last = std::max(ring.last, at);
      }
      // Copies that nobody reads run until they are waited for.
      if (lastRead < ring.last)
        for (Operation &op : body)
          if (number.lookup(&op) > ring.last && waits(op)) {
            ring.last = number.lookup(&op);
            break;
          }
      rings.push_back(ring);
    }
    llvm::stable_sort(
        rings, [](const Ring &a, const Ring &b) { return a.first < b.first; });
    return rings;
  }

  /// First fit, in the order of first uses; returns the end of the last ring.
  static int64_t place(MutableArrayRef<Ring> rings) {
    int64_t total = 0;
    for (size_t i = 0; i < rings.size(); ++i) {
      Ring &ring = rings[i];
      bool moved = true;
      while (moved) {
        moved = false;
        for (Ring &other : rings.take_front(i))
          if (other.last >= ring.first &&
              other.offset < ring.offset + ring.bytes &&
              ring.offset < other.offset + other.bytes) {
            ring.offset = llvm::alignTo(other.offset + other.bytes,
                                        ring.op.getAlignment());
            moved = true;
          }
      }
      total = std::max(total, ring.offset + ring.bytes);
    }
    return total;
  }

  /// A barrier of the CTA before a ring takes an earlier one's place, also where
  /// the CTA is one warp: its lanes may part.
  static void separate(ArrayRef<Ring> rings) {
    llvm::DenseMap<Operation *, bool> done;
    for (size_t i = 0; i < rings.size(); ++i) {
      const Ring &ring = rings[i];
      bool overlaps = llvm::any_of(rings.take_front(i), [&](const Ring &other) {
        return other.last < ring.first &&
               other.offset < ring.offset + ring.bytes &&
               ring.offset < other.offset + other.bytes;
      });
      if (!overlaps || done[ring.firstUse])
        continue;
      done[ring.firstUse] = true;
      OpBuilder b(ring.firstUse);
      BarrierOp::create(b, ring.firstUse->getLoc(), Scope::Cta);
    }
  }
};
} // namespace
