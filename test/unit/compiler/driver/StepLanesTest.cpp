//===- StepLanesTest.cpp - which steps run side by side -------------------===//
#include "compiler/target/plan/StepLanes.h"
#include "compiler/driver/Compiler.h"
#include "runtime/program/StepOrder.h"
#include "llvm/Support/MemoryBuffer.h"
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <random>

using namespace llsa;

namespace {

/// A program from lines of steps.
struct Builder {
  Program program;
  std::map<std::string, int64_t> buffers;

  Builder() {
    program.variant = "built";
    program.target = "sm_90a";
    program.codeFormat = "ptx";
    program.spec =
        llvm::cantFail(KernelSpec::parse("B=1,H=1,N=16,D=8,dtype=f32"));
  }
  int64_t buffer(const std::string &name) {
    auto [it, isNew] = buffers.try_emplace(name, program.buffers.size());
    if (isNew) {
      program.buffers.push_back({name,
                                 Buffer::Role::Workspace,
                                 ElementType::F32,
                                 {16},
                                 program.workspaceBytes});
      program.workspaceBytes += 64;
    }
    return it->second;
  }
  /// A step that takes so many microseconds beside its launch.
  Builder &step(const std::string &name, std::vector<std::string> reads,
                std::vector<std::string> writes, double memory,
                double work = 0) {
    Kernel kernel;
    kernel.name = name;
    kernel.bytes = memory * 2.5e6;
    kernel.flops = work * 400e6;
    Step step;
    step.kernel = int64_t(program.kernels.size());
    for (const std::string &each : reads)
      step.args.push_back(buffer(each));
    for (const std::string &each : writes) {
      kernel.writes.push_back(int64_t(step.args.size()));
      step.args.push_back(buffer(each));
    }
    program.kernels.push_back(kernel);
    program.steps.push_back(step);
    return *this;
  }
  /// The steps with their lanes: "p, a, b (1 after p), ...".
  std::string lanes(const LaneOptions &options = {}) {
    Program planned = program;
    assignLanes(planned, options);
    EXPECT_EQ(llvm::toString(planned.verify()), "");
    std::string text;
    for (const Step &step : planned.steps) {
      text += (text.empty() ? "" : ", ") +
              planned.kernels[size_t(step.kernel)].name;
      std::string how = step.lane == 1 ? "1" : "";
      for (int64_t earlier : step.after)
        how +=
            (how.empty() ? "after " : " after ") +
            planned.kernels[size_t(planned.steps[size_t(earlier)].kernel)].name;
      if (!how.empty())
        text += " (" + how + ")";
    }
    return text;
  }
};

} // namespace

// Every step waits for the one before it, as in a forward.
TEST(StepLanes, AChainHasOneLane) {
  EXPECT_EQ(Builder()
                .step("pool", {"q", "k"}, {"q1", "k1"}, 80)
                .step("select_2", {"q1", "k1"}, {"i2"}, 1)
                .step("select_1", {"q1", "k1", "i2"}, {"i1"}, 4)
                .step("attend", {"q", "k1", "i1"}, {"o"}, 170, 170)
                .lanes(LaneOptions::always()),
            "pool, select_2, select_1, attend");
}

// As in the backward of two levels: the transposed indices beside the gradient
// over queries, and then the pieces of popular blocks.
TEST(StepLanes, ABackwardHasTwo) {
  EXPECT_EQ(Builder()
                .step("query_grad", {"q", "i1", "i2"}, {"d", "dq"}, 194, 201)
                .step("key_grad_pieces", {"k2", "d"}, {"p2"}, 128, 170)
                .step("key_grad", {"p2"}, {"dk2"}, 5)
                .step("invert", {"i2"}, {"r2"}, 0.1)
                .step("key_grad_2_pieces", {"k1", "i2", "d"}, {"p1"}, 66, 86)
                .step("key_grad_2", {"r2", "p1", "dk2"}, {"dk1"}, 34)
                .step("invert_2", {"i1"}, {"r1"}, 0.9)
                .step("key_grad_3_cuts", {"r1"}, {"c"}, 0.1)
                .step("key_grad_3_pieces", {"c", "r1", "k", "d"}, {"p"}, 15)
                .step("key_grad_3", {"k", "r1", "p", "dk1"}, {"dk"}, 170, 86)
                .lanes(),
            "query_grad, invert (1), invert_2 (1), key_grad_3_cuts (1), "
            "key_grad_pieces, key_grad_3_pieces (1 after query_grad), "
            "key_grad, key_grad_2_pieces, key_grad_2 (after invert), "
            "key_grad_3 (after key_grad_3_pieces)");
}

