//===- Report.cpp - what was measured, beside what is possible ------------===//
#include "tools/llsa-bench/Report.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;

namespace llsa::bench {

/// The value at a fraction of the way through sorted samples.
static double quantile(const std::vector<double> &sorted, double fraction) {
  double place = fraction * double(sorted.size() - 1);
  size_t below = size_t(place), above = std::min(below + 1, sorted.size() - 1);
  double part = place - double(below);
  return sorted[below] * (1 - part) + sorted[above] * part;
}

Summary summarise(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {quantile(samples, 0.5),  samples.front(),
          samples.back(),          quantile(samples, 0.25),
          quantile(samples, 0.75), int64_t(samples.size())};
}

double roofMs(double bytes, double flops, const Ceilings &ceilings) {
  double seconds = 0;
  if (ceilings.bytesPerSecond > 0)
    seconds = bytes / ceilings.bytesPerSecond;
  if (ceilings.flopsPerSecond > 0)
    seconds = std::max(seconds, flops / ceilings.flopsPerSecond);
  return seconds * 1e3;
}

namespace {
/// Inputs and outputs once, and all flops.
struct Work {
  double ioBytes = 0, flops = 0;
};
} // namespace

static Work workOf(const Program &program) {
  Work work;
  for (const Buffer &buffer : program.buffers)
    if (buffer.role != Buffer::Role::Workspace)
      work.ioBytes += double(buffer.numBytes());
  for (const Step &step : program.steps)
    work.flops += program.kernels[size_t(step.kernel)].flops;
  return work;
}

static ordered_json orNull(const std::optional<double> &value) {
  return value ? ordered_json(*value) : ordered_json();
}

static ordered_json lineOf(const Setting &setting, const Case &wanted,
                           const Program &program,
                           const Measurement &measured) {
  const KernelSpec &spec = wanted.spec;
  Work work = workOf(program);
  double roof = roofMs(work.ioBytes, work.flops, setting.ceilings);
  ordered_json line = {
      {"case", wanted.name},
      {"engine", "llsa"},
      {"device", setting.device},
      {"machine", setting.name},
      {"target", program.target},
      {"variant", program.variant},
      {"spec", spec.str()},
      {"batch", spec.B},
      {"heads", spec.H},
      {"tokens", spec.N},
      {"dim", spec.D},
      {"levels", spec.levels ? ordered_json(*spec.levels) : ordered_json()},
      {"input", setting.input},
      {"threads", setting.threads},
      {"run_ms", measured.run.median},
      {"min_ms", measured.run.least},
      {"max_ms", measured.run.greatest},
      {"quartiles_ms",
       {measured.run.lowerQuartile, measured.run.upperQuartile}},
      {"runs", measured.run.count},
      {"input_sets", measured.sets},
      {"compile_ms", measured.host.compileMs},
      {"disk_ms", orNull(measured.host.diskMs)},
      {"memory_us", orNull(measured.host.memoryUs)},
      {"host_us_per_kernel", orNull(measured.host.perKernelUs)},
      {"io_bytes", work.ioBytes},
      {"flops", work.flops},
      {"workspace_bytes", program.workspaceBytes},
      {"roof_ms", roof},
      {"copy_bytes_per_s", setting.ceilings.bytesPerSecond},
      {"peak_flops_per_s", setting.ceilings.flopsPerSecond}};
  line["steps"] = ordered_json::array();
  for (size_t s = 0; s < program.steps.size(); ++s) {
    const Kernel &kernel = program.kernels[size_t(program.steps[s].kernel)];
    line["steps"].push_back(
        {{"kernel", kernel.name},
         {"ms", measured.steps[s]},
         {"bytes", kernel.bytes},
         {"flops", kernel.flops},
         {"roof_ms", roofMs(kernel.bytes, kernel.flops, setting.ceilings)}});
  }
  return line;
}

static std::string text(const ordered_json &line) {
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string jsonLine(const Setting &setting, const Case &wanted,
                     const Program &program, const Measurement &measured) {
  return text(lineOf(setting, wanted, program, measured));
}

std::string jsonLine(const Setting &setting, const Case &wanted,
                     const Program &forward, const Program &backward,
                     const GradMeasurement &measured) {
  ordered_json first = lineOf(setting, wanted, forward, measured.forward);
  ordered_json line = lineOf(setting, wanted, backward, measured.backward);
  line["run_ms"] = measured.both.median;
  line["min_ms"] = measured.both.least;
  line["max_ms"] = measured.both.greatest;
  line["quartiles_ms"] = {measured.both.lowerQuartile,
                          measured.both.upperQuartile};
  line["runs"] = measured.both.count;
  line["forward_ms"] = measured.forward.run.median;
  line["backward_ms"] = measured.backward.run.median;
  for (const char *sum : {"compile_ms", "io_bytes", "flops", "roof_ms"})
    line[sum] = first[sum].get<double>() + line[sum].get<double>();
  line["kept_bytes"] = measured.keptBytes;
  line["forward_workspace_bytes"] = first["workspace_bytes"];
  line["forward_steps"] = first["steps"];
  return text(line);
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

/// Four digits that matter, with a unit.
static std::string timeText(double ms) {
  if (ms <= 0)
    return "-";
  if (ms < 10)
    return fmt::format("{:.1f} us", ms * 1e3);
  return fmt::format("{:.2f} ms", ms);
}

static std::string row(const std::string &name, const std::string &time,
                       const std::string &spread, double bytes, double flops,
                       double ms, double roof) {
  return fmt::format(
      "{:<34} {:>10} {:>21} {:>8} {:>9} {:>10} {:>7}\n", name, time, spread,
      ms > 0 ? fmt::format("{:.0f}", bytes / ms * 1e-6) : "-",
      ms > 0 ? fmt::format("{:.2f}", flops / ms * 1e-9) : "-", timeText(roof),
      roof > 0 && ms > 0 ? fmt::format("{:.0f}%", 100 * roof / ms) : "-");
}

std::string tableHead(const Setting &setting) {
  std::string text = setting.name.empty()
                         ? fmt::format("CPU, {} threads", setting.threads)
                         : fmt::format("{}, {}", setting.device, setting.name);
  const Ceilings &ceilings = setting.ceilings;
  if (ceilings.bytesPerSecond > 0)
    text += fmt::format(", copies {:.0f} GB/s (read and written)",
                        ceilings.bytesPerSecond * 1e-9);
  if (ceilings.flopsPerSecond > 0)
    text +=
        fmt::format(", peak {:.2f} TFLOP/s", ceilings.flopsPerSecond * 1e-12);
  text += fmt::format(", {} input\n\n", setting.input);
  text += fmt::format("{:<34} {:>10} {:>21} {:>8} {:>9} {:>10} {:>7}\n", "case",
                      "median", "least - greatest", "GB/s", "TFLOP/s", "roof",
                      "of roof");
  return text;
}

std::string tableRows(const Setting &setting, const Case &wanted,
                      const Program &program, const Measurement &measured) {
  const Ceilings &ceilings = setting.ceilings;
  Work work = workOf(program);
  std::string text = row(wanted.name, timeText(measured.run.median),
                         timeText(measured.run.least) + " - " +
                             timeText(measured.run.greatest),
                         work.ioBytes, work.flops, measured.run.median,
                         roofMs(work.ioBytes, work.flops, ceilings));
  for (size_t s = 0; s < program.steps.size(); ++s) {
    const Kernel &kernel = program.kernels[size_t(program.steps[s].kernel)];
    text += row("  " + kernel.name, timeText(measured.steps[s]), "",
                kernel.bytes, kernel.flops, measured.steps[s],
                roofMs(kernel.bytes, kernel.flops, ceilings));
  }
  const HostCosts &host = measured.host;
  text += fmt::format("  host: compile {:.1f} ms", host.compileMs);
  if (host.diskMs)
    text += fmt::format(", from disk {:.1f} ms", *host.diskMs);
  if (host.memoryUs)
    text += fmt::format(", from memory {:.2f} us", *host.memoryUs);
  if (host.perKernelUs)
    text += fmt::format(", launch {:.1f} us per kernel", *host.perKernelUs);
  return text + fmt::format("; workspace {:.1f} MB\n",
                            double(program.workspaceBytes) * 1e-6);
}

std::string tableRows(const Setting &setting, const Case &wanted,
                      const Program &forward, const Program &backward,
                      const GradMeasurement &measured) {
  Work work = workOf(forward), more = workOf(backward);
  work.ioBytes += more.ioBytes;
  work.flops += more.flops;
  Case first = wanted, second = wanted;
  first.name = " forward";
  second.name = " backward";
  return row(wanted.name, timeText(measured.both.median),
             timeText(measured.both.least) + " - " +
                 timeText(measured.both.greatest),
             work.ioBytes, work.flops, measured.both.median,
             roofMs(work.ioBytes, work.flops, setting.ceilings)) +
         tableRows(setting, first, forward, measured.forward) +
         tableRows(setting, second, backward, measured.backward) +
         fmt::format("  kept for the backward: {:.1f} MB\n",
                     double(measured.keptBytes) * 1e-6);
}

} // namespace llsa::bench
