//===- Float32Test.cpp - float32 to the rule where errors add up ----------===//
//
// A plain evaluation in float32 is good to a few units in the last place, so
// there is little room: sums must not be one long chain, whatever the number of
// a step's keys, and a function whose error a region multiplies must be right
// to its last place.
//
//===----------------------------------------------------------------------===//
#include "test/numerics/ReadVariant.h"
#include "test/numerics/RunCase.h"
#include <gtest/gtest.h>

using namespace llsa;
using namespace llsa::numerics;
using namespace llsa::tools;

namespace {
/// Checks all queries on several inputs.
void expectRight(const std::string &variant, const std::string &spec) {
  auto parsed = llvm::cantFail(KernelSpec::parse(spec));
  auto kernel = TestKernel::create(variant, parsed);
  ASSERT_TRUE(bool(kernel)) << llvm::toString(kernel.takeError());
  InputSource source;
  for (source.seed = 1; source.seed <= 8; ++source.seed) {
    auto inputs = makeInputs(source, parsed, kernel->interpreter->inputs());
    ASSERT_TRUE(bool(inputs)) << llvm::toString(inputs.takeError());
    auto outputs = kernel->run(inputs->tensors);
    ASSERT_TRUE(bool(outputs)) << llvm::toString(outputs.takeError());
    auto report =
        checkRun(*kernel->interpreter, inputs->tensors, *outputs, nullptr);
    ASSERT_TRUE(bool(report)) << llvm::toString(report.takeError());
    EXPECT_TRUE(report->ok())
        << spec << ", seed " << source.seed << ": " << report->message();
  }
}
} // namespace

/// On a CPU steps of 52 and 39 keys, four or three blocks.
TEST(Float32, StepsOfAnyLength) {
  expectRight(R"(!x = tensor<?x?x?x?x!llsa.float>
func.func @f(%q: !x, %k: !x, %v: !x) -> (!x {llsa.name = "o"}) {
  %o, %lse = llsa.attention %q, %k, %v
      hierarchy <block = 13, levels = 3, topk = [7, 4, 5]> : !x, !x, !x
  return %o : !x
}
)",
              "B=1,H=1,N=300,D=32,dtype=f32");
}

TEST(Float32, SoftCap) {
  expectRight(
      readVariant("softcap.mlir"),
      "B=1,H=3,Hkv=1,M=300,N=207,D=32,dtype=f32,levels=1,block=23,topk=5");
}
