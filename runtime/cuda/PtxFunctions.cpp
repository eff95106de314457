//===- PtxFunctions.cpp - functions in PTX texts --------------------------===//
#include "runtime/cuda/PtxFunctions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
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

/// Where the "}" stands that belongs to the "{" in front of `from`.
static size_t findClosingBrace(StringRef text, size_t from) {
  for (int64_t depth = 1; from < text.size(); ++from) {
    depth += text[from] == '{' ? 1 : text[from] == '}' ? -1 : 0;
    if (depth == 0)
      return from;
  }
  return text.size();
}

/// The function whose first line begins at `line`, if one does.
static std::optional<PtxFunction> readFunction(StringRef ptx, size_t line) {
  StringRef text = ptx.substr(line).ltrim(" \t");
  PtxFunction function;
  function.linkage = text.data() - ptx.data();
  for (StringRef linkage : {".extern", ".visible", ".weak"})
    if (text.consume_front(linkage))
      text = text.ltrim(" \t");
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

/// Declarations of functions that are defined in the same text must not say
/// .extern.
static std::string resolve(StringRef ptx,
                           const StringMap<Definition> &definitions) {
  std::string text;
  size_t done = 0;
  for (const PtxFunction &function : findFunctions(ptx)) {
    StringRef rest = ptx.substr(function.linkage);
    if (!definitions.contains(function.name) || !rest.consume_front(".extern"))
      continue;
    text += ptx.slice(done, function.linkage);
    text += ".visible";
    done = ptx.size() - rest.size();
  }
  return text + ptx.substr(done).str();
}

Expected<std::string> joinPtx(StringRef kernel, ArrayRef<PtxText> others,
                              ArrayRef<std::string> needed) {
  StringMap<Definition> definitions;
  std::vector<std::string> names;
  for (const PtxText &other : others)
    for (const PtxFunction &function : findFunctions(other.text)) {
      if (!function.isDefinition)
        continue;
      auto [place, isNew] = definitions.try_emplace(
          function.name, Definition{other.name, function.type()});
      if (!isNew)
        return createStringError(
            fmt::format("'{}' and '{}' both define the function '{}'",
                        place->second.source, other.name, function.name));
      names.push_back(function.name);
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
  text += withoutHeader(resolve(kernel, definitions));
  for (const PtxText &other : others)
    text += fmt::format("\n// {}\n{}", other.name,
                        withoutHeader(resolve(other.text, definitions)));
  return text;
}

} // namespace llsa::rt
