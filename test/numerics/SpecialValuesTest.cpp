//===- SpecialValuesTest.cpp - NaN and infinity in the input --------------===//
//
// They propagate as in full attention: a row that sees such a key, or is one
// itself, becomes what the formula makes of it. Other rows stay as they are,
// bit by bit.
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
struct Place {
  const char *tensor;
  int64_t token;
  double value;
};

/// q, k, v with one number replaced.
NamedTensors inputsWith(const TestKernel &kernel, const KernelSpec &spec,
                        std::vector<Place> places) {
  auto inputs = makeInputs({}, spec, kernel.interpreter->inputs());
  EXPECT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
  for (const Place &place : places) {
    HostTensor &tensor = inputs->tensors.at(place.tensor);
    reference::Array values = tensor.toArray();
    values.at(0, 0, place.token, 3) = place.value;
    tensor.fill([&](int64_t e) { return values.data[size_t(e)]; });
  }
  return std::move(inputs->tensors);
}

class SpecialValues : public testing::TestWithParam<DType> {
protected:
  /// Runs `text` clean and with `places`, and checks that the latter agrees
  /// with the reference, NaN for NaN. Returns the clean and the other output.
  std::pair<reference::Array, reference::Array>
  check(const std::string &text, KernelSpec spec, std::vector<Place> places) {
    spec.dtype = GetParam();
    auto kernel = TestKernel::create(text, spec);
    EXPECT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    NamedTensors clean = inputsWith(*kernel, spec, {});
    NamedTensors inputs = inputsWith(*kernel, spec, places);
    auto before = kernel->run(clean), outputs = kernel->run(inputs);
    EXPECT_TRUE(bool(before)) << llvm::toString(before.takeError());
    EXPECT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
    auto report = checkRun(*kernel->interpreter, inputs, *outputs, nullptr);
    EXPECT_TRUE(bool(report)) << llvm::toString(report.takeError());
    EXPECT_EQ(report->message(), "");
    return {before->at("o").toArray(), outputs->at("o").toArray()};
  }
};

KernelSpec specFor(const char *text) {
  return llvm::cantFail(KernelSpec::parse(text));
}

const char *kHeader =
    "!x = tensor<?x?x?x?x!llsa.float>\n!r = tensor<?x?x?xf32>\n";

std::string attention(const std::string &ops) {
  return std::string(kHeader) +
         "func.func @f(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = \"o\"}, !r "
         "{llsa.name = "
         "\"lse\"}) {\n" +
         ops + "\n  return %o, %lse : !x, !r\n}\n";
}

const std::string kHierarchy =
    attention("%o, %lse = llsa.attention %q, %k, %v hierarchy <block = 4, "
              "levels = 2, topk = 2> "
              ": !x, !x, !x");
const std::string kDense =
    attention("%o, %lse = llsa.attend %q from dense(%k, %v) : !x, !x, !x");
const std::string kWindow =
    attention("%o, %lse = llsa.attend %q from window(%k, %v) before 3 after 0 "
              ": !x, !x, !x");
const std::string kCausal = attention(R"(
  %o, %lse = llsa.attend %q from dense(%k, %v)
      mask(%s, %b, %h, %i, %j, %n) {
        %seen = arith.cmpi ule, %j, %i : index
        llsa.yield %seen : i1
      } : !x, !x, !x)");

bool sameRow(const reference::Array &a, const reference::Array &b,
             int64_t row) {
  return std::equal(a.row(0, 0, row), a.row(0, 0, row) + a.dim(3),
                    b.row(0, 0, row));
}
/// The rows first .. last - 1 that differ: an empty list in a good test.
std::vector<int64_t> changedRows(const reference::Array &a,
                                 const reference::Array &b, int64_t first,
                                 int64_t last) {
  std::vector<int64_t> out;
  for (int64_t row = first; row < last; ++row)
    if (!sameRow(a, b, row))
      out.push_back(row);
  return out;
}
const std::vector<int64_t> kNone;
bool allNaN(const reference::Array &a, int64_t row) {
  return std::all_of(a.row(0, 0, row), a.row(0, 0, row) + a.dim(3),
                     [](double value) { return std::isnan(value); });
}
const double kInf = INFINITY;
} // namespace

TEST_P(SpecialValues, ANaNInAQueryStaysInItsRow) {
  auto [clean, output] =
      check(kDense, specFor("B=1,H=1,N=40,D=8,dtype=f32"), {{"q", 7, NAN}});
  EXPECT_TRUE(allNaN(output, 7));
  EXPECT_EQ(changedRows(clean, output, 0, 7), kNone);
  EXPECT_EQ(changedRows(clean, output, 8, 40), kNone);
}

