//===- CacheKey.cpp ---------------------------------------------*- C++ -*-===//
#include "runtime/cache/CacheKey.h"

#include "runtime/support/Hash.h"
#include <fmt/format.h>

namespace llsa::rt {

std::vector<std::pair<const char *, const std::string *>>
CacheKey::fields() const {
  return {{"variant", &variant}, {"source", &sourceHash}, {"spec", &spec},
          {"target", &target},   {"options", &options},   {"build", &build}};
}

std::string CacheKey::hex() const {
  // Lengths keep the fields apart: "ab" + "c" is not "a" + "bc".
  std::string text;
  for (auto [name, value] : fields())
    text += fmt::format("{} {} {}\n", name, value->size(), *value);
  return hashHex(text);
}

} // namespace llsa::rt
