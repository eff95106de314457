//===- RandomCase.cpp - draw a case, make a case smaller ------------------===//
#include "test/numerics/Case.h"
#include "tools/io/Random.h"
#include <algorithm>

using namespace llsa;
using namespace llsa::numerics;

namespace {
/// Random decisions, one after the other.
class Dice {
public:
  Dice(uint64_t seed, uint64_t stream) : random(seed, stream) {}
  /// low .. high
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random.bits(counter++) %
                                      uint64_t(high - low + 1));
  }
  bool chance(int percent) { return between(0, 99) < percent; }
  template <typename T> T oneOf(std::initializer_list<T> choices) {
    return choices.begin()[between(0, int64_t(choices.size()) - 1)];
  }

private:
  tools::Random random;
  uint64_t counter = 0;
};
} // namespace

static void drawSizes(Dice &dice, Case &c) {
  c.B = dice.chance(80) ? 1 : dice.between(2, 3);
  c.Hkv = dice.chance(70) ? 1 : dice.between(2, 3);
  c.H = c.Hkv * (dice.chance(65) ? 1 : dice.between(2, 3));
  c.D = dice.chance(60)   ? dice.oneOf<int64_t>({8, 16, 24, 32})
        : dice.chance(75) ? 8 * dice.between(1, 16)
                          : 8 * dice.between(1, 32);
  int64_t most = c.B * c.H * c.D > 256 ? 150 : 400;
  c.N = dice.chance(15)  ? dice.between(1, 8)
        : dice.chance(3) ? dice.between(1, 1500)
                         : dice.between(1, most);
  c.M = dice.chance(75) ? c.N : dice.between(1, most);
  c.dtype = dice.oneOf({DType::F32, DType::F32, DType::BF16, DType::F16});
  c.lse = dice.chance(70);
  if (dice.chance(20))
    c.scale = dice.oneOf({0.05, 0.125, 1.0, -0.25});
}

static int64_t drawBlock(Dice &dice) {
  return dice.chance(50)   ? dice.oneOf<int64_t>({4, 8, 16})
         : dice.chance(80) ? dice.between(4, 32)
                           : dice.between(33, 128);
}
static int64_t drawTopk(Dice &dice) {
  return dice.chance(85) ? dice.between(1, 10) : dice.between(11, 40);
}

static void drawHierarchy(Dice &dice, Case &c) {
  c.block = drawBlock(dice);
  c.levels = dice.chance(70) ? dice.between(1, 3) : dice.between(0, 5);
  c.topk.clear();
  bool same = dice.chance(60);
  for (int64_t level = 0; level < (same ? 1 : std::max<int64_t>(c.levels, 1));
       ++level)
    c.topk.push_back(drawTopk(dice));
  c.enrichment = dice.chance(80);
  c.reweighting = dice.chance(80);
  c.open = dice.chance(40);
}

static SourceCase drawSource(Dice &dice, const Case &c) {
  using Kind = SourceCase::Kind;
  SourceCase s;
  s.kind = dice.oneOf({Kind::Dense, Kind::Window, Kind::Selected,
                       Kind::Selected, Kind::Brought});
  s.level = s.kind == Kind::Selected ? dice.between(0, 1) : dice.between(0, 2);
  s.span = s.level > 0 && dice.chance(60);
  s.weight = dice.chance(70) ? 1 : dice.oneOf({0.25, 3.0, 16.0});
  s.before = dice.chance(80) ? dice.between(0, 40) : dice.between(0, 100000);
  s.after = dice.chance(50) ? 0 : dice.between(0, 40);
  s.topk = drawTopk(dice);
  s.perQuery = dice.chance(15);
  s.block = drawBlock(dice);
  s.every = dice.chance(40) ? s.block : dice.between(1, 70);
  s.unweighted = s.span && dice.chance(30);
  return s;
}

