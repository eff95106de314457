//===- Report.cpp - what llsa-run found, for people and for scripts -------===//
#include "tools/llsa-run/Report.h"
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace llsa;
using namespace llsa::tools;

static std::string compileText(const rt::JitReport &compile) {
  if (compile.origin != rt::Origin::Compiled)
    return fmt::format("{:.1f} ms, cached: from {}", compile.milliseconds,
                       toString(compile.origin).str());
  std::string stages;
  for (const StageTime &time : compile.times)
    stages += fmt::format("{}{} {:.1f}", stages.empty() ? "" : ", ",
                          stageName(time.stage).str(), time.milliseconds);
  return fmt::format("{:.1f} ms, not cached ({})", compile.milliseconds,
                     stages);
}

/// "cpu:znver3" of "cpu:znver3:+avx2,...".
static std::string shortTarget(const std::string &target) {
  return target.substr(0, target.find(':', target.find(':') + 1));
}

static std::string timesText(const char *name, const RunTimes &times,
                             bool isCpu) {
  int digits = isCpu ? 2 : 4;
  return fmt::format("{:<10} {:.{}f} ms, median of {} ({:.{}f} to {:.{}f})\n",
                     name, times.median, digits, times.runs, times.least,
                     digits, times.greatest, digits);
}

static std::string launchesText(const char *pass,
                                llvm::ArrayRef<LaunchTime> launches) {
  std::string text;
  for (const LaunchTime &launch : launches)
    text += fmt::format("launch     {}{}: {:.4f} ms\n", pass, launch.kernel,
                        launch.milliseconds);
  return text;
}

static std::string megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", double(bytes) / 1e6);
}

/// Times of both passes, and what a caller's memory must hold between them and
/// in the backward beside inputs, results and gradients.
static std::string gradientsText(const Report &report) {
  const ForwardReport &forward = *report.forward;
  bool isCpu = report.gpu.empty();
  return timesText("forward", forward.run, isCpu) +
         timesText("backward", report.run, isCpu) +
         fmt::format("sum        {:.{}f} ms, of the medians\n",
                     forward.run.median + report.run.median, isCpu ? 2 : 4) +
         launchesText("forward ", forward.profile) +
         launchesText("backward ", report.profile) +
         fmt::format("memory     {} for the backward: {} kept by the forward, "
                     "{} of workspace ({} in the forward)\n",
                     megabytes(forward.keptBytes + report.workspaceBytes),
                     megabytes(forward.keptBytes),
                     megabytes(report.workspaceBytes),
                     megabytes(forward.workspaceBytes));
}

static std::string runText(const Report &report) {
  if (report.forward)
    return gradientsText(report);
  return timesText("run", report.run, report.gpu.empty()) +
         launchesText("", report.profile) +
         fmt::format("memory     {} of workspace\n",
                     megabytes(report.workspaceBytes));
}

static std::string checkText(const CheckReport &check) {
  std::string text = fmt::format(
      "keys       {:.1f} per query, average of {} sampled queries per head\n",
      check.keysPerQuery, check.sampledRows);
  for (const OutputCheck &output : check.outputs)
    text += fmt::format(
        "check      {}: error {:.3g}, allowed {:.3g}, {}: {}\n", output.name,
        output.comparison.maxError, output.comparison.allowedError,
        output.part.empty()
            ? fmt::format("{} of {} queries", check.sampledRows, check.allRows)
            : output.part,
        output.comparison.ok() ? "correct" : "WRONG");
  if (check.indices.rows > 0)
    text += fmt::format("check      indices: {} rows, {} ties, {} wrong\n",
                        check.indices.rows, check.indices.ties,
                        check.indices.mismatches);
  if (!check.ok())
    text += fmt::format("check      FAILED: {}\n", check.message());
  return text;
}

static std::string compareText(const Report &report) {
  const CompareReport &compare = *report.compare;
  std::string text = fmt::format(
      "compare    {}: {:.1f} ms, {:.1f} times as long", compare.variant,
      compare.runMs, compare.runMs / report.run.median);
  if (compare.scaled())
    text += fmt::format(", estimated from {} of {} queries",
                        compare.timedQueries, compare.allQueries);
  return text + fmt::format("; compiled in {:.1f} ms\n", compare.compileMs);
}

