//===- CacheEntry.cpp -------------------------------------------*- C++ -*-===//
#include "runtime/cache/CacheEntry.h"

#include "runtime/support/Files.h"
#include "runtime/support/Hash.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

namespace {

constexpr const char *kManifest = "manifest";

Error fail(const std::string &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

struct FileRecord {
  uint64_t bytes = 0;
  std::string hash;
};

struct FullManifest : Manifest {
  StringMap<FileRecord> files;
};

std::string printManifest(const CacheKey &key,
                          ArrayRef<std::pair<const char *, StringRef>> files) {
  std::string text =
      fmt::format("llsa-cache {}\nkey {}\n", kCacheFormatVersion, key.hex());
  for (auto [name, value] : key.fields())
    text += fmt::format("{} {} {}\n", name, value->size(), *value);
  for (auto [name, data] : files)
    text += fmt::format("file {} {} {}\n", name, data.size(), hashHex(data));
  return text + fmt::format("end {}\n", hashHex(text));
}

/// Takes "NAME SIZE TEXT\n" off the front of `rest`; TEXT may hold anything.
bool takeField(StringRef &rest, StringRef name, std::string &value) {
  size_t size = 0;
  if (!rest.consume_front(name) || !rest.consume_front(" ") ||
      rest.consumeInteger(10, size) || !rest.consume_front(" ") ||
      size >= rest.size() || rest[size] != '\n')
    return false;
  value = rest.take_front(size).str();
  rest = rest.drop_front(size + 1);
  return true;
}

Expected<FullManifest> parseManifest(StringRef text) {
  auto damaged = [] { return fail("manifest is damaged"); };
  StringRef rest = text;
  int version = 0;
  if (!rest.consume_front("llsa-cache ") || rest.consumeInteger(10, version) ||
      !rest.consume_front("\n"))
    return damaged();
  if (version != kCacheFormatVersion)
    return fail(fmt::format("the entry has format version {}, expected {}",
                            version, kCacheFormatVersion));
  size_t end = text.rfind("end ");
  if (end == StringRef::npos || end == 0 || text[end - 1] != '\n' ||
      text.substr(end + 4) != hashHex(text.take_front(end)) + "\n")
    return damaged();

  FullManifest manifest;
  rest = rest.drop_back(text.size() - end);
  if (!rest.consume_front("key "))
    return damaged();
  std::tie(manifest.hex, rest) = [&] {
    auto [line, after] = rest.split('\n');
    return std::pair<std::string, StringRef>(line.str(), after);
  }();
  for (auto [name, value] : manifest.key.fields())
    if (!takeField(rest, name, const_cast<std::string &>(*value)))
      return damaged();
  while (!rest.empty()) {
    auto [line, after] = rest.split('\n');
    rest = after;
    SmallVector<StringRef, 4> words;
    line.split(words, ' ');
    FileRecord record;
    if (words.size() != 4 || words[0] != "file" ||
        words[2].getAsInteger(10, record.bytes))
      return damaged();
    record.hash = words[3].str();
    manifest.bytes += record.bytes;
    manifest.files[words[1]] = record;
  }
  return manifest;
}

Expected<FullManifest> readFullManifest(int dir) {
  Expected<std::string> text = readFile(kManifest, dir);
  if (!text)
    return text.takeError();
  return parseManifest(*text);
}

} // namespace

Error writeEntry(const std::string &folder, const CacheKey &key,
                 StringRef source, const Program &program) {
  std::string plan = program.toJSON();
  const std::pair<const char *, StringRef> files[] = {
      {"spec.txt", key.spec},
      {"variant.mlir", source},
      {"program.json", plan},
      {"code.bin", program.code}};
  for (auto [name, data] : files)
    if (Error error = writeFileSynced(folder + "/" + name, data))
      return error;
  return writeFileSynced(folder + "/" + kManifest, printManifest(key, files));
}

Expected<Manifest> readManifest(int dir) {
  Expected<FullManifest> manifest = readFullManifest(dir);
  if (!manifest)
    return manifest.takeError();
  return Manifest(std::move(*manifest));
}

Expected<Program> readEntry(int dir, StringRef hex) {
  Expected<FullManifest> manifest = readFullManifest(dir);
  if (!manifest)
    return manifest.takeError();
  if (manifest->hex != hex || manifest->key.hex() != hex)
    return fail(fmt::format("the entry is that of key {}", manifest->hex));

  StringMap<std::string> contents;
  for (const char *name :
       {"spec.txt", "variant.mlir", "program.json", "code.bin"}) {
    auto record = manifest->files.find(name);
    if (record == manifest->files.end())
      return fail(fmt::format("manifest does not list {}", name));
    Expected<std::string> data = readFile(name, dir);
    if (!data)
      return data.takeError();
    if (data->size() != record->second.bytes)
      return fail(fmt::format("{} has {} bytes, expected {}", name,
                              data->size(), record->second.bytes));
    if (hashHex(*data) != record->second.hash)
      return fail(fmt::format("{} does not have its checksum", name));
    contents[name] = std::move(*data);
  }
  const CacheKey &key = manifest->key;
  if (contents["spec.txt"] != key.spec ||
      hashHex(contents["variant.mlir"]) != key.sourceHash)
    return fail("spec.txt or variant.mlir is not that of the key");
  Expected<Program> program = Program::fromJSON(contents["program.json"]);
  if (!program)
    return program.takeError();
  if (program->spec.str() != key.spec || program->target != key.target)
    return fail("program.json is not for the spec and target of the key");
  program->code = std::move(contents["code.bin"]);
  return program;
}

} // namespace llsa::rt
