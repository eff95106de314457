//===- GradientTest.cpp - derived backwards against the reference ---------===//
//
// The random cases of CpuVsReferenceTest.cpp, differentiated; see
// GradientCase.h for the check. `--cases` and `--first` choose them.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/ForEachCase.h"
#include "test/numerics/GradientCase.h"
#include "test/numerics/ReadVariant.h"
#include "tools/llsa-run/CheckGradients.h"
#include "tools/llsa-run/Gradients.h"
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <mutex>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

TEST(Gradients, AnInputThatIsNoGradientOfAResultIsRefused) {
  Buffer output{"o", Buffer::Role::Output, ElementType::F32, {1, 2, 3, 8}};
  Buffer gradient{"do", Buffer::Role::Input, ElementType::F32, {1, 2, 3, 8}};
  Program keep, backward;
  backward.variant = "v";
  keep.buffers = {output};
  backward.buffers = {gradient};
  auto ports = gradientPorts(keep, backward);
  ASSERT_TRUE(bool(ports)) << llvm::toString(ports.takeError());
  ASSERT_EQ(ports->size(), 1u);
  EXPECT_EQ(ports->front().name, "do");
  backward.buffers.front().shape = {1, 2, 4, 8};
  EXPECT_EQ(llvm::toString(gradientPorts(keep, backward).takeError()),
            "kernel 'v': its backward takes 'do', 1x2x4x8 of f32, which is no "
            "input, no result of the forward and no result's gradient");
  backward.buffers.front() = {"extra", Buffer::Role::Input, ElementType::F32};
  EXPECT_FALSE(bool(llvm::expectedToOptional(gradientPorts(keep, backward))));
}

TEST(Gradients, RandomCases) {
  Options &options = Options::get();
  std::mutex mutex;
  std::map<uint64_t, std::string> failures;
  double worst = 0;
  int64_t cases = 0;
  uint64_t worstSeed = 0;
  double seconds = forEachCase<GradientCaseRunner>(
      options, [&](GradientCaseRunner &runner, const Case &c) {
        double share = 0;
        std::string failure = runner.run(c, share);
        std::lock_guard<std::mutex> lock(mutex);
        if (!failure.empty() && options.verbose)
          fmt::print(stderr, "case {}: {}\n", c.seed, failure);
        if (!failure.empty())
          failures.emplace(c.seed, failure);
        if (share > worst) {
          worst = share;
          worstSeed = c.seed;
        }
        if (++cases % 250 == 0) {
          fmt::print("{} cases done\n", cases);
          std::fflush(stdout);
        }
      });
  fmt::print("{} cases (seeds {} to {}) in {:.0f} s, the worst with {:.2f} of "
             "the allowed error (seed {})\n",
             cases, options.first, options.first + options.cases - 1, seconds,
             worst, worstSeed);
  int shown = 0;
  for (const auto &[seed, failure] : failures)
    if (++shown <= 10)
      ADD_FAILURE() << failure << "\nseed " << seed << ":\n"
                    << describe(randomCase(seed, options.casesPerKernel));
  EXPECT_EQ(failures.size(), 0u);
}

//===----------------------------------------------------------------------===//
// Properties
//===----------------------------------------------------------------------===//

/// Inputs, with "do" as `fill` says if it is given.
static llvm::Expected<GradientRun>
runOn(const GradientKernel &kernel, const KernelSpec &spec,
      llvm::function_ref<double(int64_t)> fill = nullptr) {
  auto inputs = makeInputs({}, spec, kernel.interpreter->inputs());
  if (!inputs)
    return inputs.takeError();
  auto gradients = kernel.outputGradients(/*seed=*/7);
  if (!gradients)
    return gradients.takeError();
  if (fill)
    gradients->at("do").fill(fill);
  inputs->tensors.merge(*gradients);
  return kernel.run(std::move(inputs->tensors));
}

