//===- PtxInline.cpp - bodies in place of calls, in PTX -------------------===//
#include "runtime/cuda/PtxInline.h"

#include "runtime/cuda/PtxFunctions.h"
#include "runtime/cuda/PtxWords.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

/// A longer body is worth a call, and its copies would take long to assemble.
static constexpr size_t kMostLines = 100;

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// "ld.param.u64 %rd1, [name];" or "st.param.f32 [name+0], %f2;", which is how
/// code reaches a parameter.
namespace {
struct ParameterAccess {
  bool isLoad;
  StringRef type; ///< "u64"
  StringRef name, other;
  StringRef bits() const { return type.drop_front(); }
};
} // namespace

static std::optional<ParameterAccess> readAccess(StringRef line) {
  ParameterAccess access;
  access.isLoad = line.consume_front("ld.param.");
  if (!access.isLoad && !line.consume_front("st.param."))
    return std::nullopt;
  access.type = line.take_while(isAlnum);
  StringRef rest = line.drop_front(access.type.size());
  if (access.type.size() != 3 || !rest.consume_back(";"))
    return std::nullopt;
  auto [first, second] = rest.split(',');
  StringRef place = (access.isLoad ? second : first).trim();
  access.other = (access.isLoad ? first : second).trim();
  if (!place.consume_front("[") || !place.consume_back("]"))
    return std::nullopt;
  place.consume_back("+0");
  access.name = place;
  return access;
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

namespace {
/// A body in lines, ready to be copied.
struct Body {
  std::vector<std::string> lines;
  StringMap<char> labels;
  bool returnsEarly = false; ///< somewhere but at its end

  /// The copy with this number.
  std::string copy(size_t number) const {
    std::string text;
    for (const std::string &line : lines)
      text +=
          replaceWords(line, [&](StringRef word) -> std::optional<std::string> {
            if (!labels.contains(word))
              return std::nullopt;
            return fmt::format("{}_{}", word.str(), number);
          });
    return text;
  }
};
} // namespace

static constexpr StringLiteral kEnd = "$llsa_end";

/// The body as it stands in a caller; nothing if it cannot stand there.
static std::optional<Body> readBody(StringRef ptx,
                                    const PtxFunction &function) {
  StringMap<std::pair<std::string, std::string>> registers; // name, bits
  auto add = [&](ArrayRef<PtxParameter> list, StringRef prefix) {
    for (auto [i, parameter] : enumerate(list))
      registers[parameter.name] = {fmt::format("{}{}", prefix.str(), i),
                                   parameter.type.substr(2)};
  };
  add(function.parameters, "llsa_param");
  add(function.results, "llsa_retval");
  for (const auto &entry : registers)
    if (entry.second.second != "32" && entry.second.second != "64")
      return std::nullopt;

  Body body;
  body.labels[kEnd] = 0;
  for (StringRef line :
       split(ptx.slice(function.bodyBegin, function.bodyEnd), '\n')) {
    line = line.trim();
    if (line.empty() || line.starts_with("//"))
      continue;
    // Memory of the function's own, or places in the user's source.
    if (line.starts_with(".local") || line.starts_with(".shared") ||
        line.starts_with(".loc"))
      return std::nullopt;
    StringRef label = line.take_while(isWordCharacter);
    if (!label.empty() && line.drop_front(label.size()).starts_with(":"))
      body.labels[label] = 0;
    std::string text = line.str();
    std::optional<ParameterAccess> access = readAccess(line);
    if (auto found = access ? registers.find(access->name) : registers.end();
        found != registers.end()) {
      const auto &[name, bits] = found->second;
      if (access->bits() != bits)
        return std::nullopt;
      text = access->isLoad ? fmt::format("mov.{} {}, {};", access->type.str(),
                                          access->other.str(), name)
                            : fmt::format("mov.{} {}, {};", access->type.str(),
                                          name, access->other.str());
    } else {
      bool touches = false;
      replaceWords(line, [&](StringRef word) -> std::optional<std::string> {
        touches |= registers.contains(word);
        return std::nullopt;
      });
      if (touches)
        return std::nullopt;
    }
    StringRef code = text;
    if (code.consume_back("ret;") || code.consume_back("ret.uni;"))
      if (code.empty() || code.starts_with("@"))
        text = (code + "bra " + kEnd + ";").str();
    body.lines.push_back(text + "\n");
  }
  if (body.lines.empty() || body.lines.size() > kMostLines)
    return std::nullopt;
  // A return at the end goes nowhere.
  if (body.lines.back() == ("bra " + kEnd + ";\n").str())
    body.lines.pop_back();
  for (const std::string &line : body.lines)
    body.returnsEarly |= StringRef(line).contains(kEnd);
  return body;
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// A call's block, from behind "{ // callseq" to its "}", with the body in it;
/// nothing if it is not as expected.
static std::optional<std::string>
inlineCall(StringRef block, const StringMap<Body> &bodies, size_t number) {
  std::string text;
  StringMap<char> parameters;
  bool isInlined = false;
  for (StringRef line : split(block, '\n')) {
    line = line.trim();
    if (line.empty())
      continue;
    if (line.consume_front(".param ")) { // .b32 param0;
      auto [type, name] = line.split('\t');
      name = name.trim(" \t;");
      if ((type.trim() != ".b32" && type.trim() != ".b64") ||
          !all_of(name, isWordCharacter))
        return std::nullopt;
      parameters[name] = 0;
      text += fmt::format(".reg {} llsa_{};\n", type.trim().str(), name.str());
      continue;
    }
    if (std::optional<ParameterAccess> access = readAccess(line)) {
      if (!parameters.contains(access->name))
        return std::nullopt;
      std::string name = "llsa_" + access->name.str();
      text += fmt::format("mov.{} {}, {};\n", access->type.str(),
                          access->isLoad ? access->other.str() : name,
                          access->isLoad ? name : access->other.str());
      continue;
    }
    // call.uni (retval0), f, (param0, param1);
    if (!line.consume_front("call.uni (retval0), ") || isInlined)
      return std::nullopt;
    auto body = bodies.find(line.split(',').first);
    if (body == bodies.end())
      return std::nullopt;
    text += "{\n" + body->second.copy(number) + "}\n";
    if (body->second.returnsEarly)
      text += fmt::format("{}_{}:\n", kEnd.str(), number);
    isInlined = true;
  }
  return isInlined ? std::optional(text) : std::nullopt;
}

std::string inlineCalls(StringRef ptx, ArrayRef<std::string> names) {
  StringMap<Body> bodies;
  for (const PtxFunction &function : findFunctions(ptx))
    if (function.isDefinition && is_contained(names, function.name))
      if (std::optional<Body> body = readBody(ptx, function))
        bodies[function.name] = std::move(*body);
  constexpr StringLiteral kBegin = "{ // callseq ";
  std::string text;
  size_t done = 0, number = 0;
  for (size_t at = 0; (at = ptx.find(kBegin, at)) != StringRef::npos;) {
    size_t from = ptx.find('\n', at), to = ptx.find("} // callseq ", at);
    if (from == StringRef::npos || to == StringRef::npos)
      break;
    if (std::optional<std::string> block =
            inlineCall(ptx.slice(from, to), bodies, number)) {
      text += (ptx.slice(done, at) + "{\n" + *block + "}").str();
      done = to + 1;
      ++number;
    }
    at = to;
  }
  return text + ptx.substr(done).str();
}

} // namespace llsa::rt
