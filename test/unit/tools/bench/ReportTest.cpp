//===- ReportTest.cpp -----------------------------------------------------===//
#include "tools/llsa-bench/Report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace llsa;
using namespace llsa::bench;

namespace {

TEST(Summary, MedianQuartilesAndExtremes) {
  Summary odd = summarise({5, 1, 4, 2, 3});
  EXPECT_EQ(odd.median, 3);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.greatest, 5);
  EXPECT_EQ(odd.lowerQuartile, 2);
  EXPECT_EQ(odd.upperQuartile, 4);
  EXPECT_EQ(odd.count, 5);
  EXPECT_EQ(summarise({4, 1}).median, 2.5);
  EXPECT_EQ(summarise({7}).upperQuartile, 7);
}

TEST(Roof, TheSlowerOfMemoryAndArithmetic) {
  Ceilings both{1000, 100};
  EXPECT_DOUBLE_EQ(roofMs(/*bytes=*/3, /*flops=*/0.1, both), 3);
  EXPECT_DOUBLE_EQ(roofMs(/*bytes=*/3, /*flops=*/1, both), 10);
  EXPECT_DOUBLE_EQ(roofMs(3, 1, Ceilings{1000, 0}), 3);
  EXPECT_EQ(roofMs(3, 1, Ceilings{}), 0);
}

/// q in and o out, 4096 bytes each; two kernels.
Program sample() {
  Program program;
  program.variant = "sample";
  program.target = "sm_90a";
  program.buffers = {
      {"q", Buffer::Role::Input, ElementType::F32, {1, 1, 128, 8}, 0},
      {"o", Buffer::Role::Output, ElementType::F32, {1, 1, 128, 8}, 0},
      {"w", Buffer::Role::Workspace, ElementType::F32, {1000}, 0}};
  program.workspaceBytes = 4000;
  program.kernels.resize(2);
  program.kernels[0].name = "pool";
  program.kernels[0].bytes = 5000;
  program.kernels[1].name = "attend";
  program.kernels[1].flops = 2e6;
  program.steps = {{0, {0, 2}}, {1, {2, 1}}};
  return program;
}

Case sampleCase() {
  return {"the case", "sample",
          *KernelSpec::parse("B=1,H=1,N=128,D=8,dtype=f32,levels=2")};
}

Measurement sampleMeasurement() {
  Measurement measured;
  measured.run = summarise({0.03, 0.01, 0.02});
  measured.steps = {0.005, 0.0125};
  measured.host.compileMs = 120;
  measured.host.perKernelUs = 4.5;
  measured.sets = 3;
  return measured;
}

// 1 GB/s and 1 GFLOP/ms: 8192 bytes take 8.2 us, 2e6 flops 2 us.
const Setting kSetting{"cuda", "a GPU", 1, "random", {1e9, 1e12}};

TEST(Report, AJSONLineHasTheNumbers) {
  auto line = nlohmann::json::parse(
      jsonLine(kSetting, sampleCase(), sample(), sampleMeasurement()));
  EXPECT_EQ(line["case"], "the case");
  EXPECT_EQ(line["engine"], "llsa");
  EXPECT_EQ(line["machine"], "a GPU");
  EXPECT_EQ(line["tokens"], 128);
  EXPECT_EQ(line["levels"], 2);
  EXPECT_EQ(line["run_ms"], 0.02);
  EXPECT_EQ(line["min_ms"], 0.01);
  EXPECT_EQ(line["io_bytes"], 8192);
  EXPECT_EQ(line["flops"], 2e6);
  EXPECT_EQ(line["workspace_bytes"], 4000);
  EXPECT_DOUBLE_EQ(line["roof_ms"], 0.008192);
  EXPECT_EQ(line["compile_ms"], 120);
  EXPECT_TRUE(line["disk_ms"].is_null());
  EXPECT_EQ(line["host_us_per_kernel"], 4.5);
  ASSERT_EQ(line["steps"].size(), 2u);
  EXPECT_EQ(line["steps"][0]["kernel"], "pool");
  EXPECT_DOUBLE_EQ(line["steps"][0]["roof_ms"], 0.005);
  EXPECT_EQ(line["steps"][1]["ms"], 0.0125);
  EXPECT_DOUBLE_EQ(line["steps"][1]["roof_ms"], 0.002);
}

