//===- Pool.cpp - block means, all tensors and levels in one launch -------===//
//
// A launch holds chains of pools: q -> q1 -> q2, k -> k1 -> k2, ... A work item
// is one token of a chain's last level with all that lies under it: it reads
// its block^levels tokens of level 0 once, and stores the means of every level
// on the way. A higher level averages the *rounded* means below it, as if it
// had read them back from memory. As many blocks of level 0 as the schedule has
// stages are loaded before the first is averaged.
//
//===----------------------------------------------------------------------===//

#include "compiler/conversion/llsa-to-tile/Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llsa;

/// Pools from the input upward, each the input of the next.
using Chain = SmallVector<PoolOp>;

static RankedTensorType resultOf(PoolOp pool) {
  return tensorOf(pool.getResult());
}

/// One chain per pool that no other pool of the launch reads.
static SmallVector<Chain> findChains(ArrayRef<PoolOp> pools) {
  SmallVector<Chain> chains;
  for (PoolOp last : pools) {
    bool isInput = llvm::any_of(pools, [&](PoolOp pool) {
      return pool.getInput() == last.getResult();
    });
    if (isInput)
      continue;
    Chain &chain = chains.emplace_back();
    for (PoolOp pool = last; pool;
         pool = pool.getInput().getDefiningOp<PoolOp>()) {
      if (!llvm::is_contained(pools, pool))
        break;
      chain.insert(chain.begin(), pool);
    }
  }
  return chains;
}

/// Whether two chains differ by their buffers alone.
static bool areAlike(HostBuilder &host, const Chain &a, const Chain &b) {
  auto typeOf = [&](Value tensor) {
    Value buffer = host.bufferOf(tensor);
    return buffer ? buffer.getType() : Type();
  };
  if (a.size() != b.size() || typeOf(PoolOp(a.front()).getInput()) !=
                                  typeOf(PoolOp(b.front()).getInput()))
    return false;
  return llvm::all_of(llvm::zip(a, b), [&](auto pair) {
    PoolOp x = std::get<0>(pair), y = std::get<1>(pair);
    return x.getBlock() == y.getBlock() && resultOf(x) == resultOf(y) &&
           typeOf(x.getResult()) == typeOf(y.getResult());
  });
}

/// Chains that share one code.
using Group = SmallVector<Chain>;

/// Chains with a pool in common stay apart: the first one stores its result.
static SmallVector<Group> groupAlike(HostBuilder &host,
                                     ArrayRef<Chain> chains) {
  llvm::DenseMap<Operation *, unsigned> uses;
  for (const Chain &chain : chains)
    for (PoolOp pool : chain)
      ++uses[pool];
  auto isApart = [&](const Chain &chain) {
    return llvm::all_of(chain, [&](PoolOp pool) { return uses[pool] == 1; });
  };
  SmallVector<Group> groups;
  for (const Chain &chain : chains) {
    auto found = llvm::find_if(groups, [&](const Group &group) {
      return isApart(chain) && isApart(group.front()) &&
             areAlike(host, chain, group.front());
    });
    if (found == groups.end())
      groups.push_back({chain});
    else
      found->push_back(chain);
  }
  return groups;
}

/// Parts of a token's columns, `cols` for each if that is possible.
static int64_t partsOf(const Chain &chain, int64_t cols) {
  int64_t depth = resultOf(chain.back()).getDimSize(kDepth);
  return depth % cols == 0 ? depth / cols : 1;
}

static int64_t itemsOf(const Chain &chain, int64_t cols) {
  RankedTensorType last = resultOf(chain.back());
  return last.getDimSize(kBatch) * last.getDimSize(kHead) *
         last.getDimSize(kToken) * partsOf(chain, cols);
}

namespace {
class PoolLowering {
public:
  PoolLowering(KernelBuilder &k, tile::ScheduleAttr schedule, bool fullApart)
      : k(k), cols(schedule.getCols()), together(schedule.getStages()),
        fullApart(fullApart) {}

