//===- ReadVariant.h - the variants that are shipped ------------*- C++ -*-===//
#ifndef LLSA_TEST_NUMERICS_READVARIANT_H
#define LLSA_TEST_NUMERICS_READVARIANT_H

#include "runtime/jit/Variant.h"
#include <gtest/gtest.h>
#include <string>

namespace llsa {

/// The text of kernels/variants/`name`.
inline std::string readVariant(const char *name) {
  auto variant = rt::Variant::fromFile(std::string(LLSA_VARIANTS) + "/" + name);
  EXPECT_TRUE(bool(variant)) << llvm::toString(variant.takeError());
  return variant->text();
}

} // namespace llsa

#endif // LLSA_TEST_NUMERICS_READVARIANT_H
