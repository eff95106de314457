//===- BiasGradientTest.cpp - gradients of what a score region reads ------===//
//
// A tensor that a score region reads has a gradient of its own. Each way to
// index it, in each kind of attention, against the reference's differences.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/GradientCase.h"
#include "tools/llsa-run/CheckGradients.h"
#include <cstring>
#include <fmt/format.h>
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

namespace {
/// A tensor "t" and a region that reads it.
struct Read {
  const char *name, *type, *shape, *score;
};
} // namespace

static const Read kReads[] = {
    {"a gate for each query", "tensor<?x?x?xf32>", R"("B", "H", "M")", R"(
        %e = tensor.extract %t[%b, %h, %i] : tensor<?x?x?xf32>
        %y = arith.mulf %s, %e : f32)"},
    {"a bias for each key of a head", "tensor<?x?xf32>", R"("H", "N")", R"(
        %e = tensor.extract %t[%h, %j] : tensor<?x?xf32>
        %y = arith.addf %s, %e : f32)"},
    {"a bias for each pair", "tensor<?x?xf32>", R"("M", "N")", R"(
        %e = tensor.extract %t[%i, %j] : tensor<?x?xf32>
        %y = arith.addf %s, %e : f32)"},
    {"a bias for each pair of a head", "tensor<?x?x?xf32>", R"("H", "M", "N")",
     R"(
        %e = tensor.extract %t[%h, %i, %j] : tensor<?x?x?xf32>
        %y = arith.addf %s, %e : f32)"},
    {"positions in an image of 8 columns", "tensor<40x15x?xf16>",
     R"(40, 15, "H")", R"(
        %eight = arith.constant 8 : index
        %seven = arith.constant 7 : index
        %twenty = arith.constant 20 : index
        %ri = arith.divui %i, %eight : index
        %rj = arith.divui %j, %eight : index
        %ci = arith.remui %i, %eight : index
        %cj = arith.remui %j, %eight : index
        %dr = arith.subi %ri, %rj : index
        %dc = arith.subi %ci, %cj : index
        %r = arith.addi %dr, %twenty : index
        %c = arith.addi %dc, %seven : index
        %e = tensor.extract %t[%r, %c, %h] : tensor<40x15x?xf16>
        %w = arith.extf %e : f16 to f32
        %y = arith.addf %s, %w : f32)"},
    {"relative positions", "tensor<?x21xf32>", R"("H", 21)", R"(
        %low = arith.constant -10 : index
        %high = arith.constant 10 : index
        %d = arith.subi %i, %j : index
        %x = arith.maxsi %d, %low : index
        %z = arith.minsi %x, %high : index
        %at = arith.subi %z, %low : index
        %e = tensor.extract %t[%h, %at] : tensor<?x21xf32>
        %y = arith.addf %s, %e : f32)"},
    {"two reads of a narrow type", "tensor<5xbf16>", "5", R"(
        %five = arith.constant 5 : index
        %p = arith.remui %i, %five : index
        %r = arith.remui %j, %five : index
        %e = tensor.extract %t[%p] : tensor<5xbf16>
        %f = tensor.extract %t[%r] : tensor<5xbf16>
        %g = arith.mulf %e, %f : bf16
        %w = arith.extf %g : bf16 to f32
        %y = arith.addf %s, %w : f32)"},
    {"one number", "tensor<1xf32>", "1", R"(
        %zero = arith.constant 0 : index
        %e = tensor.extract %t[%zero] : tensor<1xf32>
        %x = math.tanh %s : f32
        %y = arith.mulf %x, %e : f32)"},
    {"one number without dimensions", "tensor<f32>", "", R"(
        %e = tensor.extract %t[] : tensor<f32>
        %y = arith.mulf %s, %e : f32)"},
};

/// Tables of which the workspace holds two, or none: work items have several
/// tiles of queries each.
static const Read kLargeReads[] = {
    {"a table of which there are two", "tensor<120000xf32>", "120000", R"(
        %e = tensor.extract %t[%j] : tensor<120000xf32>
        %y = arith.addf %s, %e : f32)"},
    {"a table of which there is one", "tensor<3x100000xf32>", "3, 100000", R"(
        %three = arith.constant 3 : index
        %p = arith.remui %i, %three : index
        %d = arith.addi %i, %j : index
        %e = tensor.extract %t[%p, %d] : tensor<3x100000xf32>
        %y = arith.addf %s, %e : f32)"},
};

static const char *const kAttends[] = {
    "llsa.attend %q from dense(%k, %v)",
    "llsa.attend %q from window(%k, %v) before 9 after 20",
    "llsa.attention %q, %k, %v hierarchy <block = 8, levels = 2, topk = 3>",
};

static std::string variantOf(const Read &read, const char *attend,
                             bool masked) {
  return fmt::format(
      R"(!x = tensor<?x?x?x?x!llsa.float>
func.func @variant(%q: !x, %k: !x, %v: !x,
                   %t: {} {{llsa.name = "t", llsa.shape = [{}]}})
    -> (!x {{llsa.name = "o"}}) {{
  %o, %lse = {}
      score(%s, %b, %h, %i, %j, %n) {{{}
        llsa.yield %y : f32
      }}{}
      : !x, !x, !x
  return %o : !x
}}
)",
      read.type, read.shape, attend, read.score,
      masked ? R"(
      mask(%s, %b, %h, %i, %j, %n) {
        %m = arith.cmpi ule, %j, %i : index
        llsa.yield %m : i1
      })"
             : "");
}

