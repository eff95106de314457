//===- EvaluateAttend.cpp - the attentions --------------------------------===//
#include "kernels/interpreter/Evaluator.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace llsa;
using namespace llsa::reference;

/// True when every use of `results`, through elementwise ops, ends in the
/// results of the variant: only then do the other rows not matter.
static bool onlyRowsMatter(mlir::ResultRange results) {
  llvm::SmallVector<mlir::Value> work(results.begin(), results.end());
  while (!work.empty()) {
    mlir::Value value = work.pop_back_val();
    for (mlir::OpOperand &use : value.getUses()) {
      mlir::Operation *user = use.getOwner();
      if (user->getName().getStringRef() == "func.return")
        continue;
      mlir::Operation *parent = user->getParentOp();
      if (llvm::isa<YieldOp>(user) && llvm::isa<LaunchOp>(parent)) {
        work.push_back(parent->getResult(use.getOperandNumber()));
        continue;
      }
      if (!isElementwiseOnTensors(user))
        return false;
      work.append(user->result_begin(), user->result_end());
    }
  }
  return true;
}

/// The op's scale as the reference takes it, to which 0 means the default.
static double scaleOf(std::optional<llvm::APFloat> scale) {
  if (!scale)
    return 0;
  double value = scale->convertToDouble();
  return value == 0 ? 1e-300 : value;
}

llvm::Error Evaluator::addRegions(mlir::Region &score, mlir::Region &mask,
                                  AttendProblem &problem) {
  for (mlir::Region *region : {&score, &mask}) {
    if (region->empty())
      continue;
    auto program = ScalarProgram::create(
        *region, options.plain,
        [&](mlir::Value value) { return fullArray(value); },
        [&](mlir::Value value) { return scalar(value); });
    if (!program)
      return program.takeError();
    ScalarProgram *run = program->get();
    problem.programs.push_back(std::move(*program));
    auto call = [run](double s, int64_t b, int64_t h, int64_t i, int64_t j,
                      int64_t span) {
      return run->run({{s, 0}, {0, b}, {0, h}, {0, i}, {0, j}, {0, span}});
    };
    if (region == &score)
      problem.options.score = [call](auto... pair) { return call(pair...).f; };
    else
      problem.options.mask = [call](auto... pair) {
        return call(pair...).i != 0;
      };
  }
  return llvm::Error::success();
}

llvm::Expected<TokenArrays>
Evaluator::tokensOf(mlir::Value query, mlir::Value keys, mlir::Value values) {
  auto q = fullArray(query), k = fullArray(keys), v = fullArray(values);
  if (!q || !k || !v)
    return llvm::joinErrors(q.takeError(),
                            llvm::joinErrors(k.takeError(), v.takeError()));
  return TokenArrays{std::move(*q), std::move(*k), std::move(*v)};
}

llvm::Error AttendProblem::check(mlir::Operation *op) const {
  for (const auto &program : programs)
    if (!program->problem().empty())
      return opError(op, "has a region in which " + program->problem());
  return llvm::Error::success();
}

llvm::Error Evaluator::finishAttention(mlir::Operation *op,
                                       const AttendProblem &problem,
                                       AttendResult result) {
  if (llvm::Error error = problem.check(op))
    return error;
  set(op->getResult(0), std::move(result.output), problem.sampled);
  set(op->getResult(1), std::move(result.lse), problem.sampled);
  seenKeys.push_back(std::move(result.seen));
  return llvm::Error::success();
}

/// Without a source that has no span every key is a full one. The reference
/// wants to be told how many tokens there are then, which has an answer when
/// all sources reach equally far; otherwise weights take the spans' place.
static llvm::Error setTokens(AttendOp op, std::vector<Source> &sources,
                             AttendOptions &attend) {
  if (op.getBaseTokens())
    return llvm::Error::success();
  for (const Source &source : sources)
    attend.tokens = std::max(attend.tokens, source.keys->dim(2) * source.span);
  if (llvm::all_of(sources, [&](const Source &source) {
        return source.keys->dim(2) * source.span == attend.tokens;
      }))
    return llvm::Error::success();
  if (!op.getScore().empty() || !op.getMask().empty())
    return opError(op, "has a region, and sources with span of unlike reach "
                       "and none without span, which the reference does not "
                       "know");
  for (Source &source : sources) {
    if (!source.unweighted)
      source.weight *= static_cast<double>(source.span);
    source.span = 0;
  }
  attend.tokens = 0;
  return llvm::Error::success();
}

