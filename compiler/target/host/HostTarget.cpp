//===- HostTarget.cpp -------------------------------------------*- C++ -*-===//
#include "compiler/target/host/HostTarget.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace llvm;

namespace llsa {

namespace {

Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

/// This process's own triple: code is made for the machine it runs on.
Triple hostTriple() { return Triple(sys::getProcessTriple()); }

Expected<const Target *> lookupHost() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    InitializeNativeTargetAsmParser();
  });
  std::string error;
  if (const Target *target = TargetRegistry::lookupTarget(hostTriple(), error))
    return target;
  return fail("no code generator for " + hostTriple().str() + ": " + error);
}

std::unique_ptr<MCSubtargetInfo> subtarget(const Target &target, StringRef cpu,
                                           StringRef features = "") {
  return std::unique_ptr<MCSubtargetInfo>(
      target.createMCSubtargetInfo(hostTriple(), cpu, features));
}

/// The names by which features are told apart: those that can be asked of a
/// running CPU. The rest are hints for tuning, which the processor's name says.
std::vector<StringRef> featureNames(const StringMap<bool> &host) {
  std::vector<StringRef> names;
  for (const auto &entry : host)
    names.push_back(entry.getKey());
  llvm::sort(names);
  return names;
}

/// All features that are on, and those off although the processor has them.
std::string describeFeatures(const Target &target, StringRef cpu,
                             function_ref<bool(StringRef)> isOn) {
  auto info = subtarget(target, cpu);
  SmallVector<std::string> on, off;
  StringMap<bool> host = sys::getHostCPUFeatures();
  for (StringRef name : featureNames(host)) {
    if (isOn(name))
      on.push_back(("+" + name).str());
    else if (info->checkFeatures(("+" + name).str()))
      off.push_back(("-" + name).str());
  }
  on.append(off);
  return join(on, ",");
}

Error checkFeatureNames(const Target &target, StringRef text, StringRef cpu,
                        StringRef features) {
  auto info = subtarget(target, cpu);
  SmallVector<StringRef> parts;
  features.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    StringRef name = part;
    bool sign = name.consume_front("+") || name.consume_front("-");
    bool known = llvm::any_of(
        info->getAllProcessorFeatures(),
        [&](const SubtargetFeatureKV &f) { return name == f.Key; });
    if (!sign || !known)
      return fail("target '" + text + "': expected +FEATURE or -FEATURE of " +
                  hostTriple().getArchName() + ", got '" + part + "'");
  }
  return Error::success();
}

} // namespace

Expected<HostTarget> HostTarget::resolve(StringRef text) {
  auto [kind, rest] = text.split(':');
  if (kind != "cpu")
    return fail("unknown target '" + text + "'; targets are:\n" +
                describeTargets());
  Expected<const Target *> target = lookupHost();
  if (!target)
    return target.takeError();

  HostTarget result;
  auto [cpu, features] = rest.split(':');
  if (text.contains(':') && cpu.empty())
    return fail("target '" + text + "': expected a processor behind 'cpu:'");
  result.cpu = cpu.empty() ? sys::getHostCPUName().str() : cpu.str();
  if (!subtarget(**target, "")->isCPUStringValid(result.cpu))
    return fail("unknown processor '" + result.cpu + "' in target '" + text +
                "': expected one by LLVM's name, such as x86-64-v3 or znver3");
  if (!features.empty()) {
    if (Error error = checkFeatureNames(**target, text, cpu, features))
      return std::move(error);
    result.features = features.str();
  } else if (cpu.empty()) {
    StringMap<bool> host = sys::getHostCPUFeatures();
    result.features = describeFeatures(**target, result.cpu,
                                       [&](StringRef f) { return host[f]; });
  } else {
    auto info = subtarget(**target, result.cpu);
    result.features = describeFeatures(**target, cpu, [&](StringRef f) {
      return info->checkFeatures(("+" + f).str());
    });
  }

  auto info = subtarget(**target, result.cpu, result.features);
  auto has = [&](StringRef feature) {
    return info->checkFeatures(("+" + feature).str());
  };
  if (hostTriple().isX86())
    result.vectorBits = has("avx512f") ? 512 : has("avx") ? 256 : 128;
  return result;
}

Expected<std::unique_ptr<TargetMachine>>
HostTarget::createTargetMachine() const {
  Expected<const Target *> target = lookupHost();
  if (!target)
    return target.takeError();
  // The defaults keep floating point as written: a*b+c is fused only where the
  // compiler's own passes wrote an fma.
  TargetOptions options;
  std::unique_ptr<TargetMachine> machine((*target)->createTargetMachine(
      hostTriple(), cpu, features, options, Reloc::PIC_,
      /*CodeModel=*/std::nullopt, CodeGenOptLevel::Aggressive));
  if (!machine)
    return fail("no code generator for " + hostTriple().str());
  return machine;
}

std::string describeTargets() {
  return "  cpu                          this machine (" +
         sys::getHostCPUName().str() +
         ")\n"
         "  cpu:PROCESSOR                e.g. cpu:x86-64-v3, cpu:znver3\n"
         "  cpu:PROCESSOR:+FEATURE,...   exactly these features\n"
         "  sm_80, sm_89, sm_90a, sm_100a, sm_120a   NVIDIA GPUs";
}

} // namespace llsa