// Beside each other the two would save the time of a launch, 5 us, and cost two
// waits.
TEST(StepLanes, WhatGainsLittleStaysInOneLane) {
  Builder program = Builder()
                        .step("p", {"x"}, {"w"}, 50)
                        .step("a", {"w"}, {"y"}, 0)
                        .step("b", {"w"}, {"z"}, 0)
                        .step("c", {"y", "z"}, {"o"}, 0);
  EXPECT_EQ(program.lanes(), "p, a, b, c");
  LaneOptions options;
  options.leastGain = 1e-6;
  EXPECT_EQ(program.lanes(options), "p, a, b (1 after p), c (after b)");
}

// Four launches, each of which could hide another, and nothing else.
TEST(StepLanes, WhatMostlyLaunchesStaysInOneLane) {
  EXPECT_EQ(Builder()
                .step("a", {"x"}, {"y"}, 1)
                .step("b", {"x"}, {"z"}, 1)
                .step("c", {"y"}, {"o"}, 1)
                .step("d", {"z"}, {"p"}, 1)
                .lanes(),
            "a, b, c, d");
}

// Two kernels that memory holds up gain the launch of one alone.
TEST(StepLanes, NothingRunsBesideWhatItSlowsDown) {
  Builder program = Builder()
                        .step("a", {"x"}, {"y"}, 100)
                        .step("b", {"x"}, {"z"}, 90)
                        .step("c", {"y", "z"}, {"o"}, 10);
  EXPECT_EQ(program.lanes(), "a, b, c");
  // ... but a kernel that computes leaves the memory to it.
  program.program.kernels[0].bytes = 0;
  program.program.kernels[0].flops = 100 * 400e6;
  EXPECT_EQ(program.lanes(), "a, b (1), c (after b)");
}

TEST(StepLanes, AChainGoesBesideALongKernel) {
  EXPECT_EQ(Builder()
                .step("attend", {"q"}, {"d"}, 50, 250)
                .step("invert", {"i"}, {"r"}, 0)
                .step("cuts", {"r"}, {"c"}, 0)
                .step("pieces", {"r", "c", "d"}, {"p"}, 10)
                .lanes(),
            "attend, invert (1), cuts (1), pieces (after cuts)");
}

// What lane 1 ends with is waited for by the caller's stream.
TEST(StepLanes, AResultThatNobodyReads) {
  EXPECT_EQ(Builder()
                .step("a", {"x"}, {"y"}, 0, 50)
                .step("b", {"x"}, {"z"}, 20)
                .step("c", {"y"}, {"o"}, 0, 50)
                .lanes(),
            "a, b (1), c");
}

// Kernels of several, which have no estimate, are judged by their workspace.
TEST(StepLanes, TheWorkspaceIsTraffic) {
  Builder program = Builder()
                        .step("a", {"x"}, {"y"}, 0, 50)
                        .step("b", {"x"}, {"z"}, 0)
                        .step("c", {"y", "z"}, {"o"}, 100);
  EXPECT_EQ(program.lanes(), "a, b (1), c (after b)");
  program.program.kernels[0].flops = 0;
  for (Buffer &buffer : program.program.buffers)
    if (buffer.name == "y" || buffer.name == "z")
      buffer.shape = {25 << 20}; // 42 us
  program.program.workspaceBytes += 300 << 20;
  program.program.buffers[1].offset = 256;
  program.program.buffers[2].offset = 256 + (100 << 20);
  EXPECT_EQ(program.lanes(), "a, b, c");
}

