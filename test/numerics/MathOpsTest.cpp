//===- MathOpsTest.cpp - functions of the math dialect, digit by digit ----===//
//
// Each function over a range of arguments and over the awkward ones, against
// the host's in float64.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/RunCase.h"
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

namespace {
struct Function {
  const char *name;
  double (*exact)(double x, double y);
  double greatest; ///< magnitude of most arguments
  double least = 1e-6;
  bool isBinary = false;
  double units = 6; ///< in the last place
};
template <double (*f)(double)> double unary(double x, double) { return f(x); }

const Function kFunctions[] = {
    {"sin", unary<std::sin>, 1e9},
    {"cos", unary<std::cos>, 1e9},
    {"tan", unary<std::tan>, 1e9},
    {"asin", unary<std::asin>, 1.01},
    {"acos", unary<std::acos>, 1.01},
    {"atan", unary<std::atan>, 1e20},
    {"sinh", unary<std::sinh>, 92},
    {"cosh", unary<std::cosh>, 92},
    {"tanh", unary<std::tanh>, 20, 1e-6, false, /*units=*/1.5},
    {"asinh", unary<std::asinh>, 1e30},
    {"acosh", unary<std::acosh>, 1e30, 0.9},
    {"atanh", unary<std::atanh>, 1.01},
    {"exp", unary<std::exp>, 110},
    {"exp2", unary<std::exp2>, 155},
    {"expm1", unary<std::expm1>, 92},
    {"log", unary<std::log>, 1e37, 1e-37},
    {"log2", unary<std::log2>, 1e37, 1e-37},
    {"log10", unary<std::log10>, 1e37, 1e-37},
    {"log1p", unary<std::log1p>, 1e37},
    {"erf", unary<std::erf>, 5},
    {"erfc", unary<std::erfc>, 9},
    {"cbrt", unary<std::cbrt>, 1e38, 1e-38},
    {"sqrt", unary<std::sqrt>, 1e38, 1e-37},
    {"powf", std::pow, 60, 1e-3, /*isBinary=*/true},
    {"atan2", std::atan2, 1e10, 1e-10, /*isBinary=*/true},
};

class MathOps : public testing::TestWithParam<Function> {};

constexpr double kAwkward[] = {0.0,  -0.0,  1.0, -1.0,  0.5,       -0.5,
                               2.0,  -2.0,  3.0, -3.0,  1e-20,     -1e-20,
                               3e38, -3e38, NAN, 1e-40, 16777217.0};
} // namespace

TEST_P(MathOps, AreRightToSomeUnitsInTheLastPlace) {
  const Function &function = GetParam();
  std::string call = function.isBinary ? "%q, %k" : "%q";
  std::string text = fmt::format(
      "!x = tensor<?x?x?x?x!llsa.float>\n"
      "func.func @f(%q: !x, %k: !x, %v: !x) -> (!x {{llsa.name = \"o\"}}) {{\n"
      "  %o = math.{} {} : !x\n  return %o : !x\n}}\n",
      function.name, call);
  auto spec = llvm::cantFail(KernelSpec::parse("B=1,H=1,N=64,D=16,dtype=f32"));
  auto kernel = TestKernel::create(text, spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  auto inputs = makeInputs({}, spec, kernel->interpreter->inputs());
  ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());

  // Magnitudes evenly in their logarithms, signs in turn; then the awkward
  // ones, each with each.
  std::vector<double> awkward(std::begin(kAwkward), std::end(kAwkward));
  awkward.insert(awkward.end(), {INFINITY, -INFINITY});
  double range = std::log(function.greatest / function.least);
  auto argument = [&](int64_t e, int which) -> double {
    size_t n = awkward.size();
    if (size_t(e) < n * n)
      return float(awkward[which ? size_t(e) / n : size_t(e) % n]);
    double place = which ? double(e * 37 % 1024) / 1024 : double(e) / 1024;
    double size = function.least * std::exp(range * place);
    return float((e >> which) & 1 ? -size : size);
  };
  for (auto [which, name] : {std::pair(0, "q"), {1, "k"}})
    inputs->tensors.at(name).fill(
        [&, which = which](int64_t e) { return argument(e, which); });
  auto outputs = kernel->run(inputs->tensors);
  ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
  const std::vector<double> results = outputs->at("o").toArray().data;
  ASSERT_EQ(results.size(), 1024u);
  for (int64_t e = 0; e < 1024; ++e) {
    double x = argument(e, 0), y = argument(e, 1), got = results[size_t(e)];
    // To these logarithms a subnormal number is the least normal one.
    if (function.least == 1e-37 && std::abs(x) < 0x1p-126)
      continue;
    double exact = function.exact(x, y);
    std::string where = fmt::format("{}({}, {})", function.name, x, y);
    if (std::isnan(exact) || std::isinf(float(exact))) {
      EXPECT_TRUE(std::isnan(exact) ? std::isnan(got) : got == float(exact))
          << where << " is " << got << ", not " << exact;
      continue;
    }
    // Subnormal results may be 0.
    double bound = function.units * std::abs(exact) * 0x1p-23 + 0x1p-126;
    EXPECT_LE(std::abs(got - exact), bound) << where << " is " << got;
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, MathOps, testing::ValuesIn(kFunctions),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });
