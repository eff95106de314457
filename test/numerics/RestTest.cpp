//===- RestTest.cpp - what rounding took from an output -------------------===//
//
// Queries of 0 give all keys the same weight, so that every target computes the
// mean of the values in float32; an output and its rest together must be that
// mean, to eight bits more than the output's type has.
//
//===----------------------------------------------------------------------===//
#include "kernels/reference/Rounding.h"
#include "test/numerics/RunCase.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

static const char *const kText = R"(
!x = tensor<?x?x?x?x!llsa.float>
!rest = tensor<?x?x?x?xi8>
func.func @f(%q: !x, %k: !x, %v: !x)
    -> (!x {llsa.name = "o"}, !rest {llsa.name = "rest"}) {
  %o, %lse, %rest = llsa.attend %q from dense(%k, %v) rest : !x, !x, !x
  return %o, %rest : !x, !rest
}
)";

/// The mean of the values in each column.
static std::vector<double> meansOf(const reference::Array &values) {
  std::vector<double> means(size_t(values.dim(3)), 0.0);
  for (size_t e = 0; e < values.data.size(); ++e)
    means[e % means.size()] += values.data[e] / double(values.dim(2));
  return means;
}

/// `rounded` moved by `rest`, as LLSAOps.td says.
static double withRest(double rounded, double rest, DType dtype) {
  int32_t unit = dtype == DType::BF16 ? 256 : 32;
  auto bits = llvm::bit_cast<int32_t>(static_cast<float>(rounded));
  return llvm::bit_cast<float>(bits + static_cast<int32_t>(rest) * unit);
}

class Rest : public testing::TestWithParam<std::tuple<DType, int64_t>> {};

TEST_P(Rest, IsWhatRoundingTook) {
  auto [dtype, depth] = GetParam();
  KernelSpec spec = llvm::cantFail(KernelSpec::parse(
      fmt::format("B=1,H=1,N=43,D={},dtype={}", depth, toString(dtype).str())));
  auto kernel = TestKernel::create(kText, spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  auto inputs = makeInputs({}, spec, kernel->interpreter->inputs());
  ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
  inputs->tensors.at("q").fill([](int64_t) { return 0.0; });
  auto outputs = kernel->run(inputs->tensors);
  ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());

  std::vector<double> means = meansOf(inputs->tensors.at("v").toArray());
  std::vector<double> o = outputs->at("o").toArray().data,
                      rest = outputs->at("rest").toArray().data;
  // Half a unit of the rest, a whole one where it is full, and what float32
  // sums of 43 values may differ by where they cancel.
  double unit = dtype == DType::BF16 ? 0x1p-15 : 0x1p-18;
  size_t used = 0;
  for (size_t e = 0; e < o.size(); ++e) {
    double mean = means[e % means.size()];
    EXPECT_NEAR(withRest(o[e], rest[e], dtype), mean,
                unit * std::fabs(mean) + 0x1p-21)
        << "row " << e / means.size() << ", column " << e % means.size();
    used += std::fabs(rest[e]) > 64;
  }
  EXPECT_GT(used, o.size() / 4) << "rests are the numbers that they could be";
}

// Columns in pieces of 32, and such that are not.
INSTANTIATE_TEST_SUITE_P(
    Types, Rest,
    testing::Combine(testing::Values(DType::BF16, DType::F16),
                     testing::Values(24, 32, 128)),
    [](const auto &info) {
      return fmt::format("{}_{}", toString(std::get<0>(info.param)).str(),
                         std::get<1>(info.param));
    });