template <typename Op>
llvm::Error Evaluator::prepare(Op op, AttendProblem &problem) {
  problem.options.scale = scaleOf(op.getScale());
  problem.options.precision = precisionFor(op.getQuery());
  problem.options.fused = options.fused;
  problem.sampled = options.rows && onlyRowsMatter(op->getResults());
  if (problem.sampled)
    problem.options.rows = options.rows;
  return addRegions(op.getScore(), op.getMask(), problem);
}

llvm::Expected<AttendProblem> Evaluator::problemOf(AttendOp op) {
  AttendProblem out;
  auto query = fullArray(op.getQuery());
  if (!query)
    return query.takeError();
  out.query = *query;
  std::vector<Source> &sources = out.sources;
  for (unsigned i = 0; i < op.getSources().size(); ++i) {
    SourceAttr attr = op.getSource(i);
    auto keys = fullArray(op.getKeys()[i]),
         values = fullArray(op.getValues()[i]);
    if (!keys || !values)
      return llvm::joinErrors(keys.takeError(), values.takeError());
    out.arrays.push_back(*keys);
    out.arrays.push_back(*values);
    double weight = attr.getWeight().getValueAsDouble();
    switch (attr.getKind()) {
    case SourceKind::Dense:
      sources.push_back(
          Source::dense(**keys, **values, weight, attr.getSpan()));
      break;
    case SourceKind::Window:
      sources.push_back(Source::window(**keys, **values, attr.getBefore(),
                                       attr.getAfter(), weight,
                                       attr.getSpan()));
      break;
    case SourceKind::Gathered: {
      auto rows = indices(op.getIndicesOf(i));
      if (!rows)
        return rows.takeError();
      out.indexArrays.push_back(*rows);
      sources.push_back(Source::gathered(**keys, **values, **rows,
                                         attr.getBlock(), attr.getEvery(),
                                         weight, attr.getSpan()));
      break;
    }
    }
    sources.back().unweighted = attr.getUnweighted();
  }
  if (llvm::Error error = setTokens(op, sources, out.options))
    return std::move(error);
  if (llvm::Error error = prepare(op, out))
    return std::move(error);
  return std::move(out);
}

llvm::Error Evaluator::evaluateAttend(AttendOp op) {
  if (op.getRest() && !op.getRest().use_empty())
    return opError(op, "gives what rounding took from its output, which in "
                       "the reference is not rounded");
  llvm::Expected<AttendProblem> problem = problemOf(op);
  if (!problem)
    return problem.takeError();
  return finishAttention(
      op, *problem,
      reference::attend(*problem->query, problem->sources, problem->options));
}

llvm::Expected<AttendProblem> Evaluator::problemOf(AttentionOp op) {
  auto tokens = tokensOf(op.getQuery(), op.getKeys(), op.getValues());
  if (!tokens)
    return tokens.takeError();
  llvm::Expected<std::vector<IndexArray>> selections = selectionsOf(op);
  if (!selections)
    return selections.takeError();
  AttendProblem out;
  out.query = tokens->query;
  out.keys = tokens->keys;
  out.values = tokens->values;
  out.selections = std::move(*selections);
  if (llvm::Error error = prepare(op, out))
    return std::move(error);
  return std::move(out);
}

llvm::Error Evaluator::evaluateAttention(AttentionOp op) {
  llvm::Expected<AttendProblem> problem = problemOf(op);
  if (!problem)
    return problem.takeError();
  return finishAttention(op, *problem,
                         attendLevels(*problem->query, *problem->keys,
                                      *problem->values, hierarchyOf(op),
                                      problem->selections, problem->options));
}

Phi llsa::reference::phiOf(LinearAttendOp op) {
  switch (op.getPhi()) {
  case FeatureMap::Softmax:
    return Phi::Softmax;
  case FeatureMap::EluPlusOne:
    return Phi::Elu1;
  case FeatureMap::Relu:
    return Phi::Relu;
  }
  llvm_unreachable("all feature maps are listed");
}

llvm::Error Evaluator::evaluateLinearAttend(LinearAttendOp op) {
  auto tokens = tokensOf(op.getQuery(), op.getKeys(), op.getValues());
  if (!tokens)
    return tokens.takeError();
  set(op.getResult(),
      linearAttend(*tokens->query, *tokens->keys, *tokens->values, phiOf(op),
                   precisionFor(op.getQuery())));
  return llvm::Error::success();
}
