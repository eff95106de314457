//===- ExplainLaunches.cpp --------------------------------------*- C++ -*-===//
#include "compiler/target/plan/Explain.h"
#include "compiler/transforms/EstimateCost.h"

#include "dialects/llsa/LLSAOps.h"
#include "dialects/tile/TileDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace llsa {

namespace {

constexpr int64_t kTokenDim = 2; ///< of [B, H, N, D]

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// 1234567 -> "1.23 M"
std::string number(double value) {
  const char *units[] = {"", " k", " M", " G", " T", " P"};
  size_t i = 0;
  for (; value >= 1000 && i + 1 < std::size(units); ++i)
    value /= 1000;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::format(i == 0 ? "%.0f" : "%.3g", value) << units[i];
  return text;
}

double estimate(Operation *op, StringRef name) {
  auto value = op->getAttrOfType<FloatAttr>(name);
  return value ? value.getValueAsDouble() : 0;
}

class LaunchExplainer {
public:
  explicit LaunchExplainer(llvm::raw_ostream &os) : os(os) {}

  void explain(LaunchOp launch) {
    os << "launch " << ++count << "  " << launch.getName() << '\n';
    auto schedule =
        dyn_cast_or_null<tile::ScheduleAttr>(launch.getScheduleAttr());
    queriesPerItem = schedule ? schedule.getRows() * schedule.getWarps() : 0;
    // Ops of one kind and shape are told together: "3 x pool ...".
    SmallVector<std::string> lines;
    llvm::StringMap<int64_t> times;
    for (Operation &op : launch.getBody().front().without_terminator()) {
      std::string line = describe(&op);
      if (!line.empty() && times[line]++ == 0)
        lines.push_back(line);
    }
    for (const std::string &line : lines) {
      os << "  ";
      if (int64_t n = times[line]; n > 1)
        os << n << " x ";
      os << line << '\n';
    }
    if (schedule) {
      os << "    tiles      " << schedule.getRows() << " rows";
      if (schedule.getCols() > 0)
        os << " x " << schedule.getCols() << " keys per step";
      if (schedule.getWarps() > 1 || schedule.getStages() > 1)
        os << ", " << schedule.getWarps() << " warps, " << schedule.getStages()
           << " stages";
      if (schedule.getPersistent())
        os << ", one item after another";
      if (schedule.getQueries() > 0)
        os << ", pieces of at most " << schedule.getQueries() << " queries";
      if (schedule.getList() > 0)
        os << ", lists in parts of " << schedule.getList()
           << ", one walk over the candidates for each";
      os << '\n';
    }
    double flops = estimate(launch, "llsa.flops");
    double bytes = estimate(launch, "llsa.bytes");
    os << "    work       " << number(flops) << "flop, at least "
       << number(bytes) << "B of memory traffic";
    if (bytes > 0)
      os << llvm::format(" (%.1f flop per byte)", flops / bytes);
    os << "\n\n";
  }

private:
  std::string describe(Operation *op) {
    std::string text;
    llvm::raw_string_ostream line(text);
    if (auto pool = dyn_cast<PoolOp>(op))
      line << "pool " << pool.getInput().getType() << " by blocks of "
           << pool.getBlock();
    else if (auto select = dyn_cast<SelectOp>(op))
      describe(select, line);
    else if (auto attend = dyn_cast<AttendOp>(op))
      describe(attend, line);
    else if (auto linear = dyn_cast<LinearAttendOp>(op))
      line << "linear attention, phi " << stringifyFeatureMap(linear.getPhi())
           << ": linear in the number of keys, whatever the queries";
    else if (auto linear = dyn_cast<LinearAttendGradOp>(op))
      line << "gradients of a linear attention, phi "
           << stringifyFeatureMap(linear.getPhi());
    else if (auto grad = dyn_cast<AttendQueryGradOp>(op))
      line << "gradient of " << shapeOf(grad.getQuery())[kTokenDim]
           << " queries, over " << grad.getKeys().size()
           << (grad.getKeys().size() == 1 ? " source" : " sources");
    else if (auto grad = dyn_cast<AttendBiasGradOp>(op))
      line << "gradient of a " << grad.getBiasGrad().getType()
           << " that the score reads, over " << grad.getKeys().size()
           << (grad.getKeys().size() == 1 ? " source" : " sources");
    else if (auto grad = dyn_cast<AttendKeyGradOp>(op))
      line << "gradients of " << shapeOf(grad.getKeys())[kTokenDim]
           << " keys and values of a "
           << stringifySourceKind(grad.getSource().getKind()) << " source, "
           << queriesOfKey(grad) << " queries per key on average";
    else if (auto unpool = dyn_cast<UnpoolOp>(op))
      line << "unpool " << unpool.getGradient().getType() << " to "
           << unpool.getTokens() << " tokens";
    else if (auto invert = dyn_cast<InvertIndicesOp>(op))
      line << "transpose " << invert.getIndices().getType()
           << ": from queries to keys";
    else if (!op->hasTrait<OpTrait::ConstantLike>())
      line << op->getName().getStringRef() << " on whole tensors";
    return text;
  }

