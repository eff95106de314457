//===- Device.cpp -----------------------------------------------*- C++ -*-===//
#include "runtime/jit/Device.h"

#include "compiler/driver/Compiler.h"
#include "runtime/emulator/EmulatorExecutor.h"
#include "runtime/host/HostModule.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

Expected<Device> Device::open(StringRef text) {
  Device device;
  if (EmulatorExecutor::isDeviceText(text)) {
    Expected<std::string> target = EmulatorExecutor::targetOf(text);
    if (!target)
      return target.takeError();
    device.emulated = true;
    device.target = std::move(*target);
  } else if (CudaDevice::isDeviceText(text)) {
    auto opened = CudaDevice::parse(text);
    if (!opened)
      return opened.takeError();
    device.gpu = std::move(*opened);
    device.target = device.gpu->target();
  } else if (text == "cpu" || text.starts_with("cpu:")) {
    device.target = text.str();
  } else {
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("device '{}': expected cpu, cpu:MARCH, cuda, cuda:NUMBER, "
                    "emulator or emulator:TARGET, such as emulator:sm_90a",
                    text.str()));
  }
  Expected<std::string> exact = resolveTarget(device.target);
  if (!exact)
    return exact.takeError();
  device.target = std::move(*exact);
  if (!device.gpu && !device.emulated)
    if (Error error = HostModule::checkTarget(device.target))
      return std::move(error);
  return device;
}

} // namespace llsa::rt