std::string llsa::tools::reportText(const Report &report) {
  std::string text;
  text += fmt::format("variant    {} ({})\n", report.variant, report.file);
  text += fmt::format("spec       {}\n", report.spec);
  text += report.gpu.empty()
              ? fmt::format("device     {}{}, {} threads\n",
                            shortTarget(report.target),
                            rt::EmulatorExecutor::isDeviceText(report.device)
                                ? ", emulated"
                                : "",
                            report.threads)
              : fmt::format("device     {}, {}\n", report.target, report.gpu);
  text += fmt::format("input      {}\n", report.input);
  text += fmt::format("compile    {}\n", compileText(report.compile));
  text += runText(report);
  if (report.check)
    text += checkText(*report.check);
  if (report.compare)
    text += compareText(report);
  if (!report.picture.empty())
    text +=
        fmt::format("picture    {}: {}\n", report.picture, report.pictureText);
  for (const std::string &path : report.written)
    text += fmt::format("wrote      {}\n", path);
  return text;
}

/// JSON has no infinity and no NaN: those become null.
static nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

static nlohmann::json launchesJSON(llvm::ArrayRef<LaunchTime> launches) {
  nlohmann::json json = nlohmann::json::array();
  for (const LaunchTime &launch : launches)
    json.push_back({{launch.kernel, number(launch.milliseconds)}});
  return json;
}

std::string llsa::tools::reportJSON(const Report &report) {
  nlohmann::ordered_json json;
  json["variant"] = report.variant;
  json["spec"] = report.spec;
  json["device"] = report.device;
  json["target"] = report.target;
  json["threads"] = report.threads;
  json["input"] = report.input;
  json["compile_ms"] = number(report.compile.milliseconds);
  json["cached"] = report.compile.origin != rt::Origin::Compiled;
  nlohmann::ordered_json stages = nlohmann::ordered_json::object();
  for (const StageTime &time : report.compile.times)
    stages[stageName(time.stage).str()] = number(time.milliseconds);
  json["stages_ms"] = stages;
  json["run_ms"] = number(report.run.median);
  json["runs"] = report.run.runs;
  if (!report.profile.empty())
    json["launches_ms"] = launchesJSON(report.profile);
  json["workspace_bytes"] = report.workspaceBytes;
  if (report.forward) {
    const ForwardReport &forward = *report.forward;
    json["forward_ms"] = number(forward.run.median);
    json["backward_ms"] = json["run_ms"];
    json["sum_ms"] = number(forward.run.median + report.run.median);
    if (!forward.profile.empty())
      json["forward_launches_ms"] = launchesJSON(forward.profile);
    json["kept_bytes"] = forward.keptBytes;
    json["forward_workspace_bytes"] = forward.workspaceBytes;
  }
  const OutputCheck *worst = report.check ? report.check->worst() : nullptr;
  json["error"] = worst ? number(worst->comparison.maxError) : nullptr;
  json["allowed_error"] =
      worst ? number(worst->comparison.allowedError) : nullptr;
  json["index_mismatches"] = nullptr;
  json["keys_per_query"] = nullptr;
  json["correct"] = nullptr;
  if (report.check) {
    json["index_mismatches"] = report.check->indices.mismatches;
    json["index_ties"] = report.check->indices.ties;
    json["keys_per_query"] = number(report.check->keysPerQuery);
    json["sampled_queries"] = report.check->sampledRows;
    json["correct"] = report.check->ok();
    for (const OutputCheck &output : report.check->outputs)
      json["outputs"][output.name] = {
          {"error", number(output.comparison.maxError)},
          {"allowed_error", number(output.comparison.allowedError)},
          {"plain_error", number(output.comparison.plainError)}};
  }
  if (report.check && report.forward)
    for (const OutputCheck &output : report.check->outputs) {
      json[output.name + "_error"] = number(output.comparison.maxError);
      json[output.name + "_allowed_error"] =
          number(output.comparison.allowedError);
    }
  if (report.compare)
    json["compare"] = {{"variant", report.compare->variant},
                       {"compile_ms", number(report.compare->compileMs)},
                       {"run_ms", number(report.compare->runMs)},
                       {"timed_queries", report.compare->timedQueries},
                       {"queries", report.compare->allQueries}};
  if (!report.picture.empty())
    json["picture"] = report.picture;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
