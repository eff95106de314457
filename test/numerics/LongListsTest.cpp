//===- LongListsTest.cpp - top-k lists that registers do not hold ---------===//
//
// Queries and keys of small whole numbers, whose scores are exact and often
// equal: every target must give the list that a sort gives, entry by entry.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/RunCase.h"
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <numeric>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

namespace {
constexpr int64_t kDepth = 8;

double queryElement(int64_t e) { return double((e * 7 + e / 8) % 5) - 2; }
/// A key of NaN, two of infinities of one sign, in all elements.
double keyElement(int64_t e) {
  switch (e / kDepth) {
  case 700:
    return NAN;
  case 123:
  case 801:
    return INFINITY;
  default:
    return double((e * 11 + e / 64) % 5) - 2;
  }
}

/// The candidates of query `row`, best first.
std::vector<int64_t> sorted(int64_t row, std::vector<int64_t> candidates) {
  auto score = [&](int64_t key) {
    double sum = 0;
    for (int64_t d = 0; d < kDepth; ++d)
      sum += queryElement(row * kDepth + d) * keyElement(key * kDepth + d);
    return sum;
  };
  std::sort(candidates.begin(), candidates.end(), [&](int64_t a, int64_t b) {
    double x = score(a), y = score(b);
    if (std::isnan(x) || std::isnan(y))
      return std::isnan(x) && (!std::isnan(y) || a < b);
    return x != y ? x > y : a < b;
  });
  return candidates;
}

/// Runs a selection and gives its index rows.
std::vector<double> select(const std::string &ops, int64_t queries,
                           int64_t keys, int64_t topk) {
  std::string text = fmt::format(
      "!x = tensor<?x?x?x?x!llsa.float>\n!i = tensor<?x?x?x{}xi32>\n"
      "func.func @f(%q: !x, %k: !x, %v: !x) -> (!i {{llsa.name = \"i1\"}}) {{\n"
      "{}\n  return %i : !i\n}}\n",
      topk, ops);
  auto spec = llvm::cantFail(KernelSpec::parse(
      fmt::format("B=1,H=1,M={},N={},D={},dtype=f32", queries, keys, kDepth)));
  auto kernel = TestKernel::create(text, spec);
  EXPECT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  if (!kernel)
    return {};
  auto inputs = makeInputs({}, spec, kernel->interpreter->inputs());
  EXPECT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
  inputs->tensors.at("q").fill(queryElement);
  inputs->tensors.at("k").fill(keyElement);
  auto outputs = kernel->run(inputs->tensors);
  EXPECT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
  return outputs ? outputs->at("i1").toArray().data : std::vector<double>();
}

void expectRow(const std::vector<double> &lists, int64_t row, int64_t topk,
               std::vector<int64_t> exact) {
  exact.resize(size_t(topk), -1);
  std::vector<int64_t> got(lists.begin() + row * topk,
                           lists.begin() + (row + 1) * topk);
  EXPECT_EQ(got, exact) << "row " << row;
}
} // namespace

TEST(LongLists, OfAllKeys) {
  constexpr int64_t queries = 5, keys = 1100;
  std::vector<int64_t> all(keys);
  std::iota(all.begin(), all.end(), 0);
  // Fewer than there are keys, and more.
  for (int64_t topk : {129, 300, 1030, 1150}) {
    SCOPED_TRACE(topk);
    std::vector<double> lists =
        select(fmt::format("  %i = llsa.select %q, %k topk {} : !x, !x", topk),
               queries, keys, topk);
    ASSERT_EQ(lists.size(), size_t(queries * topk));
    for (int64_t row = 0; row < queries; ++row)
      expectRow(lists, row, topk, sorted(row, all));
  }
}

/// A block of 16 queries shares its candidates: 70 blocks of 16 keys, all of
/// them, the last one with fewer keys.
TEST(LongLists, WithinACoarserSelection) {
  constexpr int64_t queries = 16, keys = 1101, topk = 1090;
  std::vector<double> lists = select(
      fmt::format("  %a = llsa.pool %q block 16 : !x\n"
                  "  %b = llsa.pool %k block 16 : !x\n"
                  "  %c = llsa.select %a, %b topk 70 : !x, !x\n"
                  "  %i = llsa.select %q, %k topk {} within %c block 16 : !x, "
                  "!x, tensor<?x?x?x70xi32>",
                  topk),
      queries, keys, topk);
  ASSERT_EQ(lists.size(), size_t(queries * topk));
  std::vector<int64_t> all(keys);
  std::iota(all.begin(), all.end(), 0);
  for (int64_t row = 0; row < queries; ++row) {
    std::vector<int64_t> exact = sorted(row, all);
    exact.resize(topk);
    expectRow(lists, row, topk, exact);
  }
}
