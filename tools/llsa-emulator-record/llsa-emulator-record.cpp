//===- llsa-emulator-record.cpp - what single instructions give on a GPU --===//
#include "runtime/cuda/CudaDevice.h"
#include "runtime/support/Files.h"
#include "tools/io/CommandLine.h"
#include "tools/llsa-emulator-record/RecordedCases.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/raw_ostream.h"
#include <fmt/format.h>

using namespace llvm;
using namespace llsa;
using namespace llsa::tools;

/// The outputs of a case on the device.
static Expected<std::vector<uint32_t>>
runOn(std::shared_ptr<const rt::CudaDevice> device,
      const RecordedCase &recorded) {
  rt::CudaDevice::Scope scope(*device);
  const rt::CudaDriver &cu = device->driver();
  std::string ptx = ptxOf(recorded);
  rt::CUmodule module = nullptr;
  if (Error error = cu.check(
          cu.ModuleLoadDataEx(&module, ptx.c_str(), 0, nullptr, nullptr),
          fmt::format("{} cannot be loaded", recorded.name)))
    return std::move(error);
  scope_exit unload([&] { cu.ModuleUnload(module); });
  rt::CUfunction function = nullptr;
  if (Error error = cu.check(
          cu.ModuleGetFunction(&function, module, recorded.name.c_str()),
          recorded.name))
    return std::move(error);

  std::vector<uint32_t> in = inputsOf(recorded);
  std::vector<uint32_t> out(recorded.allThreads() * recorded.outputs);
  auto inputs = rt::CudaMemory::allocate(device, int64_t(in.size() * 4));
  if (!inputs)
    return inputs.takeError();
  auto outputs = rt::CudaMemory::allocate(device, int64_t(out.size() * 4));
  if (!outputs)
    return outputs.takeError();
  if (Error error = inputs->copyFrom(in.data()))
    return std::move(error);
  void *addresses[] = {inputs->data(), outputs->data()};
  void *params[] = {&addresses[0], &addresses[1]};
  rt::CUlaunchConfig config{
      recorded.ctas, 1,       1, recorded.threads, 1, 1, recorded.sharedBytes,
      nullptr,       nullptr, 0};
  if (Error error = cu.check(
          cu.LaunchKernelEx(&config, function, params, nullptr), recorded.name))
    return std::move(error);
  if (Error error = cu.check(cu.StreamSynchronize(nullptr), recorded.name))
    return std::move(error);
  if (Error error = outputs->copyTo(out.data()))
    return std::move(error);
  return out;
}

static Error record(const std::string &deviceName, const std::string &path) {
  auto device = rt::CudaDevice::parse(deviceName);
  if (!device)
    return device.takeError();
  Recording recording;
  recording.gpu =
      fmt::format("{} ({}), driver of CUDA {}", (*device)->name(),
                  (*device)->target(), (*device)->driver().version.str());
  for (const RecordedCase &recorded : recordedCases()) {
    if (recorded.target == "sm_90a" && (*device)->target() != "sm_90a") {
      errs() << recorded.name << ": left out, " << (*device)->target()
             << " has no wgmma\n";
      continue;
    }
    Expected<std::vector<uint32_t>> words = runOn(*device, recorded);
    if (!words)
      return words.takeError();
    recording.cases[recorded.name] = {keyOf(recorded), std::move(*words)};
  }
  if (Error error = rt::writeFileSynced(path, toJSON(recording)))
    return error;
  outs() << recording.cases.size() << " cases on " << recording.gpu << " in "
         << path << '\n';
  return Error::success();
}

/// Prints a case's kernel, or the names of all.
static Error show(const std::string &name) {
  bool found = name == "list";
  for (const RecordedCase &recorded : recordedCases()) {
    if (name == "list")
      outs() << recorded.name << '\n';
    if (name != recorded.name)
      continue;
    outs() << ptxOf(recorded);
    found = true;
  }
  return found ? Error::success()
               : createStringError(fmt::format(
                     "there is no case '{}'; --show list names all", name));
}

int main(int argc, char **argv) {
  CLI::App app("llsa-emulator-record: writes down what single PTX instructions "
               "compute on a GPU, for the emulator's tests",
               "llsa-emulator-record");
  std::string device = "cuda", path = "recorded.json", shown;
  app.add_option("--device", device, "cuda or cuda:NUMBER");
  app.add_option("-o", path,
                 "where to write; the test reads "
                 "test/emulator/Inputs/recorded.json");
  app.add_option("--show", shown,
                 "print the kernel of a case instead; list: their names");
  return tools::runTool(app, argc, argv, [&] {
    Error error = shown.empty() ? record(device, path) : show(shown);
    if (error) {
      errs() << "llsa-emulator-record: " << toString(std::move(error)) << '\n';
      return 1;
    }
    return 0;
  });
}
