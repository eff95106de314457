//===- AttendStreams.cpp - segments as streams, two at a time -------------===//

#include "compiler/conversion/llsa-to-tile/AttendStreams.h"
#include "dialects/tile/TileOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llsa;

namespace {

/// Segments that one ring serves, and how far they have been taken.
struct Stream {
  bool shared;
  int64_t width;
  SmallVector<const Segment *> segments; ///< those that may pair first
  Value value;        ///< the tile.stream; null: not yet made
  int64_t held = 1;   ///< elements that a step takes at most
  bool late = false;  ///< its sums are in flight at a step's end
  size_t current = 0; ///< the segment at hand
  int64_t within = 0; ///< steps taken of it
  int64_t taken = 0;  ///< of the whole stream

  bool isDone() const { return current == segments.size(); }
  const Segment &segment() const { return *segments[current]; }
  int64_t left() const { return segment().steps - within; }
  bool mayPair() const { return !isDone() && segment().mayPair; }
  int64_t steps() const {
    return count([](const Segment &) { return true; });
  }
  int64_t pairSteps() const {
    return count([](const Segment &segment) { return segment.mayPair; });
  }
  int64_t count(llvm::function_ref<bool(const Segment &)> counts) const {
    int64_t sum = 0;
    for (const Segment *segment : segments)
      sum += counts(*segment) ? segment->steps : 0;
    return sum;
  }
  /// With those of the segments behind that differ by their keys' weight alone:
  /// plain ones.
  int64_t alikeLeft() const {
    int64_t steps = left();
    for (size_t i = current + 1;
         i < segments.size() && segment().plain && segments[i]->plain; ++i)
      steps += segments[i]->steps;
    return steps;
  }
  void advance(int64_t steps) {
    taken += steps;
    within += steps;
    while (!isDone() && left() <= 0) {
      within -= segment().steps;
      ++current;
    }
  }
};

class StreamWalk {
public:
  StreamWalk(KernelBuilder &k, AttendSources &sources, AttendUpdate first,
             AttendUpdate update, StepOptions options)
      : k(k), sources(sources), first(first), update(update), options(options) {
  }

  TileBuilder::Values run(ArrayRef<Segment> segments,
                          TileBuilder::Values state) {
    streams = group(segments);
    Stream *shared = firstOf(true), *own = firstOf(false);
    if (options.most != StepTakes::One && shared && own &&
        shared->pairSteps() > 0 && own->pairSteps() > 0)
      state = takeTogether(*shared, *own, std::move(state));
    for (Stream &stream : streams)
      while (!stream.isDone())
        state = take(stepsOfALoop(stream), {&stream}, std::move(state));
    return state;
  }

private:
  /// What the shared stream has more than the other one comes first, of dense
  /// segments if there are any: these wait for no index row, and the other
  /// stream's first blocks arrive meanwhile.
  TileBuilder::Values takeTogether(Stream &shared, Stream &own,
                                   TileBuilder::Values state) {
    llvm::stable_sort(shared.segments, [](const Segment *a, const Segment *b) {
      return rankOf(*a) < rankOf(*b);
    });
    int64_t alone =
        shared.steps() - std::min(shared.pairSteps(), own.pairSteps());
    if (options.most == StepTakes::TwoSharedOrOneOfEach && alone > 1)
      shared.held = 2;
    shared.late = options.late;
    open(shared);
    open(own);
    while (alone > 0) {
      int64_t elements = std::min(alone, stepsOfALoop(shared));
      int64_t pairs = shared.mayPair() ? elements / shared.held : 0;
      alone -= elements;
      state = take(elements - pairs * shared.held, {&shared}, std::move(state));
      state = take(pairs, {&shared}, std::move(state), shared.held);
    }
    while (shared.mayPair() && own.mayPair())
      state = take(std::min(stepsOfALoop(shared), stepsOfALoop(own)),
                   {&shared, &own}, std::move(state));
    return state;
  }

  static int rankOf(const Segment &segment) {
    return !segment.mayPair ? 0 : segment.kind == Segment::Kind::Dense ? 1 : 2;
  }

  /// Steps of a stream that one loop may take.
  int64_t stepsOfALoop(const Stream &stream) const {
    return options.oneLoop ? stream.alikeLeft() : stream.left();
  }

  static SmallVector<Stream> group(ArrayRef<Segment> segments) {
    SmallVector<Stream> streams;
    for (const Segment &segment : segments) {
      Stream *found = llvm::find_if(streams, [&](const Stream &stream) {
        return stream.shared == segment.shared && stream.width == segment.width;
      });
      if (found == streams.end())
        found = &streams.emplace_back(Stream{segment.shared, segment.width});
      found->segments.push_back(&segment);
    }
    for (Stream &stream : streams)
      llvm::stable_sort(stream.segments,
                        [](const Segment *a, const Segment *b) {
                          return a->mayPair && !b->mayPair;
                        });
    return streams;
  }

  Stream *firstOf(bool shared) {
    for (Stream &stream : streams)
      if (stream.shared == shared)
        return &stream;
    return nullptr;
  }

  /// `steps` steps, each of which takes `each` elements of every stream.
  TileBuilder::Values take(int64_t steps, ArrayRef<Stream *> from,
                           TileBuilder::Values state, int64_t each = 1) {
    if (steps == 0)
      return state;
    for (Stream *stream : from)
      open(*stream);
    if (isEmpty && first) {
      state = takeSteps(1, from, each, std::move(state), first);
      --steps;
      isEmpty = false;
    }
    return takeSteps(steps, from, each, std::move(state), update);
  }

