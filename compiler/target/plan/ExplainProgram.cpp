//===- ExplainProgram.cpp ---------------------------------------*- C++ -*-===//
#include "compiler/target/plan/Explain.h"

#include "runtime/program/StepOrder.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace llsa {

namespace {

std::string bytesText(int64_t bytes) {
  std::string text;
  raw_string_ostream os(text);
  if (bytes < 10 * 1024)
    os << bytes << " B";
  else if (bytes < 1024 * 1024)
    os << format("%.1f KiB", double(bytes) / 1024);
  else
    os << format("%.1f MiB", double(bytes) / (1024 * 1024));
  return text;
}

/// Who runs beside a step of lane 1.
void explainLane(const Program &program, const StepOrder &order, size_t step,
                 raw_ostream &os) {
  if (program.steps[step].lane == 0)
    return;
  os << "\n      beside ";
  bool first = true;
  for (size_t other = 0; other < program.steps.size(); ++other) {
    const Step &beside = program.steps[other];
    if (beside.lane == 0 && order.sideBySide(step, other)) {
      os << (first ? "" : ", ") << program.kernels[beside.kernel].name;
      first = false;
    }
  }
}

void explainBuffers(const Program &program, raw_ostream &os) {
  const char *titles[] = {"inputs", "outputs", "workspace"};
  for (Buffer::Role role :
       {Buffer::Role::Input, Buffer::Role::Output, Buffer::Role::Workspace}) {
    int64_t sum = 0;
    os << left_justify(titles[size_t(role)], 11);
    bool first = true;
    for (int64_t i : program.buffersOf(role)) {
      const Buffer &buffer = program.buffers[i];
      sum += buffer.numBytes();
      os << (first ? "" : ", ") << buffer.name << " [";
      interleave(buffer.shape, os, "x");
      os << "] " << toString(buffer.type);
      first = false;
    }
    if (first)
      os << "none";
    else
      os << ": " << bytesText(sum);
    if (role == Buffer::Role::Workspace && sum != program.workspaceBytes)
      os << ", in " << bytesText(program.workspaceBytes)
         << " (buffers that never live at the same time share memory)";
    os << '\n';
  }
}

} // namespace

std::string explainProgram(const Program &program, StringRef launches) {
  std::string text;
  raw_string_ostream os(text);
  double flops = 0, bytes = 0;
  for (const Step &step : program.steps) {
    flops += program.kernels[step.kernel].flops;
    bytes += program.kernels[step.kernel].bytes;
  }
  os << "variant    " << program.variant << '\n';
  os << "spec       " << program.spec.str() << '\n';
  os << "target     " << program.target << "\n\n";
  os << launches;
  os << "kernels\n";
  StepOrder order(program.steps);
  for (size_t s = 0; s < program.steps.size(); ++s) {
    const Step &step = program.steps[s];
    const Kernel &kernel = program.kernels[step.kernel];
    os << "  " << left_justify(kernel.name, 14) << ' ' << kernel.items
       << " work items:";
    for (int64_t i : step.args)
      os << ' ' << program.buffers[i].name;
    explainLane(program, order, s, os);
    os << '\n';
  }
  os << '\n';
  explainBuffers(program, os);
  os << format("total      %.4g Gflop, at least %.4g MB of memory traffic in "
               "%zu launches\n",
               flops * 1e-9, bytes * 1e-6, program.steps.size());
  return text;
}

} // namespace llsa
