//===- Report.h - what llsa-run found, for people and for scripts -*- C++
//-*-===//
#ifndef LLSA_TOOLS_LLSA_RUN_REPORT_H
#define LLSA_TOOLS_LLSA_RUN_REPORT_H

#include "tools/llsa-run/Check.h"
#include "tools/llsa-run/Kernel.h"
#include <optional>

namespace llsa::tools {

/// How long another variant takes on the same inputs.
struct CompareReport {
  std::string variant;
  double compileMs = 0;
  double runMs = 0;         ///< of all queries; scaled when it was too slow
  int64_t timedQueries = 0; ///< queries per head that were really run
  int64_t allQueries = 0;
  bool scaled() const { return timedQueries != allQueries; }
};

/// What --grad tells of the forward that keeps what the backward needs.
struct ForwardReport {
  RunTimes run;
  std::vector<LaunchTime> profile;
  /// What lives between the passes beside inputs and results.
  int64_t keptBytes = 0;
  int64_t workspaceBytes = 0;
};

struct Report {
  std::string variant, file, spec, input;
  std::string device, target; ///< as asked for, and exactly
  unsigned threads = 0;
  std::string gpu; ///< its name; empty for a CPU
  rt::JitReport compile;
  RunTimes run;
  std::vector<LaunchTime> profile;      ///< of `run`
  std::optional<ForwardReport> forward; ///< with --grad: `run` is the backward
  int64_t keys = 0;                     ///< N
  int64_t workspaceBytes = 0;
  std::optional<CheckReport> check;
  std::optional<CompareReport> compare;
  std::string picture, pictureText; ///< its path, and what it shows
  std::vector<std::string> written; ///< files
};

/// Some ten lines for people.
std::string reportText(const Report &report);
/// One line with a JSON object. What was not asked for is null.
std::string reportJSON(const Report &report);

} // namespace llsa::tools

#endif // LLSA_TOOLS_LLSA_RUN_REPORT_H
