//===- RecordedTest.cpp - the emulator against what a GPU computed --------===//
#include "runtime/emulator/Launch.h"
#include "runtime/support/Files.h"
#include "tools/llsa-emulator-record/RecordedCases.h"
#include <gtest/gtest.h>
#include <set>

using namespace llsa;
using namespace llsa::tools;

namespace {

/// The outputs of a case for `in` on the emulator, and its error.
std::vector<uint32_t> emulate(const RecordedCase &recorded,
                              std::vector<uint32_t> in, std::string &error) {
  std::vector<uint32_t> out(recorded.allThreads() * recorded.outputs);
  ptx::GlobalMemory memory;
  ptx::Arguments arguments;
  arguments.add(llvm::cantFail(memory.add(
      "in", in.data(), in.size() * 4, ptx::GlobalMemory::Access::ReadOnly)));
  arguments.add(llvm::cantFail(memory.add("out", out.data(), out.size() * 4)));
  error = llvm::toString(ptx::runPtxKernel(
      ptxOf(recorded), recorded.name, {recorded.ctas, 1, 1},
      {recorded.threads, 1, 1}, recorded.sharedBytes, arguments, memory));
  return out;
}

std::vector<uint32_t> emulate(const RecordedCase &recorded,
                              std::vector<uint32_t> in) {
  std::string error;
  std::vector<uint32_t> out = emulate(recorded, std::move(in), error);
  EXPECT_EQ(error, "") << recorded.name;
  return out;
}

const RecordedCase &caseNamed(llvm::StringRef name) {
  for (const RecordedCase &recorded : recordedCases())
    if (recorded.name == name)
      return recorded;
  llvm_unreachable("there is no such case");
}

} // namespace

TEST(Recorded, TheEmulatorAgreesWithTheGpu) {
  auto text = rt::readFile(LLSA_RECORDING);
  ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
  auto recording = readRecording(*text);
  ASSERT_TRUE(bool(recording)) << llvm::toString(recording.takeError());
  std::set<std::string> known;
  for (const RecordedCase &recorded : recordedCases()) {
    known.insert(recorded.name);
    auto found = recording->cases.find(recorded.name);
    if (found == recording->cases.end()) {
      ADD_FAILURE() << recorded.name << " was not recorded";
      continue;
    }
    ASSERT_EQ(found->second.key, keyOf(recorded))
        << recorded.name << " has changed since: record again";
    EXPECT_EQ(compareOutputs(recorded, found->second.words,
                             emulate(recorded, inputsOf(recorded)),
                             emulate(recorded, absoluteInputs(recorded))),
              "")
        << recording->gpu;
  }
  for (const auto &[name, outputs] : recording->cases)
    EXPECT_EQ(known.count(name), 1u) << name << " is no case";
}

TEST(Recorded, EveryCaseRunsHere) {
  std::set<std::string> names;
  for (const RecordedCase &recorded : recordedCases()) {
    EXPECT_TRUE(names.insert(recorded.name).second) << recorded.name;
    std::vector<uint32_t> in = inputsOf(recorded);
    std::vector<uint32_t> out = emulate(recorded, in);
    // Inputs matter: other ones give other outputs.
    std::reverse(in.begin(), in.end());
    EXPECT_NE(emulate(recorded, in), out) << recorded.name;
    EXPECT_EQ(in.size(), recorded.inputs.size() * recorded.allThreads());
  }
}

TEST(Recorded, ComparingIsToTheBitOrWithinTheBound) {
  const RecordedCase &add = caseNamed("add_f32"), &ex2 = caseNamed("ex2_f32");
  auto with = [](float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return std::vector<uint32_t>{bits};
  };
  EXPECT_EQ(compareOutputs(add, with(1), with(1), {}), "");
  EXPECT_EQ(compareOutputs(add, {0x7fc00000}, {0x7fffffff}, {}), "")
      << "any NaN";
  EXPECT_EQ(compareOutputs(add, with(1), with(1.5f), {}),
            "add_f32: output 0 of thread 0: the GPU gave 0x3f800000 (1), the "
            "emulator 0x3fc00000 (1.5)");
  EXPECT_NE(compareOutputs(add, with(1), {0x3f800001}, {}), "");
  EXPECT_NE(compareOutputs(add, with(1), {0x7fc00000}, {}), "");
  EXPECT_EQ(compareOutputs(add, with(1), {}, {}),
            "add_f32: 1 words were recorded, expected 0");
  EXPECT_EQ(compareOutputs(ex2, with(1), {0x3f800003}, {}), "");
  EXPECT_NE(compareOutputs(ex2, with(1), {0x3f800005}, {}), "");
  const RecordedCase &mma = caseNamed("mma_m16n8k16_bf16");
  EXPECT_EQ(compareOutputs(mma, with(1), {0x3f800008}, with(1)), "");
  EXPECT_NE(compareOutputs(mma, with(1), {0x3f800009}, with(1)), "");
  EXPECT_EQ(compareOutputs(mma, with(1), {0x3f800800}, with(256)), "");
}

TEST(Recorded, ARecordingIsReadAsItIsWritten) {
  Recording recording{"a GPU", {{"one", {"key", {1, 0xffffffff}}}}};
  auto again = readRecording(toJSON(recording));
  ASSERT_TRUE(bool(again)) << llvm::toString(again.takeError());
  EXPECT_EQ(again->gpu, "a GPU");
  EXPECT_EQ(again->cases["one"].key, "key");
  EXPECT_EQ(again->cases["one"].words, (std::vector<uint32_t>{1, 0xffffffff}));
  EXPECT_EQ(llvm::toString(readRecording("[]").takeError()),
            "recording: expected a JSON object with gpu and cases");
  EXPECT_EQ(
      llvm::toString(
          readRecording(
              R"({"gpu": "", "cases": {"x": {"key": "", "outputs": "12"}}})")
              .takeError()),
      "recording: case 'x': expected words of eight hexadecimal digits");
}
