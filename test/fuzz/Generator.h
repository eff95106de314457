//===- Generator.h - variants and specs, most of them wrong -----*- C++ -*-===//
#ifndef LLSA_TEST_FUZZ_GENERATOR_H
#define LLSA_TEST_FUZZ_GENERATOR_H

#include <cstdint>
#include <string>
#include <vector>

namespace llsa::fuzz {

struct FuzzInput {
  std::string variant;
  std::string spec;
};

/// The input of this number: a shipped variant or one made from the grammar of
/// test/numerics, as it is or with some of its words, lines and characters
/// changed; the spec likewise. Equal numbers and corpora give equal inputs.
FuzzInput makeInput(const std::vector<std::string> &corpus, uint64_t seed);

} // namespace llsa::fuzz

#endif // LLSA_TEST_FUZZ_GENERATOR_H