TEST_P(SpecialValues, ANaNInAKeyIsSeenByAllInFullAttention) {
  auto [clean, output] =
      check(kDense, specFor("B=1,H=1,N=40,D=8,dtype=f32"), {{"k", 7, NAN}});
  for (int64_t row = 0; row < 40; ++row)
    EXPECT_TRUE(allNaN(output, row)) << row;
}

TEST_P(SpecialValues, AnInfiniteScore) {
  check(kDense, specFor("B=1,H=1,N=40,D=8,dtype=f32"), {{"k", 7, kInf}});
  check(kDense, specFor("B=1,H=1,N=40,D=8,dtype=f32"), {{"q", 9, -kInf}});
}

TEST_P(SpecialValues, AnInfiniteValue) {
  check(kDense, specFor("B=1,H=1,N=40,D=8,dtype=f32"), {{"v", 7, kInf}});
}

// On sm_90a heads of 32 go through the copy engine and wgmma.
static const char *const kHeads[] = {"B=1,H=1,N=40,D=8,dtype=f32",
                                     "B=1,H=1,N=72,D=32,dtype=f32"};

TEST_P(SpecialValues, AWindowKeepsThemOut) {
  for (const char *spec : kHeads)
    for (double value : {double(NAN), kInf, -kInf})
      for (const char *tensor : {"q", "k", "v"}) {
        SCOPED_TRACE(fmt::format("{}: {} in {}", spec, value, tensor));
        auto [clean, output] =
            check(kWindow, specFor(spec), {{tensor, 20, value}});
        EXPECT_EQ(changedRows(clean, output, 0, 20), kNone);
        EXPECT_EQ(changedRows(clean, output, 24, output.dim(2)), kNone);
      }
}

TEST_P(SpecialValues, AMaskKeepsThemOut) {
  for (const char *spec : kHeads)
    for (double value : {double(NAN), kInf, -kInf})
      for (const char *tensor : {"k", "v"}) {
        SCOPED_TRACE(fmt::format("{}: {} in {}", spec, value, tensor));
        auto [clean, output] =
            check(kCausal, specFor(spec), {{tensor, 20, value}});
        EXPECT_EQ(changedRows(clean, output, 0, 20), kNone);
      }
}

/// With enrichment every query sees every pooled token, so a NaN in k or v
/// reaches all; what it must not do is change which result is NaN.
TEST_P(SpecialValues, InAHierarchy) {
  for (double value : {double(NAN), kInf, -kInf})
    for (const char *tensor : {"q", "k", "v"}) {
      SCOPED_TRACE(fmt::format("{} in {}", value, tensor));
      check(kHierarchy, specFor("B=1,H=1,N=100,D=8,dtype=f32"),
            {{tensor, 33, value}});
    }
}

/// Heads share nothing.
TEST_P(SpecialValues, StayInTheirHead) {
  KernelSpec spec = specFor("B=1,H=2,N=100,D=8,dtype=f32");
  auto [clean, output] =
      check(kHierarchy, spec, {{"q", 33, NAN}, {"k", 50, kInf}, {"v", 2, NAN}});
  for (int64_t row = 0; row < 100; ++row)
    EXPECT_TRUE(std::equal(clean.row(0, 1, row), clean.row(0, 1, row) + 8,
                           output.row(0, 1, row)))
        << row;
}

/// Greater ones than float32 tells apart by 1. One key has all the weight, and
/// what its own exponent was rounded by must not make it infinite or 0.
TEST_P(SpecialValues, GreatScores) {
  std::vector<std::string> texts = {kDense, kWindow, kCausal};
  // Float16 holds no such score: there is no plain evaluation that would say
  // what rounding pooled keys may do.
  if (GetParam() != DType::F16)
    texts.push_back(kHierarchy);
  for (const char *spec : {"B=1,H=1,N=40,D=8,dtype=f32,scale=1e9",
                           "B=1,H=1,N=300,D=32,dtype=f32,scale=1e30"})
    for (const std::string &text : texts) {
      SCOPED_TRACE(fmt::format("{}: {}", spec, text));
      check(text, specFor(spec), {});
    }
}

/// Each step's scores are above those before. A GPU's weights are relative to a
/// maximum that lags behind: they grow until it follows, in float16 up to half
/// of what that holds.
TEST_P(SpecialValues, RisingScores) {
  const double kRise = 28; // natural
  KernelSpec spec = specFor("B=1,H=1,N=300,D=32,dtype=f32,scale=0.0625");
  std::vector<Place> places;
  for (int64_t token = 0; token < spec.N; ++token) {
    places.push_back({"q", token, 16});
    places.push_back({"k", token, kRise * double(token) / spec.N});
  }
  for (const std::string &text : {kDense, kWindow, kCausal, kHierarchy}) {
    SCOPED_TRACE(text);
    check(text, spec, places);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, SpecialValues,
                         testing::Values(DType::F32, DType::BF16, DType::F16),
                         [](const auto &info) {
                           return toString(info.param).str();
                         });
