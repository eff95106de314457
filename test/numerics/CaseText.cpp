//===- CaseText.cpp - the variant and the spec of a case ------------------===//
#include "test/numerics/Case.h"
#include <fmt/format.h>

using namespace llsa;
using namespace llsa::numerics;

namespace {
/// Writes a variant line by line.
class VariantWriter {
public:
  explicit VariantWriter(const Case &c) : c(c) {}
  std::string write();

private:
  void line(const std::string &text) { body += "  " + text + "\n"; }
  void argument(const std::string &name, const std::string &type,
                const std::string &shape, bool isConstant = false) {
    if (arguments.find("%" + name + ":") == std::string::npos)
      arguments += fmt::format(
          ",\n    %{}: {} {{llsa.name = \"{}\", llsa.shape = [{}]{}}}", name,
          type, name, shape, isConstant ? ", llsa.no_gradient" : "");
  }
  void result(const std::string &value, const std::string &type,
              const std::string &name) {
    results += fmt::format("{}{} {{llsa.name = \"{}\"}}",
                           results.empty() ? "" : ", ", type, name);
    returned += (returned.empty() ? "" : ", ") + value;
    returnedTypes += (returnedTypes.empty() ? "" : ", ") + type;
  }

  std::string regions();
  void hierarchy();
  void sources();
  void linear();
  void gate();
  std::string levelOf(const std::string &tensor, int64_t level);
  std::string selection(const SourceCase &source);
  std::string sourceText(const SourceCase &source, std::string &types);

  const Case &c;
  std::string arguments, results, returned, returnedTypes, body;
  std::vector<std::string> made; ///< values that exist already
  int64_t brought = 0, selected = 0;
  std::string lastSelection, lastSelectionType, lastSelectedKeys;
};
} // namespace

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

static const char *scoreText(ScoreKind kind) {
  switch (kind) {
  case ScoreKind::None:
    return "";
  case ScoreKind::SoftCap:
    return R"(
      score(%s, %b, %h, %i, %j, %n) {
        %cap = arith.constant 2.5 : f32
        %x = arith.divf %s, %cap : f32
        %t = math.tanh %x : f32
        %y = arith.mulf %t, %cap : f32
        llsa.yield %y : f32
      })";
  case ScoreKind::Alibi:
    return R"(
      score(%s, %b, %h, %i, %j, %n) {
        %slope = tensor.extract %slopes[%h] : tensor<?xf32>
        %d = arith.subi %i, %j : index
        %d32 = arith.index_cast %d : index to i32
        %f = arith.sitofp %d32 : i32 to f32
        %a = math.absf %f : f32
        %small = arith.constant 0.0625 : f32
        %u = arith.mulf %a, %small : f32
        %p = arith.mulf %u, %slope : f32
        %y = arith.subf %s, %p : f32
        llsa.yield %y : f32
      })";
  case ScoreKind::Table:
    return R"(
      score(%s, %b, %h, %i, %j, %n) {
        %c7 = arith.constant 7 : index
        %sum = arith.addi %i, %j : index
        %at = arith.remui %sum, %c7 : index
        %e = tensor.extract %table[%b, %h, %at] : tensor<?x?x7xf32>
        %y = arith.addf %s, %e : f32
        llsa.yield %y : f32
      })";
  }
  llvm_unreachable("all kinds are listed");
}

static const char *maskText(MaskKind kind) {
  switch (kind) {
  case MaskKind::None:
    return "";
  case MaskKind::Causal:
    return R"(
      mask(%s, %b, %h, %i, %j, %n) {
        %end = arith.addi %j, %n : index
        %c1 = arith.constant 1 : index
        %last = arith.subi %end, %c1 : index
        %seen = arith.cmpi ule, %last, %i : index
        llsa.yield %seen : i1
      })";
  case MaskKind::Local:
    return R"(
      mask(%s, %b, %h, %i, %j, %n) {
        %d = arith.subi %i, %j : index
        %low = arith.constant -9 : index
        %high = arith.constant 23 : index
        %above = arith.cmpi sge, %d, %low : index
        %below = arith.cmpi sle, %d, %high : index
        %seen = arith.andi %above, %below : i1
        llsa.yield %seen : i1
      })";
  case MaskKind::Stripes:
    return R"(
      mask(%s, %b, %h, %i, %j, %n) {
        %c3 = arith.constant 3 : index
        %c0 = arith.constant 0 : index
        %t = arith.addi %i, %j : index
        %u = arith.addi %t, %h : index
        %r = arith.remui %u, %c3 : index
        %seen = arith.cmpi ne, %r, %c0 : index
        llsa.yield %seen : i1
      })";
  case MaskKind::Documents:
    return R"(
      mask(%s, %b, %h, %i, %j, %n) {
        %c1 = arith.constant 1 : i32
        %x = tensor.extract %queryDocuments[%b, %i] : tensor<?x?xi32>
        %y = tensor.extract %keyDocuments[%b, %j] : tensor<?x?xi32>
        %d = arith.xori %x, %y : i32
        %bit = arith.andi %d, %c1 : i32
        %c0 = arith.constant 0 : i32
        %seen = arith.cmpi eq, %bit, %c0 : i32
        llsa.yield %seen : i1
      })";
  case MaskKind::Nothing:
    return R"(
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.constant false
        llsa.yield %seen : i1
      })";
  }
  llvm_unreachable("all kinds are listed");
}