  /// The first of `groups` when the item lies in it, else the ones behind.
  /// `item` counts from the first group's first item.
  void emit(ArrayRef<Group> groups, Value item) {
    const Group &group = groups.front();
    int64_t count = itemsOf(group.front(), cols),
            all = count * int64_t(group.size());
    auto emitGroup = [&] {
      choose(group, k.div(item, count));
      emitChain(group.front(), group.size() > 1 ? k.rem(item, count) : item);
    };
    if (groups.size() == 1)
      return emitGroup();
    Value inside = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::ult,
                                         item, k.index(all));
    auto choice =
        scf::IfOp::create(k.b, k.loc, inside, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPoint(choice.thenYield());
    emitGroup();
    k.b.setInsertionPoint(choice.elseYield());
    emit(groups.drop_front(), k.sub(item, k.index(all)));
  }

private:
  /// Sets `memories` to those of chain `number` of `group`, for the first
  /// chain's tensors.
  void choose(const Group &group, Value number) {
    auto chooseOne = [&](llvm::function_ref<Value(const Chain &)> tensorOf) {
      SmallVector<Value> each;
      for (const Chain &chain : group)
        each.push_back(k.buffer(tensorOf(chain)));
      Value chosen = each.back();
      for (size_t i = each.size() - 1; i-- > 0;)
        chosen = arith::SelectOp::create(
            k.b, k.loc, k.isLess(number, k.index(i + 1)), each[i], chosen);
      memories[tensorOf(group.front())] = chosen;
    };
    chooseOne([](const Chain &c) { return PoolOp(c.front()).getInput(); });
    for (size_t level = 0; level < group.front().size(); ++level)
      if (k.isWanted(PoolOp(group.front()[level]).getResult()))
        chooseOne([&](const Chain &c) { return PoolOp(c[level]).getResult(); });
  }

  /// Item `item` of a chain.
  void emitChain(const Chain &chain, Value item) {
    RankedTensorType last = resultOf(chain.back());
    int64_t parts = partsOf(chain, cols);
    int64_t heads = last.getDimSize(kHead), tokens = last.getDimSize(kToken);
    width = last.getDimSize(kDepth) / parts;
    column = k.mul(k.rem(item, parts), width);
    Value token = k.div(item, parts);
    Value bh = k.div(token, tokens);
    batch = k.div(bh, heads);
    head = k.rem(bh, heads);
    meanOf(chain, k.rem(token, tokens));
    for (PoolOp pool : chain)
      stored.insert(pool);
  }