TEST(Report, ALineIsOneLine) {
  Case odd = sampleCase();
  odd.name = "two\nlines, \xff";
  EXPECT_EQ(jsonLine(kSetting, odd, sample(), sampleMeasurement()).find('\n'),
            std::string::npos);
}

/// The words of the first line that starts with `name`.
std::string rowOf(const std::string &table, const std::string &name) {
  size_t at = table.find(name);
  if (at == std::string::npos)
    return "";
  std::string words;
  for (char c : table.substr(at, table.find('\n', at) - at))
    if (c != ' ' || (!words.empty() && words.back() != ' '))
      words += c;
  return words;
}

TEST(Report, TheTableHasARowForTheWholeAndForEachKernel) {
  std::string rows =
      tableRows(kSetting, sampleCase(), sample(), sampleMeasurement());
  EXPECT_EQ(rowOf(rows, "the case"),
            "the case 20.0 us 10.0 us - 30.0 us 0 0.10 8.2 us 41%");
  EXPECT_EQ(rowOf(rows, "pool"), "pool 5.0 us 1 0.00 5.0 us 100%");
  EXPECT_EQ(rowOf(rows, "attend"), "attend 12.5 us 0 0.16 2.0 us 16%");
  EXPECT_EQ(rowOf(rows, "host"), "host: compile 120.0 ms, launch 4.5 us per "
                                 "kernel; workspace 0.0 MB");
}

TEST(Report, BothPassesStandBesideTheirSum) {
  GradMeasurement measured;
  measured.forward = measured.backward = sampleMeasurement();
  measured.backward.run = summarise({0.05});
  measured.both = summarise({0.06});
  measured.keptBytes = 3000000;
  auto line = nlohmann::json::parse(
      jsonLine(kSetting, sampleCase(), sample(), sample(), measured));
  EXPECT_EQ(line["run_ms"], 0.06);
  EXPECT_EQ(line["forward_ms"], 0.02);
  EXPECT_EQ(line["backward_ms"], 0.05);
  EXPECT_EQ(line["compile_ms"], 240);
  EXPECT_EQ(line["flops"], 4e6);
  EXPECT_EQ(line["kept_bytes"], 3000000);
  EXPECT_EQ(line["steps"].size(), 2u);
  EXPECT_EQ(line["forward_steps"][1]["kernel"], "attend");
  std::string rows =
      tableRows(kSetting, sampleCase(), sample(), sample(), measured);
  EXPECT_EQ(rowOf(rows, "the case"),
            "the case 60.0 us 60.0 us - 60.0 us 0 0.07 16.4 us 27%");
  EXPECT_EQ(rowOf(rows, "forward"),
            "forward 20.0 us 10.0 us - 30.0 us 0 0.10 8.2 us 41%");
  EXPECT_EQ(rowOf(rows, "backward").substr(0, 16), "backward 50.0 us");
  EXPECT_EQ(rowOf(rows, "kept"), "kept for the backward: 3.0 MB");
}

TEST(Report, WhatIsNotKnownIsADash) {
  Setting unknown = kSetting;
  unknown.ceilings = {};
  EXPECT_EQ(
      rowOf(tableRows(unknown, sampleCase(), sample(), sampleMeasurement()),
            "the case"),
      "the case 20.0 us 10.0 us - 30.0 us 0 0.10 - -");
  EXPECT_EQ(rowOf(tableHead(unknown), "cuda"), "cuda, a GPU, random input");
}

} // namespace