/// Checks a variant's gradients against its forward's definition.
static void expectGradients(const std::string &variant,
                            const std::string &specText) {
  SCOPED_TRACE(specText);
  KernelSpec spec = llvm::cantFail(KernelSpec::parse(specText));
  auto kernel = GradientKernel::create(variant, spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  auto run = runOn(*kernel, spec);
  ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
  double worst = 0;
  EXPECT_EQ(checkDirections(*kernel, *run, spec.dtype, 1, worst), "");
}

TEST(Gradients, ShippedVariants) {
  for (auto [name, specText] :
       std::initializer_list<std::pair<const char *, const char *>>{
           {"dense.mlir", "B=1,H=2,Hkv=1,N=300,D=32,dtype=f32"},
           {"window.mlir", "B=1,H=2,N=700,D=16,dtype=f32"},
           {"llsa.mlir", "B=2,H=2,Hkv=1,N=1000,D=32,dtype=f32,levels=2"},
           {"llsa.mlir", "B=1,H=1,N=600,D=64,dtype=bf16,levels=3,block=5"},
           {"llsa-l1.mlir", "B=1,H=2,N=500,D=16,dtype=f16"},
           {"llsa-l2.mlir", "B=1,H=2,N=1024,D=16,dtype=f32"},
           {"llsa-l3.mlir", "B=1,H=1,N=5000,D=8,dtype=f32"},
           {"topk.mlir", "B=1,H=2,N=777,D=24,dtype=f32,levels=2"},
           {"softcap.mlir", "B=1,H=2,N=500,D=16,dtype=f32,levels=1"},
           {"alibi.mlir", "B=1,H=2,N=500,D=16,dtype=f32,levels=1"}}) {
    SCOPED_TRACE(name);
    expectGradients(readVariant(name), specText);
  }
}

namespace {
/// What a score becomes: %y of %s.
struct ScoreFunction {
  const char *name, *body;
};
} // namespace

static const ScoreFunction kScoreFunctions[] = {
    {"exp", "%y = math.exp %s : f32"},
    {"exp2", "%y = math.exp2 %s : f32"},
    {"expm1", "%y = math.expm1 %s : f32"},
    {"log", "%y = math.log %positive : f32"},
    {"log2", "%y = math.log2 %positive : f32"},
    {"log10", "%y = math.log10 %positive : f32"},
    {"log1p", "%y = math.log1p %positive : f32"},
    {"sqrt", "%y = math.sqrt %positive : f32"},
    {"rsqrt", "%y = math.rsqrt %positive : f32"},
    {"cbrt", "%y = math.cbrt %positive : f32"},
    {"powf", "%base = arith.addf %inside, %one : f32\n"
             "%y = math.powf %base, %s : f32"},
    {"fpowi", "%n3 = arith.constant 3 : i32\n"
              "%y = math.fpowi %s, %n3 : f32, i32"},
    {"sin", "%y = math.sin %s : f32"},
    {"cos", "%y = math.cos %s : f32"},
    {"sincos", "%sine, %cosine = math.sincos %s : f32\n"
               "%y = arith.mulf %sine, %cosine : f32"},
    {"sincosOfWhichOne", "%sine, %y = math.sincos %s : f32"},
    {"tan", "%y = math.tan %inside : f32"},
    {"asin", "%y = math.asin %inside : f32"},
    {"acos", "%y = math.acos %inside : f32"},
    {"atan", "%y = math.atan %s : f32"},
    {"atan2", "%y = math.atan2 %s, %positive : f32"},
    {"sinh", "%y = math.sinh %s : f32"},
    {"cosh", "%y = math.cosh %s : f32"},
    {"tanh", "%y = math.tanh %s : f32"},
    {"asinh", "%y = math.asinh %s : f32"},
    {"acosh", "%more = arith.addf %positive, %one : f32\n"
              "%y = math.acosh %more : f32"},
    {"atanh", "%y = math.atanh %inside : f32"},
    {"erf", "%y = math.erf %s : f32"},
    {"erfc", "%y = math.erfc %s : f32"},
    {"absf", "%y = math.absf %s : f32"},
    {"copysign", "%minus = arith.constant -2.0 : f32\n"
                 "%y = math.copysign %s, %minus : f32"},
    {"clampf", "%low = arith.negf %half : f32\n"
               "%y = math.clampf %s to [%low, %positive] : f32"},
    {"maximumf", "%y = arith.maximumf %s, %half : f32"},
    {"minimumf", "%y = arith.minimumf %s, %half : f32"},
};

class ScoreFunctions : public testing::TestWithParam<ScoreFunction> {};

/// Against differences of the reference's function.
TEST_P(ScoreFunctions, HaveGradients) {
  std::string text = fmt::format(R"(!x = tensor<?x?x?x?x!llsa.float>
func.func @variant(%q: !x, %k: !x, %v: !x) -> (!x {{llsa.name = "o"}}) {{
  %o, %lse = llsa.attend %q from dense(%k, %v)
      score(%s, %b, %h, %i, %j, %n) {{
        %half = arith.constant 0.5 : f32
        %one = arith.constant 1.0 : f32
        %square = arith.mulf %s, %s : f32
        %positive = arith.addf %square, %half : f32
        %bounded = math.tanh %s : f32
        %inside = arith.mulf %bounded, %half : f32
        {}
        llsa.yield %y : f32
      }} : !x, !x, !x
  return %o : !x
}}
)",
                                 GetParam().body);
  expectGradients(text, "B=1,H=1,N=40,D=16,dtype=f32");
}