  /// mean(), with a branch for tokens under which no block ends early, if these
  /// are to be apart.
  void meanOf(ArrayRef<PoolOp> chain, Value i) {
    int64_t span = 1;
    bool isRagged = false;
    for (PoolOp pool : chain) {
      span *= pool.getBlock();
      isRagged |=
          tensorOf(pool.getInput()).getDimSize(kToken) % pool.getBlock() != 0;
    }
    if (!fullApart || !isRagged) {
      mean(chain, i, /*isFull=*/false);
      return;
    }
    int64_t tokens =
        tensorOf(PoolOp(chain.front()).getInput()).getDimSize(kToken);
    auto choice =
        scf::IfOp::create(k.b, k.loc, k.isLess(i, k.index(tokens / span)),
                          /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPoint(choice.thenYield());
    mean(chain, i, /*isFull=*/true);
    k.b.setInsertionPoint(choice.elseYield());
    mean(chain, i, /*isFull=*/false);
  }

  /// Stores token `i` of the last pool in `chain` and all under it; returns
  /// the item's columns of the stored (rounded) token, f32. `isFull`: no block
  /// under it ends early.
  Value mean(ArrayRef<PoolOp> chain, Value i, bool isFull) {
    PoolOp pool = chain.back();
    Value count = countUnder(pool, i, isFull);
    if (chain.size() == 1)
      return store(pool, i, sumUnder(load(pool, i, count)), count);
    ArrayRef<PoolOp> below = chain.drop_back();
    int64_t block = pool.getBlock();
    // Several tiles are loaded before the first is summed, where all are full.
    int64_t step = 1;
    if (below.size() == 1 && !count && block % together == 0 &&
        isFullBelow(below.back(), isFull))
      step = together;
    Value first = k.mul(i, block), zero = k.splat(0.0, {1, width});
    Value sum = k.loop(k.index(0), count ? count : k.index(block), step, zero,
                       [&](Value c, ValueRange carried) {
                         Value child = k.add(first, c);
                         if (step == 1)
                           return TileBuilder::Values{k.apply<arith::AddFOp>(
                               carried[0], mean(below, child, isFull))};
                         return TileBuilder::Values{
                             addMeans(below.back(), child, step, carried[0])};
                       })[0];
    return store(pool, i, sum, count);
  }

  /// `sum` and the means of `count` tokens from `first` on, with whole blocks
  /// under them, all of which are loaded at once.
  Value addMeans(PoolOp pool, Value first, int64_t count, Value sum) {
    SmallVector<Value> tokens, tiles;
    for (int64_t t = 0; t < count; ++t) {
      tokens.push_back(k.add(first, k.index(t)));
      tiles.push_back(load(pool, tokens.back(), Value()));
    }
    for (auto [token, tile] : llvm::zip(tokens, tiles))
      sum = k.apply<arith::AddFOp>(sum,
                                   store(pool, token, sumUnder(tile), Value()));
    return sum;
  }

  static bool isFullBelow(PoolOp pool, bool isFull) {
    return isFull ||
           tensorOf(pool.getInput()).getDimSize(kToken) % pool.getBlock() == 0;
  }

  /// Tokens under token `i`; null: a whole block.
  Value countUnder(PoolOp pool, Value i, bool isFull) {
    if (isFullBelow(pool, isFull))
      return {};
    int64_t block = pool.getBlock();
    int64_t tokens = tensorOf(pool.getInput()).getDimSize(kToken);
    return k.min(k.index(block), k.sub(k.index(tokens), k.mul(i, block)));
  }

  Value load(PoolOp pool, Value i, Value count) {
    int64_t block = pool.getBlock();
    return k.load(memories.lookup(pool.getInput()),
                  {batch, head, k.mul(i, block), column}, {block, width},
                  count);
  }

  Value sumUnder(Value tile) { return k.sumRows(k.toF32(tile)); }

  /// The mean of token `i`, stored if it is wanted, rounded.
  Value store(PoolOp pool, Value i, Value sum, Value count) {
    Value mean = divide(sum, count, pool.getBlock());
    Value rounded = k.fromF32(mean, tensorOf(pool.getInput()).getElementType());
    if (k.isWanted(pool.getResult()) && !stored.contains(pool))
      k.store(rounded, memories.lookup(pool.getResult()),
              {batch, head, i, column});
    return k.toF32(rounded);
  }

  Value divide(Value sum, Value count, int64_t block) {
    // The reciprocal of a power of two is exact.
    if (!count && llvm::isPowerOf2_64(block))
      return k.apply<arith::MulFOp>(sum, k.splat(1.0 / block, {}));
    if (!count)
      return k.apply<arith::DivFOp>(sum, k.splat(block, {}));
    TileSize size = sizeOf(sum);
    Value number =
        arith::SIToFPOp::create(k.b, k.loc, k.tileType(size, k.b.getF32Type()),
                                k.repeated(count, size));
    return k.apply<arith::DivFOp>(sum, number);
  }

  KernelBuilder &k;
  int64_t cols;      ///< that an item should do
  int64_t together;  ///< tiles that it loads at once
  int64_t width = 0; ///< that it does
  bool fullApart;    ///< tokens of full blocks have code of their own
  Value batch, head, column;
  llvm::DenseMap<Value, Value> memories; ///< by tensor
  /// Pools whose results an earlier chain stores.
  llvm::SetVector<Operation *> stored;
};
} // namespace

LogicalResult llsa::lowerPool(const LaunchContext &context,
                              ArrayRef<PoolOp> pools) {
  SmallVector<Chain> chains = findChains(pools);
  LaunchOp launch = context.launch;
  int64_t cols = context.schedule.getCols(), items = 0;
  for (const Chain &chain : chains)
    items += itemsOf(chain, cols);
  KernelBuilder k(context.host, launch.getLoc(), launch.getName(), {items},
                  context.schedule);
  PoolLowering(k, context.schedule, /*fullApart=*/context.streams)
      .emit(groupAlike(context.host, chains), k.item()[0]);
  k.finish(launch);
  return success();
}