static void drawSources(Dice &dice, Case &c) {
  c.pool1 = dice.between(4, 20);
  c.pool2 = dice.between(4, 12);
  // A source of level-0 keys says how many tokens there are.
  SourceCase first = drawSource(dice, c);
  first.level = 0;
  first.span = first.unweighted = false;
  c.sources.push_back(first);
  for (int64_t more = dice.between(0, 3); more > 0; --more)
    c.sources.push_back(drawSource(dice, c));
  c.invert = dice.chance(20);
  c.within = dice.chance(50);
}

Case llsa::numerics::randomCase(uint64_t seed, uint64_t casesPerKernel) {
  Case c;
  c.seed = seed;
  c.kernel = seed / casesPerKernel;
  Dice dice(c.kernel, /*stream=*/5);
  int64_t form = dice.between(0, 99);
  c.form = form < 55   ? Case::Form::Hierarchy
           : form < 92 ? Case::Form::Sources
                       : Case::Form::Linear;
  drawSizes(dice, c);
  if (c.form != Case::Form::Linear && dice.chance(25))
    c.score =
        dice.oneOf({ScoreKind::SoftCap, ScoreKind::Alibi, ScoreKind::Table});
  if (c.form != Case::Form::Linear && dice.chance(25))
    c.mask =
        dice.oneOf({MaskKind::Causal, MaskKind::Causal, MaskKind::Local,
                    MaskKind::Stripes, MaskKind::Documents, MaskKind::Nothing});
  if (c.form == Case::Form::Hierarchy)
    drawHierarchy(dice, c);
  if (c.form == Case::Form::Sources)
    drawSources(dice, c);
  c.phi = dice.between(0, 2);
  c.gate = c.form != Case::Form::Hierarchy && dice.chance(40);

  Dice precision(c.kernel, /*stream=*/8);
  c.tf32 = c.dtype == DType::F32 && precision.chance(15);

  Dice inputs(seed, /*stream=*/6);
  if (inputs.chance(30))
    c.data = DataKind::Structured;
  c.layout =
      inputs.chance(60)
          ? tools::Layout::Contiguous
          : inputs.oneOf({tools::Layout::TokensFirst,
                          tools::Layout::TokensFirst, tools::Layout::Padded});
  if (inputs.chance(20))
    c.data = inputs.oneOf({DataKind::AlikeKeys, DataKind::Peaked});
  c.quietRows = inputs.chance(20);
  return c;
}

Case llsa::numerics::fewBlocksCase(uint64_t seed) {
  Case c;
  c.seed = c.kernel = seed;
  Dice dice(seed, /*stream=*/7);
  c.Hkv = dice.chance(70) ? 1 : 2;
  c.H = c.Hkv * (dice.chance(70) ? 1 : 2);
  c.D = dice.chance(70) ? dice.oneOf<int64_t>({32, 64, 128})
                        : 8 * dice.between(2, 16);
  c.block = dice.oneOf<int64_t>({8, 16, 16, 24, 32, 64});
  c.levels = dice.between(1, 2);
  c.topk = {dice.between(1, 4)};
  int64_t most = c.H * c.D > 128 ? 1500 : 2500;
  c.M = c.N = dice.chance(50)
                  ? c.block * dice.between(400 / c.block, most / c.block)
                  : dice.between(400, most);
  c.dtype = dice.oneOf({DType::BF16, DType::BF16, DType::F16, DType::F32});
  if (dice.chance(20))
    c.score = dice.oneOf({ScoreKind::SoftCap, ScoreKind::Alibi});
  if (dice.chance(30))
    c.data = DataKind::Structured;
  return c;
}

//===----------------------------------------------------------------------===//
// Smaller cases
//===----------------------------------------------------------------------===//

namespace {
/// Collects changed copies of a case.
class Shrinker {
public:
  explicit Shrinker(const Case &c) : original(c) {}
  std::vector<Case> out;

  /// `change` edits a copy; unless it changes nothing, that is a candidate.
  template <typename Change> void attempt(Change change) {
    Case copy = original;
    change(copy);
    if (describe(copy) != describe(original))
      out.push_back(std::move(copy));
  }
  /// Towards `least`: there at once, half way, one less.
  template <typename Field>
  void towards(Field field, int64_t least, int64_t step = 1) {
    Case probe = original;
    int64_t value = field(probe);
    for (int64_t next :
         {least, (least + value) / 2 / step * step, value - step})
      if (next >= least && next < value)
        attempt([&](Case &c) { field(c) = next; });
  }

private:
  const Case &original;
};
} // namespace