bool llsa::numerics::readsHaveGradients(const Case &c) {
  bool reads = c.score == ScoreKind::Alibi || c.score == ScoreKind::Table;
  return reads && c.kernel % 2 == 1;
}

std::string VariantWriter::regions() {
  bool isConstant = !readsHaveGradients(c);
  if (c.score == ScoreKind::Alibi)
    argument("slopes", "tensor<?xf32>", "\"H\"", isConstant);
  if (c.score == ScoreKind::Table)
    argument("table", "tensor<?x?x7xf32>", "\"B\", \"H\", 7", isConstant);
  if (c.mask == MaskKind::Documents) {
    argument("queryDocuments", "tensor<?x?xi32>", "\"B\", \"M\"");
    argument("keyDocuments", "tensor<?x?xi32>", "\"B\", \"N\"");
  }
  return std::string(scoreText(c.score)) + maskText(c.mask);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

void VariantWriter::hierarchy() {
  std::string attr = "block = ?, levels = ?, topk = ?";
  if (!c.open)
    attr = fmt::format("block = {}, levels = {}, topk = [{}]", c.block,
                       c.levels, fmt::join(c.topk, ", "));
  if (!c.enrichment)
    attr += ", enrichment = false";
  if (!c.reweighting)
    attr += ", reweighting = false";
  line(fmt::format("%o, %lse = llsa.attention %q, %k, %v hierarchy <{}>{}\n    "
                   "  : !x, !x, !x",
                   attr, regions()));
  result("%o", "!x", "o");
  result("%lse", "!r", "lse");
}

/// "%k", "%k1", "%k2": made when it is asked for.
std::string VariantWriter::levelOf(const std::string &tensor, int64_t level) {
  if (level == 0)
    return "%" + tensor;
  std::string name = fmt::format("%{}{}", tensor, level);
  for (const std::string &value : made)
    if (value == name)
      return name;
  std::string below = levelOf(tensor, level - 1);
  line(fmt::format("{} = llsa.pool {} block {} : !x", name, below,
                   level == 1 ? c.pool1 : c.pool2));
  made.push_back(name);
  return name;
}

static std::string indexType(int64_t topk) {
  return fmt::format("tensor<?x?x?x{}xi32>", topk);
}

/// Selects keys of the level above the source's children.
std::string VariantWriter::selection(const SourceCase &source) {
  int64_t level = source.level + 1;
  std::string keys = levelOf("k", level);
  std::string query = levelOf("q", source.perQuery ? 0 : level);
  std::string name = fmt::format("%s{}", ++selected);
  if (c.within && level == 1 && !source.perQuery) {
    std::string query2 = levelOf("q", 2), keys2 = levelOf("k", 2);
    line(fmt::format("{}c = llsa.select {}, {} topk {} : !x, !x", name, query2,
                     keys2, source.topk + 1));
    line(fmt::format(
        "{} = llsa.select {}, {} topk {} within {}c block {} : !x, !x, {}",
        name, query, keys, source.topk, name, c.pool2,
        indexType(source.topk + 1)));
  } else {
    line(fmt::format("{} = llsa.select {}, {} topk {} : !x, !x", name, query,
                     keys, source.topk));
  }
  lastSelection = name;
  lastSelectionType = indexType(source.topk);
  lastSelectedKeys = keys;
  return name;
}

std::string VariantWriter::sourceText(const SourceCase &source,
                                      std::string &types) {
  std::string k = levelOf("k", source.level), v = levelOf("v", source.level),
              text;
  types += ", !x, !x";
  int64_t parent = source.level == 0 ? c.pool1 : c.pool2;
  switch (source.kind) {
  case SourceCase::Kind::Dense:
    text = fmt::format("dense({}, {})", k, v);
    break;
  case SourceCase::Kind::Window:
    text = fmt::format("window({}, {}) before {} after {}", k, v, source.before,
                       source.after);
    break;
  case SourceCase::Kind::Selected:
    text = fmt::format("gathered({}, {} by {}) block {} every {}", k, v,
                       selection(source), parent,
                       source.perQuery     ? 1
                       : source.level == 0 ? c.pool1
                                           : c.pool1 * c.pool2);
    types += ", " + indexType(source.topk);
    break;
  case SourceCase::Kind::Brought: {
    std::string name = fmt::format("brought{}", ++brought);
    argument(
        name, "!i",
        fmt::format("\"B\", \"H\", \"M/{}\", {}", source.every, source.topk));
    text = fmt::format("gathered({}, {} by %{}) block {} every {}", k, v, name,
                       source.block, source.every);
    types += ", !i";
    break;
  }
  }
  if (source.weight != 1)
    text += fmt::format(" weight {:.4f}", source.weight);
  if (source.span && source.level > 0)
    text += fmt::format(" span {}{}",
                        source.level == 1 ? c.pool1 : c.pool1 * c.pool2,
                        source.unweighted ? " unweighted" : "");
  return text;
}

void VariantWriter::sources() {
  std::string list, types = "!x";
  // A source of level-0 keys without span stands first in what random cases
  // draw; what is left of a smaller case must still say the number of tokens.
  for (const SourceCase &source : c.sources)
    list += (list.empty() ? "" : ",\n      ") + sourceText(source, types);
  line(fmt::format("%a, %lse = llsa.attend %q from\n      {}{}\n      : {}",
                   list, regions(), types));
  gate();
  result("%lse", "!r", "lse");
  if (c.invert && !lastSelection.empty()) {
    line(fmt::format("%offsets, %rows = llsa.invert_indices {} of {} : {}, !x",
                     lastSelection, lastSelectedKeys, lastSelectionType));
    result("%offsets", "!n", "offsets");
    result("%rows", "!n", "rows");
  }
}

void VariantWriter::linear() {
  const char *names[] = {"softmax", "elu1", "relu"};
  line(fmt::format("%a = llsa.linear_attend %q, %k, %v phi {} : !x, !x, !x",
                   names[c.phi]));
  gate();
}

/// o = a, or a * gate + q.
void VariantWriter::gate() {
  if (!c.gate)
    return result("%a", "!x", "o");
  argument("gate", "!x", "\"B\", \"H\", \"M\", \"D\"");
  line("%g = arith.mulf %a, %gate : !x");
  line("%o = arith.addf %g, %q : !x");
  result("%o", "!x", "o");
}

std::string VariantWriter::write() {
  switch (c.form) {
  case Case::Form::Hierarchy:
    hierarchy();
    break;
  case Case::Form::Sources:
    sources();
    break;
  case Case::Form::Linear:
    linear();
    break;
  }
  return fmt::format("!x = tensor<?x?x?x?x!llsa.float>\n"
                     "!r = tensor<?x?x?xf32>\n"
                     "!i = tensor<?x?x?x?xi32>\n"
                     "!n = tensor<?x?x?xi32>\n"
                     "func.func @variant(%q: !x, %k: !x, %v: !x{}) -> ({}) "
                     "{{\n{}  return {} : {}\n}}\n",
                     arguments, results, body, returned, returnedTypes);
}

std::string llsa::numerics::variantText(const Case &c) {
  return VariantWriter(c).write();
}

KernelSpec llsa::numerics::specOf(const Case &c) {
  KernelSpec spec;
  spec.B = c.B;
  spec.H = c.H;
  spec.Hkv = c.Hkv;
  spec.M = c.M;
  spec.N = c.N;
  spec.D = c.D;
  spec.dtype = c.dtype;
  spec.lse = c.lse;
  spec.tf32 = c.tf32;
  if (c.scale != 0 && c.form != Case::Form::Linear)
    spec.scale = c.scale;
  if (c.form == Case::Form::Hierarchy && c.open) {
    spec.block = c.block;
    spec.levels = c.levels;
    spec.topk = c.topk;
  }
  return spec;
}

std::string llsa::numerics::describe(const Case &c) {
  const char *layouts[] = {"[B, H, N, D]", "[B, N, H, D]",
                           "[B, H, N, D] with padded rows"};
  const char *data[] = {"", "", "// all keys of a head are its first one\n",
                        "// q is multiplied by 8\n"};
  return fmt::format(
      "// llsa-run case.mlir --spec={} --input={} --seed={} "
      "--check --samples=0\n"
      "// in memory: {}\n{}{}{}",
      specOf(c).str(), c.data == DataKind::Structured ? "structured" : "random",
      c.seed, layouts[static_cast<int>(c.layout)],
      data[static_cast<int>(c.data)],
      c.quietRows ? "// do is 0 in half of its rows\n" : "", variantText(c));
}
