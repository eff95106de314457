//===- Report.h - what was measured, beside what is possible ----*- C++ -*-===//
//
// The roof
// ========
//
// A kernel that moves `bytes` and computes `flops` takes at least as long as
// the machine needs for the bytes at the rate at which it copies, and for the
// flops at the rate at which it multiplies matrices: the greater of the two is
// its roof. Both rates are measured in the same run, not taken from a data
// sheet, and both counts are the least that the algorithm needs, as the
// compiler's cost estimates say (`llsac --explain`): gathers that the L2 serves
// do not count, nor does an exponential. So 100% is out of reach where those
// bind, and what the column tells is where the distance is greatest.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TOOLS_LLSA_BENCH_REPORT_H
#define LLSA_TOOLS_LLSA_BENCH_REPORT_H

#include "runtime/program/Program.h"
#include "tools/llsa-bench/Suite.h"
#include <optional>

namespace llsa::bench {

/// Median and spread of some samples.
struct Summary {
  double median = 0, least = 0, greatest = 0;
  double lowerQuartile = 0, upperQuartile = 0;
  int64_t count = 0;
};
/// `samples` must not be empty.
Summary summarise(std::vector<double> samples);

/// What the machine can do, in bytes and flops per second. 0: not known.
struct Ceilings {
  double bytesPerSecond = 0, flopsPerSecond = 0;
};
/// The least time for this work, in milliseconds; 0 when nothing is known.
double roofMs(double bytes, double flops, const Ceilings &ceilings);

/// What a kernel costs the host. Not measured on a CPU, but for compileMs.
struct HostCosts {
  double compileMs = 0;              ///< nothing cached, on disk or in memory
  std::optional<double> diskMs;      ///< found on disk, and loaded
  std::optional<double> memoryUs;    ///< found in memory
  std::optional<double> perKernelUs; ///< of a launch, for each kernel in it
};

/// The measurement of one case.
struct Measurement {
  Summary run; ///< milliseconds
  std::vector<double>
      steps; ///< median milliseconds of each step of the program
  HostCosts host;
  int64_t sets = 0; ///< input sets that took turns
};

/// Where and on what it was measured.
struct Setting {
  std::string device; ///< "cpu", "cuda", ...
  std::string name;   ///< of the GPU; empty for a CPU
  unsigned threads = 0;
  std::string input; ///< "random" or "structured"
  Ceilings ceilings;
};

/// One JSON object, without a line break.
std::string jsonLine(const Setting &setting, const Case &wanted,
                     const Program &program, const Measurement &measured);

/// A forward that keeps what its backward needs, and that backward.
struct GradMeasurement {
  Measurement forward, backward;
  Summary both; ///< milliseconds of one behind the other, measured together
  int64_t keptBytes = 0; ///< what lives between them beside inputs and results
};

/// The same for both passes: `run_ms` is that of both, `forward_ms` and
/// `backward_ms` those of each.
std::string jsonLine(const Setting &setting, const Case &wanted,
                     const Program &forward, const Program &backward,
                     const GradMeasurement &measured);

/// What stands above the rows: the machine, and the columns' names.
std::string tableHead(const Setting &setting);
/// A row for the whole and one for each kernel.
std::string tableRows(const Setting &setting, const Case &wanted,
                      const Program &program, const Measurement &measured);
/// A row for both passes, and each pass's rows.
std::string tableRows(const Setting &setting, const Case &wanted,
                      const Program &forward, const Program &backward,
                      const GradMeasurement &measured);

} // namespace llsa::bench

#endif // LLSA_TOOLS_LLSA_BENCH_REPORT_H
