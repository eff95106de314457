//===- ProgramTest.cpp ------------------------------------------*- C++ -*-===//
#include "runtime/program/StepOrder.h"
#include "test/unit/runtime/FakeCompiler.h"
#include "test/unit/runtime/Testing.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <functional>

using namespace llsa;
using namespace llsa::test;

namespace {

Program sample() {
  return fakeProgram(spec("B=1,H=4,Hkv=2,N=9,D=8,dtype=f32"));
}

/// The message of verify() after a change.
std::string verifyAfter(llvm::function_ref<void(Program &)> change) {
  Program program = sample();
  change(program);
  return message(program.verify());
}

/// Five steps, two of them beside others:
///
///   lane 0:  a (q -> x)    c (x -> y)          e (y, z -> o)
///   lane 1:                b (v -> z), after a; d (y -> lse), after c
Program sampleWithLanes() {
  Program p = sample();
  p.codeFormat = "ptx";
  auto workspace = [&](const char *name, int64_t offset) {
    p.buffers.push_back(
        {name, Buffer::Role::Workspace, ElementType::F32, {16}, offset});
  };
  p.buffers.pop_back();
  workspace("x", 0);   // 5
  workspace("y", 64);  // 6
  workspace("z", 128); // 7
  p.workspaceBytes = 192;
  p.kernels.clear();
  for (auto [name, writes] :
       {std::pair("a", 1), {"b", 1}, {"c", 1}, {"d", 1}, {"e", 2}}) {
    Kernel &kernel = p.kernels.emplace_back();
    kernel.name = name;
    kernel.writes = {writes};
  }
  p.steps = {{0, {0, 5}, 0, {}},
             {1, {2, 7}, 1, {0}},
             {2, {5, 6}, 0, {}},
             {3, {6, 4}, 1, {2}},
             {4, {6, 7, 3}, 0, {1}}};
  return p;
}

std::string verifyLanesAfter(llvm::function_ref<void(Program &)> change) {
  Program program = sampleWithLanes();
  change(program);
  return message(program.verify());
}

/// The message of fromJSON() after one replacement in the text.
std::string readAfter(const std::string &from, const std::string &to) {
  std::string text = sample().toJSON();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  return message(Program::fromJSON(text));
}

TEST(Program, JSONRoundTrips) {
  Program program = sample();
  program.deviceFunctions = {"bias", "sees"};
  Program back = get(Program::fromJSON(program.toJSON()));
  EXPECT_EQ(back.toJSON(), program.toJSON());
  EXPECT_EQ(back.variant, "fake");
  EXPECT_EQ(back.target, kFakeTarget);
  EXPECT_TRUE(back.spec == program.spec);
  ASSERT_EQ(back.buffers.size(), 6u);
  EXPECT_EQ(back.buffers[5].role, Buffer::Role::Workspace);
  EXPECT_EQ(back.buffers[5].offset, 64);
  EXPECT_EQ(back.buffers[1].shape, (std::vector<int64_t>{1, 2, 9, 8}));
  EXPECT_EQ(back.kernels[0].flops, 2.5e9);
  EXPECT_EQ(back.steps[1].args, (std::vector<int64_t>{5, 1, 3, 4}));
  EXPECT_EQ(back.deviceFunctions, program.deviceFunctions);
  EXPECT_EQ(back.explain, program.explain);
  EXPECT_TRUE(back.code.empty());
}

TEST(Program, LanesRoundTrip) {
  Program program = sampleWithLanes();
  ASSERT_EQ(message(program.verify()), "");
  Program back = get(Program::fromJSON(program.toJSON()));
  EXPECT_EQ(back.toJSON(), program.toJSON());
  EXPECT_EQ(back.steps[1].lane, 1);
  EXPECT_EQ(back.steps[1].after, (std::vector<int64_t>{0}));
  EXPECT_EQ(back.steps[4].lane, 0);
  EXPECT_EQ(back.kernels[4].writes, (std::vector<int64_t>{2}));
}

TEST(Program, VerifyFindsWhatLanesDoNotOrder) {
  const std::pair<std::function<void(Program &)>, std::string> cases[] = {
      {[](Program &p) { p.steps[1].lane = 2; },
       "program: steps[1] 'b': lane 2: expected 0 to 1"},
      {[](Program &p) { p.steps[1].lane = -1; },
       "program: steps[1] 'b': lane -1: expected 0 to 1"},
      {[](Program &p) { p.steps[4].after = {5}; },
       "program: steps[4] 'e': after step 5: expected an earlier step of "
       "another lane"},
      {[](Program &p) { p.steps[1].after = {2}; },
       "program: steps[1] 'b': after step 2: expected an earlier step of "
       "another lane"},
      {[](Program &p) { p.steps[4].after = {2}; },
       "program: steps[4] 'e': after step 2: expected an earlier step of "
       "another lane"},
      {[](Program &p) { p.steps[4].after = {-1}; },
       "program: steps[4] 'e': after step -1: expected an earlier step of "
       "another lane"},
      {[](Program &p) { p.kernels[1].writes = {2}; },
       "program: steps[1] 'b': writes argument 2, there are 2"},
      // A reader that does not wait, in each direction, and two writers.
      {[](Program &p) { p.steps[4].after = {}; },
       "program: steps[1] 'b' and steps[4] 'e' may run at the same time, and "
       "one writes what the other uses: 'z'"},
      {[](Program &p) { p.steps[3].after = {}; },
       "program: steps[2] 'c' and steps[3] 'd' may run at the same time, and "
       "one writes what the other uses: 'y'"},
      {[](Program &p) { p.steps[4].args[2] = 4; },
       "program: steps[3] 'd' and steps[4] 'e' may run at the same time, and "
       "one writes what the other uses: 'lse'"},
      // z takes x's place, which c still reads.
      {[](Program &p) { p.buffers[7].offset = 0; },
       "program: steps[1] 'b' and steps[2] 'c' may run at the same time, and "
       "one writes what the other uses: bytes of both 'z' and 'x'"},
      {[](Program &p) { p.kernels[2].dependentLaunch = true; },
       "program: kernel 'c' may start before the launch in front of it has "
       "ended: expected all steps in one lane"}};
  for (const auto &[change, expected] : cases)
    EXPECT_EQ(verifyLanesAfter(change), expected);
  // Nothing has to be waited for twice: the second one follows from the first.
  EXPECT_EQ(verifyLanesAfter([](Program &p) {
              p.steps[1].after = {};
              p.steps[3].after = {0, 2};
              p.steps[4].after = {3};
            }),
            "");
}

TEST(Program, AnOrderIsThatOfLanesAndWaits) {
  StepOrder order(sampleWithLanes().steps);
  auto row = [&](size_t b) {
    std::string text;
    for (size_t a = 0; a < 5; ++a)
      text += order.precedes(a, b) ? 'x' : '.';
    return text;
  };
  EXPECT_EQ(row(0), ".....");
  EXPECT_EQ(row(1), "x....");
  EXPECT_EQ(row(2), "x....");
  EXPECT_EQ(row(3), "xxx..");
  EXPECT_EQ(row(4), "xxx..");
  EXPECT_TRUE(order.sideBySide(1, 2));
  EXPECT_TRUE(order.sideBySide(4, 3));
  EXPECT_FALSE(order.sideBySide(1, 3));
  EXPECT_FALSE(order.sideBySide(2, 2));
}

TEST(Program, TextThatIsNotUTF8DoesNotEndTheProcess) {
  Program program = sample();
  program.explain = "caf\xe9";
  EXPECT_EQ(message(Program::fromJSON(program.toJSON())), "");
}

TEST(Program, VerifyNamesWhatIsWrong) {
  const std::pair<std::function<void(Program &)>, std::string> cases[] = {
      {[](Program &p) { p.variant = ""; }, "program: expected a variant name"},
      {[](Program &p) { p.target = ""; }, "program: expected a target"},
      {[](Program &p) { p.codeFormat = "exe"; },
       "program: codeFormat = 'exe': expected elf, ptx or cubin"},
      {[](Program &p) { p.spec.D = 7; },
       "program: spec: D = 7: expected a multiple of 8 between 8 and 256"},
      {[](Program &p) { p.workspaceBytes = -1; },
       "program: workspaceBytes = -1: expected at least 0"},
      {[](Program &p) { p.buffers[1].name = "q"; },
       "program: buffers[1]: expected a name of its own, got 'q'"},
      {[](Program &p) { p.buffers[4].role = Buffer::Role::Input; },
       "program: buffers[4] 'lse': expected inputs, then outputs, then "
       "workspace"},
      {[](Program &p) { p.buffers[0].shape[2] = 0; },
       "program: buffers[0] 'q': expected sizes of at least 1, got 0"},
      {[](Program &p) { p.buffers[0].shape[2] = int64_t(1) << 60; },
       "program: buffers[0] 'q': the size in bytes does not fit in 63 bits"},
      {[](Program &p) { p.buffers[5].offset = 8; },
       "program: buffers[5] 'mean': expected an offset that is a multiple of "
       "64, got 8"},
      {[](Program &p) { p.buffers[5].offset = 128; },
       "program: buffers[5] 'mean': 64 bytes at offset 128 do not lie in the "
       "workspace of 128 bytes"},
      {[](Program &p) { p.kernels[1].name = ""; },
       "program: kernels[1] '': expected a symbol name"},
      {[](Program &p) { p.kernels[1].items = -2; },
       "program: kernels[1] 'fake_spread': items = -2: expected at least 0"},
      {[](Program &p) { p.kernels[1].warps = 0; },
       "program: kernels[1] 'fake_spread': warps = 0: expected at least 1"},
      {[](Program &p) { p.kernels[0].flops = -1; },
       "program: kernels[0] 'fake_mean': expected flops and bytes to be finite "
       "and at least 0"},
      {[](Program &p) { p.steps[1].kernel = 2; },
       "program: steps[1]: kernel 2 does not exist, there are 2"},
      {[](Program &p) { p.steps[0].args[1] = 6; },
       "program: steps[0]: buffer 6 does not exist, there are 6"}};
  for (const auto &[change, expected] : cases)
    EXPECT_EQ(verifyAfter(change), expected);
  EXPECT_EQ(verifyAfter([](Program &) {}), "");
}

TEST(Program, ReadingNamesWhatIsWrong) {
  EXPECT_EQ(message(Program::fromJSON("")), "program: the text is not JSON");
  EXPECT_EQ(message(Program::fromJSON("[1]")), "program: expected an object");
  EXPECT_EQ(readAfter("\"version\": 2", "\"version\": 1"),
            "program: 'version' is 1: expected 2");
  EXPECT_EQ(readAfter("\"variant\": \"fake\",", ""),
            "program: 'variant' is missing");
  EXPECT_EQ(readAfter("\"fake_mean\"", "12"),
            "program.kernels[0]: 'name': expected a string");
  EXPECT_EQ(readAfter("\"items\": 2", "\"items\": 2.5"),
            "program.kernels[0]: 'items': expected an integer of 63 bits");
  EXPECT_EQ(readAfter("\"items\": 2", "\"items\": 18446744073709551615"),
            "program.kernels[0]: 'items': expected an integer of 63 bits");
  EXPECT_EQ(readAfter("\"output\"", "\"out\""),
            "program.buffers[3]: 'role' is 'out': expected one of input, "
            "output, workspace");
  EXPECT_EQ(readAfter("\"type\": \"f32\"", "\"type\": \"f64\""),
            "program.buffers[0]: 'type' is 'f64': expected one of f32, bf16, "
            "f16, i32, i8");
  EXPECT_EQ(readAfter("\"mean\"\n", "\"men\"\n"),
            "program.steps[0]: 'args': no buffer is named 'men'");
  EXPECT_EQ(readAfter("\"lane\": 0,", ""),
            "program.steps[0]: 'lane' is missing");
  EXPECT_EQ(readAfter("\"after\": []", "\"after\": 1"),
            "program.steps[0]: 'after': expected an array");
  EXPECT_EQ(readAfter("\"writes\": []", "\"writes\": [0.5]"),
            "program.kernels[0]: 'writes': expected an integer of 63 bits");
  EXPECT_EQ(readAfter("D=8", "D=9"),
            "program: 'spec': D = 9: expected a multiple of 8 between 8 and "
            "256");
}

TEST(Program, DamagedJSONEndsCleanly) {
  const std::string good = sample().toJSON();
  for (size_t length = 0; length + 2 < good.size(); ++length)
    EXPECT_NE(message(Program::fromJSON(good.substr(0, length))), "");
  std::mt19937 random(11);
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (int edits = 1 + random() % 3; edits > 0; --edits) {
      size_t at = random() % text.size();
      switch (random() % 3) {
      case 0:
        text[at] = char(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, text.substr(random() % text.size(), 9));
        break;
      }
    }
    llvm::Expected<Program> program = Program::fromJSON(text);
    if (program)
      EXPECT_EQ(message(program->verify()), "");
    else
      EXPECT_NE(llvm::toString(program.takeError()), "");
  }
  // Deep nesting must not use up the stack.
  EXPECT_NE(message(Program::fromJSON(std::string(1000000, '['))), "");
}

} // namespace