namespace {
struct BiasRun {
  std::string text;
  KernelSpec spec;
  std::unique_ptr<GradientKernel> kernel;
  GradientRun result;
};
} // namespace

/// Runs both passes; what went wrong, or nothing.
static std::string runBias(BiasRun &run, unsigned threads = 1) {
  auto kernel = GradientKernel::create(run.text, run.spec, threads);
  if (!kernel)
    return llvm::toString(kernel.takeError());
  run.kernel = std::make_unique<GradientKernel>(std::move(*kernel));
  auto inputs = makeInputs({}, run.spec, run.kernel->interpreter->inputs());
  if (!inputs)
    return llvm::toString(inputs.takeError());
  auto gradients = run.kernel->outputGradients(/*seed=*/5);
  if (!gradients)
    return llvm::toString(gradients.takeError());
  inputs->tensors.merge(*gradients);
  auto result = run.kernel->run(std::move(inputs->tensors));
  if (!result)
    return llvm::toString(result.takeError());
  run.result = std::move(*result);
  return "";
}

static std::string checkBias(const BiasRun &run) {
  rt::Variant variant = rt::Variant::fromSource(run.text, "case");
  CheckReport report;
  CheckedRun checked{&variant, run.spec, run.kernel->backward->program().target,
                     &run.result.tensors, &run.result.gradients};
  GradientCheckOptions options;
  options.samples = 0;
  if (llvm::Error error = checkGradients(checked, options, report))
    return llvm::toString(std::move(error));
  return report.message();
}

/// Ragged ends, grouped heads, more queries than keys or less, half precision.
static const char *const kSpecs[] = {
    "B=2,H=4,Hkv=2,M=70,N=70,D=8,dtype=f32",
    "B=1,H=2,Hkv=1,M=45,N=83,D=16,dtype=bf16",
    "B=2,H=1,M=101,N=33,D=24,dtype=f16",
};

/// Every read with every attend, specs and masks in turn.
static void checkAll(llvm::ArrayRef<Read> reads,
                     llvm::ArrayRef<const char *> attends) {
  int number = 0;
  for (const Read &read : reads)
    for (const char *attend : attends) {
      BiasRun run;
      run.text = variantOf(read, attend, number % 2 == 1);
      run.spec = llvm::cantFail(KernelSpec::parse(kSpecs[number++ % 3]));
      SCOPED_TRACE(fmt::format("{}\n{}", run.spec.str(), run.text));
      ASSERT_EQ(runBias(run), "");
      ASSERT_EQ(run.result.gradients.count("dt"), 1u);
      EXPECT_EQ(checkBias(run), "");
      // A gradient is as rough as its own type, too.
      DType dtype = run.spec.dtype;
      if (llvm::StringRef(read.type).contains("bf16"))
        dtype = DType::BF16;
      else if (llvm::StringRef(read.type).contains("f16") &&
               dtype == DType::F32)
        dtype = DType::F16;
      double worst = 0;
      EXPECT_EQ(checkDirections(*run.kernel, run.result, dtype, 3, worst), "");
    }
}

TEST(BiasGradients, AreThoseOfTheReference) { checkAll(kReads, kAttends); }

TEST(BiasGradients, OfLargeTablesNeedLittleMemory) {
  checkAll(kLargeReads, llvm::ArrayRef(kAttends).drop_front());
}

TEST(BiasGradients, DoNotDependOnTheNumberOfThreads) {
  for (int read : {0, 5, 7}) {
    SCOPED_TRACE(kReads[read].name);
    NamedTensors first;
    for (unsigned threads : {1u, 2u, 5u}) {
      BiasRun run;
      run.text = variantOf(kReads[read], kAttends[2], /*masked=*/false);
      run.spec = llvm::cantFail(KernelSpec::parse(kSpecs[0]));
      ASSERT_EQ(runBias(run, threads), "");
      if (first.empty())
        first = std::move(run.result.gradients);
      else
        EXPECT_EQ(0, std::memcmp(run.result.gradients.at("dt").data(),
                                 first.at("dt").data(),
                                 size_t(first.at("dt").numBytes())))
            << threads << " threads";
    }
  }
}

/// A check finds an element that is wrong.
TEST(BiasGradients, ACheckFindsAWrongElement) {
  BiasRun run;
  run.text = variantOf(kReads[5], kAttends[1], /*masked=*/false);
  run.spec = llvm::cantFail(KernelSpec::parse(kSpecs[0]));
  ASSERT_EQ(runBias(run), "");
  HostTensor &tensor = run.result.gradients.at("dt");
  reference::Array values = tensor.toArray();
  tensor.fill(
      [&](int64_t e) { return values.data[size_t(e)] + (e == 3 ? 1e-2 : 0); });
  EXPECT_EQ(checkBias(run).rfind("dt", 0), 0u) << checkBias(run);
}