// Beside each other, d cannot take t's place for u.
TEST(StepLanes, TheWorkspaceStaysSmall) {
  Builder program = Builder()
                        .step("a", {"x"}, {"t"}, 0, 50)
                        .step("b", {"t"}, {"y"}, 0, 50)
                        .step("c", {"x"}, {"u"}, 20)
                        .step("d", {"u"}, {"z"}, 20)
                        .step("e", {"y", "z"}, {"o"}, 20);
  int64_t offset = 0;
  for (Buffer &buffer : program.program.buffers) {
    if (buffer.name == "t" || buffer.name == "u")
      buffer.shape = {1 << 18};
    buffer.offset = offset;
    offset += buffer.numBytes();
  }
  program.program.workspaceBytes = offset;
  EXPECT_EQ(program.lanes(), "a, b, c, d, e");
  LaneOptions options;
  options.mostWorkspace = 2;
  EXPECT_EQ(program.lanes(options), "a, c (1), d (1), b, e (after d)");
}

TEST(StepLanes, NoStepsNoLanes) { EXPECT_EQ(Builder().lanes(), ""); }

// Whatever the program, what depends on each other keeps its order, and each
// lane that of the list but for what was moved.
TEST(StepLanes, RandomProgramsKeepTheirOrder) {
  std::mt19937 random(3);
  int aside = 0;
  for (int round = 0; round < 300; ++round) {
    Builder builder;
    size_t count = 1 + random() % 10;
    auto names = [&](size_t most) {
      std::vector<std::string> all;
      for (size_t i = 1 + random() % most; i > 0; --i)
        all.push_back("b" + std::to_string(random() % 8));
      return all;
    };
    for (size_t i = 0; i < count; ++i)
      builder.step("s" + std::to_string(i), names(2), names(2),
                   double(random() % 100), double(random() % 100));
    Program planned = builder.program;
    assignLanes(planned, random() % 2 ? LaneOptions() : LaneOptions::always());
    ASSERT_EQ(llvm::toString(planned.verify()), "") << "round " << round;
    ASSERT_EQ(planned.steps.size(), count);
    StepOrder order(planned.steps);
    std::vector<size_t> placeOf(count);
    for (size_t i = 0; i < count; ++i) {
      placeOf[size_t(planned.steps[i].kernel)] = i;
      aside += int(planned.steps[i].lane);
    }
    auto touches = [&](size_t step, int64_t buffer, bool writing) {
      const Step &s = builder.program.steps[step];
      for (size_t i = 0; i < s.args.size(); ++i)
        if (s.args[i] == buffer &&
            (!writing || llvm::is_contained(
                             builder.program.kernels[step].writes, int64_t(i))))
          return true;
      return false;
    };
    for (size_t b = 0; b < count; ++b)
      for (size_t a = 0; a < b; ++a)
        for (int64_t buffer = 0;
             buffer < int64_t(builder.program.buffers.size()); ++buffer)
          if ((touches(a, buffer, true) && touches(b, buffer, false)) ||
              (touches(a, buffer, false) && touches(b, buffer, true))) {
            EXPECT_TRUE(order.precedes(placeOf[a], placeOf[b]))
                << "round " << round << ": s" << a << ", s" << b;
          }
  }
  EXPECT_GT(aside, 100);
}

//===----------------------------------------------------------------------===//
// Variants
//===----------------------------------------------------------------------===//

namespace {

Program plan(const std::string &variant, const std::string &spec,
             SideLane sideLane, const std::string &target = "sm_90a") {
  auto file =
      llvm::MemoryBuffer::getFile(std::string(LLSA_VARIANTS) + "/" + variant);
  CompileOptions options;
  options.target = target;
  options.sideLane = sideLane;
  auto result =
      Compiler().compileTo(Stage::Tile, (*file)->getBuffer(), variant,
                           llvm::cantFail(KernelSpec::parse(spec)), options);
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return {};
  }
  return std::move(result->program);
}

