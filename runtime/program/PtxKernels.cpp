//===- PtxKernels.cpp - one PTX text, or one for each kernel --------------===//
#include "runtime/program/PtxKernels.h"

#include "runtime/program/PtxBraces.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include <cassert>
#include <fmt/format.h>

using namespace llvm;

namespace llsa {

namespace {

/// A kernel's place in a text.
struct Entry {
  StringRef name;
  size_t begin, end;
};

/// Behind the "}" that closes the first "{" at or behind `from`.
size_t endOfBody(StringRef ptx, size_t from) {
  size_t open = ptx.find('{', from);
  return open == StringRef::npos
             ? ptx.size()
             : std::min(findClosingBrace(ptx, open + 1) + 1, ptx.size());
}

/// "name" when a line is ".entry name(" or ".visible .entry name(".
StringRef entryName(StringRef line) {
  line = line.ltrim();
  for (StringRef linkage : {".visible", ".weak"})
    if (line.consume_front(linkage))
      line = line.ltrim();
  if (!line.consume_front(".entry"))
    return {};
  return line.ltrim().take_until([](char c) { return c == '(' || isSpace(c); });
}

SmallVector<Entry> findEntries(StringRef ptx) {
  SmallVector<Entry> entries;
  for (size_t at = 0; at < ptx.size();) {
    StringRef line =
        ptx.substr(at).take_until([](char c) { return c == '\n'; });
    StringRef name = entryName(line);
    if (!name.empty()) {
      size_t end = endOfBody(ptx, at);
      entries.push_back({name, at, end});
      at = end;
      continue;
    }
    at += line.size() + 1;
  }
  return entries;
}

/// Without LLVM's comments ("// .globl name"), which belong to kernels.
std::string withoutComments(StringRef text) {
  std::string result;
  for (StringRef line : split(text, '\n'))
    if (!line.ltrim().starts_with("//"))
      result += (line + "\n").str();
  return result;
}

} // namespace

std::vector<PtxKernel> splitPtxKernels(StringRef ptx) {
  SmallVector<Entry> entries = findEntries(ptx);
  std::vector<PtxKernel> kernels;
  for (const Entry &own : entries) {
    PtxKernel kernel{own.name.str(), ""};
    size_t done = 0;
    for (const Entry &entry : entries) {
      kernel.text += ptx.slice(done, entry.begin);
      if (entry.begin == own.begin)
        kernel.text += ptx.slice(entry.begin, entry.end);
      done = entry.end;
    }
    kernel.text += ptx.substr(done);
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

std::string joinPtxKernels(ArrayRef<std::string> texts) {
  if (texts.size() == 1)
    return texts.front();
  constexpr StringLiteral kEndOfHeader = ".address_size 64\n";
  std::string header, declarations, kernels;
  StringSet<> known;
  for (StringRef ptx : texts) {
    size_t end = ptx.find(kEndOfHeader);
    assert(end != StringRef::npos && "PTX without a header");
    end += kEndOfHeader.size();
    header = ptx.take_front(end).str();
    SmallVector<Entry> entries = findEntries(ptx);
    size_t first = entries.empty() ? ptx.size() : entries.front().begin;
    std::string front = withoutComments(ptx.slice(end, first));
    for (StringRef declaration : split(front, ';'))
      if (!declaration.trim().empty() &&
          known.insert(declaration.trim()).second)
        declarations += (declaration.trim() + ";\n").str();
    for (const Entry &entry : entries)
      kernels += fmt::format("\n\t// .globl\t{}\n{}\n", entry.name.str(),
                             ptx.slice(entry.begin, entry.end).str());
  }
  return header + "\n" + declarations + kernels;
}

} // namespace llsa