INSTANTIATE_TEST_SUITE_P(Gradients, ScoreFunctions,
                         testing::ValuesIn(kScoreFunctions),
                         [](const auto &info) {
                           return std::string(info.param.name);
                         });

/// On whole tensors: an op whose two results have one operand.
TEST(Gradients, OfSineAndCosineOfTensors) {
  const char *text = R"(!x = tensor<?x?x?x?x!llsa.float>
func.func @variant(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}) {
  %sine, %cosine = math.sincos %q : !x
  %other, %c = math.sincos %v : !x
  %p, %lse = llsa.attend %sine from dense(%k, %c) : !x, !x, !x
  %o = arith.mulf %p, %cosine : !x
  return %o : !x
}
)";
  expectGradients(text, "B=1,H=2,N=40,D=16,dtype=f32");
  expectGradients(text, "B=1,H=2,N=40,D=16,dtype=bf16");
}

TEST(Gradients, DoNotDependOnTheNumberOfThreadsAndAreRepeatable) {
  for (const char *specText :
       {"B=2,H=4,Hkv=2,N=1000,D=32,dtype=f32,levels=2,block=8,topk=4",
        "B=1,H=2,M=333,N=1099,D=16,dtype=bf16,levels=3,block=6,topk=3:2:5"}) {
    SCOPED_TRACE(specText);
    KernelSpec spec = llvm::cantFail(KernelSpec::parse(specText));
    NamedTensors first;
    for (unsigned threads : {1u, 1u, 2u, 5u}) {
      auto kernel =
          GradientKernel::create(readVariant("llsa.mlir"), spec, threads);
      ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
      auto run = runOn(*kernel, spec);
      ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
      if (first.empty())
        first = std::move(run->gradients);
      else
        for (const auto &[name, tensor] : run->gradients)
          EXPECT_EQ(0, std::memcmp(tensor.data(), first.at(name).data(),
                                   size_t(tensor.numBytes())))
              << name << " with " << threads;
    }
  }
}