int numAside(const Program &program) {
  int count = 0;
  for (const Step &step : program.steps)
    count += int(step.lane);
  return count;
}

/// Whether each step reads what the one before it writes.
bool isChain(const Program &program) {
  for (size_t i = 1; i < program.steps.size(); ++i) {
    const Step &before = program.steps[i - 1];
    if (llvm::none_of(program.kernels[size_t(before.kernel)].writes,
                      [&](int64_t position) {
                        return llvm::is_contained(
                            program.steps[i].args,
                            before.args[size_t(position)]);
                      }))
      return false;
  }
  return true;
}

constexpr const char *kLarge = "B=2,H=4,N=65536,D=64,dtype=bf16,levels=2";
constexpr const char *kSmall = "B=1,H=1,N=512,D=16,dtype=f32,levels=2";

} // namespace

// The compiler verifies what it plans: the workspace's places, too.
TEST(StepLanes, BackwardsUseThem) {
  for (const char *variant : {"llsa.mlir", "alibi.mlir"})
    for (const char *spec : {kLarge, kSmall}) {
      std::string text = fmt::format("{},pass=backward", spec);
      Program oneLane = plan(variant, text, SideLane::Never);
      EXPECT_FALSE(isChain(oneLane)) << text;
      EXPECT_EQ(numAside(oneLane), 0) << text;
      EXPECT_GT(numAside(plan(variant, text, SideLane::Always)), 0) << text;
      EXPECT_EQ(numAside(plan(variant, text, SideLane::WhereFaster)) > 0,
                spec == kLarge)
          << text;
      EXPECT_EQ(numAside(plan(variant, text, SideLane::Always, "cpu")), 0);
    }
}

// The steps of a forward form a chain, beside which nothing can run.
TEST(StepLanes, ForwardsHaveOneLane) {
  for (const char *pass : {"forward", "keep"})
    for (const char *spec : {kLarge, kSmall}) {
      std::string text = fmt::format("{},pass={}", spec, pass);
      Program program = plan("llsa.mlir", text, SideLane::Always);
      EXPECT_GT(program.steps.size(), 3u) << text;
      EXPECT_TRUE(isChain(program)) << text;
      EXPECT_EQ(numAside(program), 0) << text;
    }
}

// What a forward keeps and the backward's workspace are 1.2 times q, k and v at
// most, which a program with one lane is far from.
TEST(StepLanes, ABackwardsMemoryIsBounded) {
  for (const char *spec : {"B=1,H=4,N=32768,D=64,dtype=bf16,levels=2",
                           "B=2,H=4,N=16384,D=64,dtype=bf16,levels=2", kLarge,
                           "B=2,H=4,N=65536,D=64,dtype=bf16,levels=3",
                           "B=1,H=12,N=32768,D=128,dtype=bf16,levels=2"}) {
    double inputs = 0, kept = 0;
    for (const Buffer &buffer :
         plan("llsa.mlir", fmt::format("{},pass=keep", spec),
              SideLane::WhereFaster)
             .buffers) {
      if (buffer.role == Buffer::Role::Input)
        inputs += double(buffer.numBytes());
      if (buffer.role == Buffer::Role::Output && buffer.name != "o" &&
          buffer.name != "lse")
        kept += double(buffer.numBytes());
    }
    std::string backward = fmt::format("{},pass=backward", spec);
    Program program = plan("llsa.mlir", backward, SideLane::WhereFaster);
    EXPECT_GT(kept, 0.2 * inputs) << spec;
    EXPECT_GT(numAside(program), 0) << spec;
    EXPECT_LE(kept + double(program.workspaceBytes), 1.2 * inputs) << spec;
  }
}