  TileBuilder::Values takeSteps(int64_t steps, ArrayRef<Stream *> from,
                                int64_t each, TileBuilder::Values state,
                                AttendUpdate update) {
    if (steps == 0)
      return state;
    state = k.repeat(steps, state, [&](Value i, ValueRange carried) {
      SmallVector<TakenStep> taken;
      for (Stream *stream : from)
        for (int64_t element = 0; element < each; ++element)
          taken.push_back(takeElement(
              *stream, k.add(k.mul(i, each), k.index(element)), steps * each));
      TileBuilder::Values result = update(taken, carried);
      for (const TakenStep &later : ArrayRef(taken).drop_front())
        takeWhenUsed(later);
      return result;
    });
    for (Stream *stream : from)
      stream->advance(steps * each);
    return state;
  }

  /// Moves the tile.next to where its tiles are first wanted: products with the
  /// elements before it are in flight when somebody waits for it.
  static void takeWhenUsed(const TakenStep &taken) {
    Operation *next = taken.step.keys.getDefiningOp(), *first = nullptr;
    for (Operation *user : next->getUsers()) {
      user = next->getBlock()->findAncestorOpInBlock(*user);
      if (!first || user->isBeforeInBlock(first))
        first = user;
    }
    if (first)
      next->moveBefore(first);
  }

  /// The element that is `ahead` behind the ones taken, where a loop takes
  /// `count`.
  TakenStep takeElement(const Stream &stream, Value ahead, int64_t count) {
    auto type = cast<tile::StreamType>(stream.value.getType());
    auto next = tile::NextOp::create(k.b, k.loc, type.getTiles(), stream.value,
                                     k.add(ahead, k.index(stream.taken)));
    const Segment &segment = stream.segment();
    Step step = sources.describe(segment, k.add(ahead, k.index(stream.within)));
    step.keys = next.getTiles()[0];
    step.values = next.getTiles()[1];
    describeLater(stream, ahead, count, step);
    return {segment.source, step};
  }

  /// What is known of an element that may lie in a later segment than the one
  /// at hand: `ahead` of it, where a loop takes `count`.
  void describeLater(const Stream &stream, Value ahead, int64_t count,
                     Step &step) {
    int64_t start = stream.left();
    for (size_t i = stream.current + 1; start < count; ++i) {
      const Segment &segment = *stream.segments[i];
      Value isLater =
          k.lessEqual(k.splatInt(start, {1, 1}), k.repeated(ahead, {1, 1}));
      step.later.push_back({segment.source, isLater});
      start += segment.steps;
    }
  }

  void open(Stream &stream) {
    if (stream.value)
      return;
    const Source &source = *stream.segments.front()->source;
    auto type = [&](Value buffer) -> Type {
      auto memory = cast<MemRefType>(buffer.getType());
      return k.tileType({stream.width, memory.getShape().back()},
                        memory.getElementType());
    };
    SmallVector<Type> tiles{type(source.keys), type(source.values)};
    auto op = tile::StreamOp::create(
        k.b, k.loc, tile::StreamType::get(k.b.getContext(), tiles),
        k.b.getI64IntegerAttr(stream.steps()), /*length=*/Value(),
        k.b.getI64IntegerAttr(stream.held),
        stream.late ? k.b.getUnitAttr() : UnitAttr());
    OpBuilder::InsertionGuard guard(k.b);
    Block *body =
        k.b.createBlock(&op.getBody(), {}, {k.b.getIndexType()}, {k.loc});
    SmallVector<Value> loaded =
        load(stream.segments, body->getArgument(0), 0, tiles);
    tile::StreamYieldOp::create(k.b, k.loc, loaded);
    stream.value = op.getResult();
  }

  /// The tiles of element `i`, which lies in one of `segments`, the first of
  /// which starts at element `start`.
  SmallVector<Value> load(ArrayRef<const Segment *> segments, Value i,
                          int64_t start, ArrayRef<Type> tiles) {
    const Segment &segment = *segments.front();
    auto loadOne = [&]() -> SmallVector<Value> {
      auto [keys, values] =
          sources.load(segment, start == 0 ? i : k.sub(i, k.index(start)));
      return {keys, values};
    };
    if (segments.size() == 1)
      return loadOne();
    int64_t end = start + segment.steps;
    Value inside = arith::CmpIOp::create(k.b, k.loc, arith::CmpIPredicate::ult,
                                         i, k.index(end));
    auto choice = scf::IfOp::create(k.b, k.loc, TypeRange(tiles), inside,
                                    /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(k.b, k.loc, loadOne());
    k.b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(k.b, k.loc,
                         load(segments.drop_front(), i, end, tiles));
    return SmallVector<Value>(choice.getResults());
  }

  KernelBuilder &k;
  AttendSources &sources;
  AttendUpdate first, update;
  StepOptions options;
  SmallVector<Stream> streams;
  bool isEmpty = true; ///< the state has seen no key
};

} // namespace

TileBuilder::Values
llsa::attendStreams(KernelBuilder &k, AttendSources &sources,
                    ArrayRef<Segment> segments, StepOptions options,
                    TileBuilder::Values state, AttendUpdate first,
                    AttendUpdate update) {
  return StreamWalk(k, sources, first, update, options)
      .run(segments, std::move(state));
}
