//===- PtxFunctions.cpp - functions in PTX texts --------------------------===//
#include "runtime/cuda/PtxFunctions.h"

#include "runtime/cuda/PtxWords.h"
#include "runtime/program/PtxBraces.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/VersionTuple.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Takes "(...)" off the front of `text`, if it stands there, and gives what it
/// lists: ".param .align 4 .b8 name[8]" is of type ".align 4 .b8[8]".
static std::vector<PtxParameter> takeParameters(StringRef &text) {
  std::vector<PtxParameter> parameters;
  text = text.ltrim();
  if (!text.consume_front("("))
    return parameters;
  auto [list, rest] = text.split(')');
  text = rest.ltrim();
  SmallVector<StringRef> parts;
  list.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    part = part.trim();
    part.consume_front(".param");
    auto [name, size] = part.substr(part.find_last_of(" \t") + 1).split('[');
    PtxParameter parameter;
    parameter.type = part.take_front(name.data() - part.data()).trim().str();
    if (!size.empty())
      parameter.type += ("[" + size).str();
    parameter.name = name.str();
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

std::string PtxFunction::type() const {
  auto types = [](ArrayRef<PtxParameter> list) {
    return "(" +
           join(map_range(list,
                          [](const PtxParameter &parameter) {
                            return parameter.type;
                          }),
                ", ") +
           ")";
  };
  return types(parameters) + " -> " + types(results);
}

/// Takes ".extern", ".visible" or ".weak" off the front; gives what it took.
static StringRef takeLinkage(StringRef &text) {
  for (StringRef linkage : {".extern", ".visible", ".weak"})
    if (text.consume_front(linkage)) {
      text = text.ltrim(" \t");
      return linkage;
    }
  return "";
}

/// The function whose first line begins at `line`, if one does.
static std::optional<PtxFunction> readFunction(StringRef ptx, size_t line) {
  StringRef text = ptx.substr(line).ltrim(" \t");
  PtxFunction function;
  function.linkage = text.data() - ptx.data();
  function.isInternal = takeLinkage(text).empty();
  if (!text.consume_front(".func"))
    return std::nullopt;
  function.results = takeParameters(text);
  function.name = text.take_until([](char c) {
                        return c == '(' || c == ';' || c == '{' || isSpace(c);
                      })
                      .str();
  text = text.drop_front(function.name.size());
  function.parameters = takeParameters(text);
  size_t end = ptx.find_first_of("{;", text.data() - ptx.data());
  function.end = end == StringRef::npos ? ptx.size() : end + 1;
  function.isDefinition = end != StringRef::npos && ptx[end] == '{';
  if (function.isDefinition) {
    function.bodyBegin = end + 1;
    function.bodyEnd = findClosingBrace(ptx, end + 1);
  }
  return function;
}

std::vector<PtxFunction> findFunctions(StringRef ptx) {
  std::vector<PtxFunction> functions;
  for (size_t line = 0; line < ptx.size();) {
    if (std::optional<PtxFunction> function = readFunction(ptx, line))
      functions.push_back(std::move(*function));
    size_t end = ptx.find('\n', line);
    line = end == StringRef::npos ? ptx.size() : end + 1;
  }
  return functions;
}

/// The variable whose line begins at `line`, if one does.
static std::optional<PtxVariable> readVariable(StringRef line) {
  line = line.ltrim(" \t");
  StringRef linkage = takeLinkage(line);
  if (!line.starts_with(".global") && !line.starts_with(".const") &&
      !line.starts_with(".shared"))
    return std::nullopt;
  StringRef declared =
      line.take_until([](char c) { return c == '[' || c == '=' || c == ';'; })
          .rtrim();
  PtxVariable variable;
  variable.name = declared.substr(declared.find_last_of(" \t") + 1).str();
  variable.isDefinition = linkage != ".extern";
  variable.isInternal = linkage.empty();
  return variable;
}

std::vector<PtxVariable> findVariables(StringRef ptx) {
  std::vector<PtxVariable> variables;
  int64_t depth = 0; // of braces and parentheses
  bool begins = true;
  for (size_t at = 0; at < ptx.size(); ++at) {
    if (begins && depth == 0)
      if (std::optional<PtxVariable> variable = readVariable(ptx.substr(at)))
        variables.push_back(std::move(*variable));
    if (size_t behind = skipPtxText(ptx, at); behind != at)
      at = behind - 1;
    char c = ptx[at];
    begins = c == '\n';
    depth += c == '{' || c == '(' ? 1 : c == '}' || c == ')' ? -1 : 0;
  }
  return variables;
}

//===----------------------------------------------------------------------===//
// Joining
//===----------------------------------------------------------------------===//

namespace {
struct Definition {
  std::string source; ///< the text's name
  std::string type;
};
} // namespace

/// The word behind `directive` at the beginning of a line: "8.8" for
/// ".version".
static StringRef headerValue(StringRef ptx, StringRef directive) {
  for (StringRef line : split(ptx, '\n'))
    if (line.consume_front(directive))
      return line.trim().take_until(isSpace);
  return {};
}

/// The text without the directives that only one text may have.
static std::string withoutHeader(StringRef ptx) {
  std::string body;
  for (StringRef line : split(ptx, '\n'))
    if (!line.starts_with(".version") && !line.starts_with(".target") &&
        !line.starts_with(".address_size"))
      body += (line + "\n").str();
  return body;
}

namespace {
/// Who has which name, of all texts so far.
class Names {
public:
  /// Takes what `text` defines; what is internal and taken is renamed in it.
  Error take(PtxText &text) {
    StringMap<std::string> others; // old and new names
    std::string problem;
    auto enter = [&](const std::string &name, bool isInternal,
                     const char *kind) {
      if (owners.try_emplace(name, text.name).second)
        return;
      if (!isInternal) {
        if (problem.empty())
          problem = fmt::format("'{}' and '{}' both define the {} '{}'",
                                owners[name], text.name, kind, name);
        return;
      }
      std::string other = name;
      for (size_t number = 2; !owners.try_emplace(other, text.name).second;)
        other = fmt::format("{}_{}", name, number++);
      others[name] = other;
    };
    for (const PtxFunction &function : findFunctions(text.text))
      if (function.isDefinition)
        enter(function.name, function.isInternal, "function");
    for (const PtxVariable &variable : findVariables(text.text))
      if (variable.isDefinition)
        enter(variable.name, variable.isInternal, "variable");
    if (!problem.empty())
      return createStringError(problem);
    if (!others.empty())
      text.text = replaceWords(
          text.text, [&](StringRef word) -> std::optional<std::string> {
            auto found = others.find(word);
            if (found == others.end())
              return std::nullopt;
            return found->second;
          });
    return Error::success();
  }

private:
  StringMap<std::string> owners;
};
} // namespace

/// `ptx` as it stands behind texts that define the functions `before`: what it
/// declares of these must not be said again, and of others that are defined in
/// the same text, not as .extern. Enters its own into `before`.
static std::string resolve(StringRef ptx,
                           const StringMap<Definition> &definitions,
                           StringSet<> &before) {
  std::string text;
  size_t done = 0;
  for (const PtxFunction &function : findFunctions(ptx)) {
    if (function.isDefinition) {
      before.insert(function.name);
      continue;
    }
    StringRef rest = ptx.substr(function.linkage);
    if (before.contains(function.name)) {
      text += ptx.slice(done, function.linkage);
      done = function.end;
    } else if (definitions.contains(function.name) &&
               rest.consume_front(".extern")) {
      text += (ptx.slice(done, function.linkage) + ".visible").str();
      done = ptx.size() - rest.size();
    }
  }
  return text + ptx.substr(done).str();
}

Expected<std::string> joinPtx(StringRef kernel, ArrayRef<PtxText> given,
                              ArrayRef<std::string> needed) {
  StringMap<Definition> definitions;
  std::vector<std::string> names;
  std::vector<PtxText> others = given.vec();
  Names taken;
  for (PtxText &other : others) {
    if (Error error = taken.take(other))
      return std::move(error);
    for (const PtxFunction &function : findFunctions(other.text))
      if (function.isDefinition) {
        definitions.try_emplace(function.name,
                                Definition{other.name, function.type()});
        names.push_back(function.name);
      }
  }
  for (const PtxFunction &function : findFunctions(kernel)) {
    if (function.isDefinition || !is_contained(needed, function.name))
      continue;
    auto found = definitions.find(function.name);
    if (found == definitions.end())
      return createStringError(fmt::format(
          "no source defines the device function '{}': expected an extern "
          "\"C\" __device__ function of that name, got {}",
          function.name, names.empty() ? "none" : llvm::join(names, ", ")));
    if (found->second.type != function.type())
      return createStringError(fmt::format(
          "the variant declares the device function '{}' as {}, but '{}' "
          "defines it as {}",
          function.name, function.type(), found->second.source,
          found->second.type));
  }

  VersionTuple version;
  auto raise = [&](StringRef ptx) {
    VersionTuple own;
    if (!own.tryParse(headerValue(ptx, ".version")))
      version = std::max(version, own);
  };
  raise(kernel);
  for (const PtxText &other : others)
    raise(other.text);
  std::string text =
      fmt::format(".version {}\n.target {}\n.address_size 64\n",
                  version.getAsString(), headerValue(kernel, ".target").str());
  StringSet<> before;
  for (const PtxText &other : others)
    text +=
        fmt::format("\n// {}\n{}", other.name,
                    withoutHeader(resolve(other.text, definitions, before)));
  return text + withoutHeader(resolve(kernel, definitions, before));
}

} // namespace llsa::rt
