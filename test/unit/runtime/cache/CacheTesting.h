//===- CacheTesting.h - keys and programs for cache tests -------*- C++ -*-===//
#ifndef LLSA_TEST_UNIT_RUNTIME_CACHE_CACHETESTING_H
#define LLSA_TEST_UNIT_RUNTIME_CACHE_CACHETESTING_H

#include "runtime/cache/KernelCache.h"
#include "runtime/support/Hash.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/Testing.h"

namespace llsa::test {

inline std::string sourceOf(int i) {
  return "// variant " + std::to_string(i) + "\n";
}

/// The key of test kernel `i`.
inline rt::CacheKey keyOf(int i) {
  return {"fake",
          rt::hashHex(sourceOf(i)),
          "B=1,H=1,N=" + std::to_string(i + 1) + ",D=8,dtype=f32",
          kFakeTarget,
          "",
          "build-1"};
}

/// The program of test kernel `i`; its code tells `i` in every byte.
inline Program programOf(int i, size_t codeBytes = 5000) {
  Program program = fakeProgram(spec(keyOf(i).spec));
  program.explain = "kernel " + std::to_string(i);
  program.code.assign(codeBytes, char('a' + i % 26));
  return program;
}

inline bool isProgramOf(const Program &program, int i,
                        size_t codeBytes = 5000) {
  Program expected = programOf(i, codeBytes);
  return program.toJSON() == expected.toJSON() && program.code == expected.code;
}

/// Options for a cache in `dir`, whatever the environment says.
inline rt::CacheOptions cacheIn(const std::string &dir) {
  rt::CacheOptions options;
  options.dir = dir;
  return options;
}

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_CACHE_CACHETESTING_H