  void describe(SelectOp select, llvm::raw_ostream &line) {
    int64_t queries = shapeOf(select.getQuery())[kTokenDim];
    int64_t keys = shapeOf(select.getKeys())[kTokenDim];
    line << "select the best " << select.getTopk() << " of ";
    if (Value within = select.getWithin()) {
      int64_t block = *select.getBlock();
      int64_t candidates =
          std::min<int64_t>(keys, shapeOf(within).back() * block);
      line << candidates << " candidates for each of " << queries
           << " queries: the children of the coarser selection ("
           << granularity(block) << "), not all " << keys << " keys";
    } else {
      line << keys << " keys for each of " << queries
           << " queries: the coarsest level sees all keys";
    }
  }

  void describe(AttendOp attend, llvm::raw_ostream &line) {
    int64_t queries = shapeOf(attend.getQuery())[kTokenDim];
    line << "attend: " << queries << " queries, one softmax over "
         << attend.getKeys().size()
         << (attend.getKeys().size() == 1 ? " source" : " sources");
    int64_t total = 0;
    for (auto [i, keys] : llvm::enumerate(attend.getKeys())) {
      SourceAttr source = attend.getSource(i);
      int64_t numKeys = shapeOf(keys)[kTokenDim];
      int64_t seen = distinctKeysOfSource(attend, unsigned(i));
      total += seen;
      line << "\n    "
           << llvm::left_justify(stringifySourceKind(source.getKind()), 9)
           << "  " << llvm::right_justify(std::to_string(seen), 6) << " of "
           << numKeys << " keys per query, "
           << (source.getKind() == SourceKind::Dense ? granularity(queries)
               : source.getKind() == SourceKind::Window
                   ? granularity(1)
                   : granularity(source.getEvery()))
           << ", " << weight(source);
    }
    line << "\n    together   " << total << " keys per query at most";
    if (std::optional<int64_t> base = attend.getBaseTokens();
        base && *base > total)
      line << llvm::format("; full attention: %lld, %.1f times as many",
                           (long long)*base, double(*base) / double(total));
    if (!attend.getScore().empty())
      line << "\n    score      a region changes every score";
    if (!attend.getMask().empty())
      line << "\n    mask       a region says which pairs count";
  }

  /// How many queries see the same keys, and what that means for a work item:
  /// uniform keys are loaded once for all of its queries.
  std::string granularity(int64_t every) const {
    std::string text =
        every == 1 ? "the same for 1 query"
                   : "the same for " + std::to_string(every) + " queries";
    if (queriesPerItem > 0)
      text += every >= queriesPerItem ? ": uniform" : ": private";
    return text;
  }

  static std::string weight(SourceAttr source) {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << "weight "
       << llvm::format("%g", source.getWeight().getValueAsDouble());
    if (source.getSpan() > 1 && !source.getUnweighted())
      os << " x " << source.getSpan() << " tokens that a key averages";
    return text;
  }

  llvm::raw_ostream &os;
  int64_t queriesPerItem = 0;
  unsigned count = 0;
};

} // namespace

std::string explainLaunches(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  LaunchExplainer explainer(os);
  module.walk([&](LaunchOp launch) { explainer.explain(launch); });
  return text;
}

} // namespace llsa