/// A NaN in one row of do reaches the keys that this row attends to, and no
/// other query.
TEST(Gradients, NaNStaysInItsRow) {
  KernelSpec spec =
      llvm::cantFail(KernelSpec::parse("B=1,H=2,N=700,D=16,dtype=f32"));
  auto kernel = GradientKernel::create(readVariant("window.mlir"), spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  const int64_t row = 100; // of head 0; it sees keys 0 to 356
  auto run = runOn(*kernel, spec,
                   [&](int64_t e) { return e / spec.D == row ? NAN : 0.5; });
  ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
  for (const auto &[name, tensor] : run->gradients) {
    reference::Array values = tensor.toArray();
    for (int64_t token = 0; token < 2 * spec.N; ++token) {
      bool expected = name == "dq" ? token == row : token <= row + 256;
      EXPECT_EQ(std::isnan(values.data[size_t(token * spec.D)]), expected)
          << name << " at token " << token;
    }
  }
}

/// An attend whose lse alone has a gradient, by every source and for pieces of
/// many queries.
TEST(Gradients, OfAnLseAlone) {
  for (auto [attend, specText] :
       std::initializer_list<std::pair<const char *, const char *>>{
           {"llsa.attend %q from dense(%k, %v)",
            "B=1,H=2,Hkv=1,M=300,N=40,D=16,dtype=bf16"},
           {"llsa.attend %q from window(%k, %v) before 9 after 20",
            "B=2,H=1,N=90,D=8,dtype=f32"},
           {"llsa.attention %q, %k, %v hierarchy <block = 8, levels = 2, topk "
            "= 3>",
            "B=1,H=2,N=333,D=32,dtype=f16"}}) {
    std::string text =
        fmt::format("!x = tensor<?x?x?x?x!llsa.float>\n"
                    "func.func @variant(%q: !x, %k: !x, %v: !x)\n"
                    "    -> (tensor<?x?x?xf32> {{llsa.name = \"z\"}}) {{\n"
                    "  %o, %lse = {} : !x, !x, !x\n"
                    "  return %lse : tensor<?x?x?xf32>\n}}\n",
                    attend);
    SCOPED_TRACE(text + specText);
    KernelSpec spec = llvm::cantFail(KernelSpec::parse(specText));
    auto kernel = GradientKernel::create(text, spec);
    ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
    auto run = runOn(*kernel, spec);
    ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
    EXPECT_EQ(run->gradients.count("dq") + run->gradients.count("dk"), 2u);
    EXPECT_EQ(run->gradients.count("dv"), 0u);
    rt::Variant variant = rt::Variant::fromSource(text, "case");
    tools::CheckReport report;
    tools::GradientCheckOptions options;
    options.samples = 0;
    tools::CheckedRun checked{&variant, spec,
                              kernel->backward->program().target, &run->tensors,
                              &run->gradients};
    llvm::Error error = checkGradients(checked, options, report);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    EXPECT_EQ(report.message(), "");
  }
}

/// What --grad --check promises: an element that is wrong is found, in the
/// gradients of queries that were sampled and of all keys.
TEST(Gradients, ACheckFindsAWrongElement) {
  KernelSpec spec =
      llvm::cantFail(KernelSpec::parse("B=1,H=2,Hkv=1,N=70,D=8,dtype=f32"));
  std::string text = readVariant("window.mlir");
  auto kernel = GradientKernel::create(text, spec);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  auto run = runOn(*kernel, spec);
  ASSERT_TRUE(bool(run)) << llvm::toString(run.takeError());
  rt::Variant variant = rt::Variant::fromSource(text, "llsa");
  auto check = [&](int64_t samples) {
    tools::CheckReport report;
    tools::CheckedRun checked{&variant, spec,
                              kernel->backward->program().target, &run->tensors,
                              &run->gradients};
    tools::GradientCheckOptions options;
    options.samples = samples;
    if (llvm::Error error = checkGradients(checked, options, report))
      ADD_FAILURE() << llvm::toString(std::move(error));
    return report.message();
  };
  for (int64_t samples : {0, 5})
    EXPECT_EQ(check(samples), "");
  for (const char *name : {"dq", "dk", "dv"}) {
    HostTensor &tensor = run->gradients.at(name);
    reference::Array values = tensor.toArray();
    auto fillWithWrong = [&](double by) {
      tensor.fill([&](int64_t e) {
        return values.data[size_t(e)] + (e == 3 ? by : 0);
      });
    };
    fillWithWrong(1e-3);
    for (int64_t samples : {0, 5})
      EXPECT_EQ(check(samples).rfind(name, 0), 0u) << check(samples);
    fillWithWrong(0);
  }
}
