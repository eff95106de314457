//===- CubinArchive.cpp - cubins of several kernels in one piece ----------===//
#include "runtime/cuda/CubinArchive.h"

#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"

using namespace llvm;

namespace llsa::rt {

static constexpr StringLiteral kEnding = ".cubin";

Expected<std::string> packCubins(ArrayRef<Cubin> cubins) {
  if (cubins.size() == 1)
    return cubins.front().code;
  std::vector<std::string> names;
  for (const Cubin &cubin : cubins)
    names.push_back(cubin.kernel + kEnding.str());
  std::vector<NewArchiveMember> members;
  for (auto [cubin, name] : zip(cubins, names))
    members.emplace_back(MemoryBufferRef(cubin.code, name));
  auto archive = writeArchiveToBuffer(members, SymtabWritingMode::NoSymtab,
                                      object::Archive::K_GNU,
                                      /*Deterministic=*/true, /*Thin=*/false);
  if (!archive)
    return archive.takeError();
  return (*archive)->getBuffer().str();
}

Expected<std::vector<Cubin>> unpackCubins(StringRef code) {
  std::vector<Cubin> cubins;
  if (identify_magic(code) != file_magic::archive) {
    cubins.push_back({"", code.str()});
    return cubins;
  }
  auto archive = object::Archive::create(MemoryBufferRef(code, "cubins"));
  if (!archive)
    return archive.takeError();
  Error error = Error::success();
  for (const object::Archive::Child &child : (*archive)->children(error)) {
    Expected<StringRef> name = child.getName();
    Expected<StringRef> data = name ? child.getBuffer() : name.takeError();
    if (!data)
      return joinErrors(std::move(error), data.takeError());
    // LLVM does not look whether the last one is all there.
    if (data->end() > code.end())
      return joinErrors(
          std::move(error),
          createStringError("the archive of cubins ends in the middle of one"));
    name->consume_back(kEnding);
    cubins.push_back({name->str(), data->str()});
  }
  if (error)
    return std::move(error);
  return cubins;
}

} // namespace llsa::rt