std::vector<Case> llsa::numerics::smallerCases(const Case &c) {
  Shrinker s(c);
  s.attempt([](Case &c) { c.score = ScoreKind::None; });
  s.attempt([](Case &c) { c.mask = MaskKind::None; });
  for (size_t i = 0; i < c.sources.size() && c.sources.size() > 1; ++i)
    s.attempt([i](Case &c) { c.sources.erase(c.sources.begin() + i); });
  s.attempt([](Case &c) { c.gate = false; });
  s.attempt([](Case &c) { c.invert = false; });
  s.attempt([](Case &c) { c.within = false; });
  s.attempt([](Case &c) { c.B = 1; });
  s.attempt([](Case &c) { c.H = c.Hkv = 1; });
  s.attempt([](Case &c) { c.H = c.Hkv; });
  s.attempt([](Case &c) { c.M = std::min(c.M, c.N); });
  s.towards([](Case &c) -> int64_t & { return c.D; }, 8, 8);
  // Queries and keys together, then each alone.
  for (int64_t n : {int64_t(1), c.N / 2, c.N - 1})
    if (c.M == c.N && n >= 1 && n < c.N)
      s.attempt([n](Case &c) { c.M = c.N = n; });
  s.towards([](Case &c) -> int64_t & { return c.N; }, 1);
  s.towards([](Case &c) -> int64_t & { return c.M; }, 1);
  s.attempt([](Case &c) { c.dtype = DType::F32; });
  s.attempt([](Case &c) { c.tf32 = false; });
  s.attempt([](Case &c) { c.layout = tools::Layout::Contiguous; });
  s.attempt([](Case &c) { c.lse = false; });
  s.attempt([](Case &c) { c.data = DataKind::Random; });
  s.attempt([](Case &c) { c.quietRows = false; });
  s.attempt([](Case &c) { c.scale = 0; });
  if (c.form == Case::Form::Hierarchy) {
    s.attempt([](Case &c) {
      c.levels = std::max<int64_t>(0, c.levels - 1);
      if (c.topk.size() > 1)
        c.topk.resize(size_t(std::max<int64_t>(c.levels, 1)));
    });
    s.attempt([](Case &c) { c.topk = {1}; });
    s.attempt([](Case &c) { c.topk.resize(1); });
    s.towards([](Case &c) -> int64_t & { return c.topk[0]; }, 1);
    s.attempt([](Case &c) { c.block = std::min<int64_t>(c.block, 16); });
    s.towards([](Case &c) -> int64_t & { return c.block; }, 4);
    s.attempt([](Case &c) { c.open = false; });
    s.attempt([](Case &c) { c.enrichment = true; });
    s.attempt([](Case &c) { c.reweighting = true; });
  }
  if (c.form == Case::Form::Sources) {
    s.towards([](Case &c) -> int64_t & { return c.pool1; }, 4);
    s.towards([](Case &c) -> int64_t & { return c.pool2; }, 4);
    for (size_t i = 0; i < c.sources.size(); ++i) {
      auto source = [i](Case &c) -> SourceCase & { return c.sources[i]; };
      s.attempt([&](Case &c) { source(c).weight = 1; });
      s.attempt([&](Case &c) { source(c).unweighted = false; });
      s.attempt(
          [&](Case &c) { source(c).span = source(c).unweighted = false; });
      s.attempt([&](Case &c) { source(c).perQuery = false; });
      s.towards([&](Case &c) -> int64_t & { return source(c).topk; }, 1);
      s.towards([&](Case &c) -> int64_t & { return source(c).before; }, 0);
      s.towards([&](Case &c) -> int64_t & { return source(c).after; }, 0);
      s.towards([&](Case &c) -> int64_t & { return source(c).block; }, 4);
      s.towards([&](Case &c) -> int64_t & { return source(c).every; }, 1);
    }
  }
  return s.out;
}
