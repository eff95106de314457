//===- HostModule.cpp -------------------------------------------*- C++ -*-===//
#include "runtime/host/HostModule.h"

#include "runtime/host/HostSymbols.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include <fmt/format.h>

using namespace llvm;

namespace llsa::rt {

namespace {

/// Features of the system, of security and of idling: their instructions stand
/// only in code that asks for them by name, which the compiler never does. A
/// virtual machine may hide them although its processor has them.
constexpr StringLiteral kNeverInKernels[] = {
    "cldemote", "clflushopt", "clwb",     "clzero",    "enqcmd",    "fsgsbase",
    "hreset",   "invpcid",    "kl",       "lwp",       "movdir64b", "movdiri",
    "mwaitx",   "pconfig",    "pku",      "ptwrite",   "rdpid",     "rdpru",
    "rdrnd",    "rdseed",     "rtm",      "serialize", "sgx",       "shstk",
    "tsxldtrk", "uintr",      "usermsr",  "waitpkg",   "wbnoinvd",  "widekl",
    "xsave",    "xsavec",     "xsaveopt", "xsaves"};

Error describeFailure(const Program &program, Error error) {
  return createStringError(
      inconvertibleErrorCode(),
      fmt::format("cannot load the code of kernel '{}': {}", program.variant,
                  toString(std::move(error))));
}

} // namespace

HostModule::HostModule() = default;

HostModule::~HostModule() {
  if (session)
    consumeError(session->endSession());
}

Error HostModule::checkTarget(StringRef target) {
  auto fail = [&](const std::string &message) {
    return createStringError(
        inconvertibleErrorCode(),
        fmt::format("target '{}': {}", target.str(), message));
  };
  SmallVector<StringRef> parts;
  target.split(parts, ':');
  if (parts.front() != "cpu")
    return fail("it is not for this CPU");
  if (parts.size() < 3)
    return Error::success();
  static const StringMap<bool> host = sys::getHostCPUFeatures();
  SmallVector<StringRef> features;
  parts[2].split(features, ',', -1, /*KeepEmpty=*/false);
  for (StringRef feature : features) {
    if (!feature.consume_front("+") || is_contained(kNeverInKernels, feature))
      continue;
    // Names that LLVM does not report for this CPU at all are hints for tuning
    // and do not matter.
    auto it = host.find(feature);
    if (it != host.end() && !it->second)
      return fail(fmt::format("this CPU has no {}", feature.str()));
  }
  return Error::success();
}

Expected<std::unique_ptr<HostModule>> HostModule::load(const Program &program) {
  auto fail = [&](Error error) {
    return describeFailure(program, std::move(error));
  };
  if (program.codeFormat != "elf" ||
      identify_magic(program.code) != file_magic::elf_relocatable)
    return fail(createStringError(
        inconvertibleErrorCode(),
        fmt::format("expected a relocatable ELF object, got {} bytes of '{}'",
                    program.code.size(), program.codeFormat)));
  // It would end in an illegal instruction.
  if (Error error = checkTarget(program.target))
    return fail(std::move(error));

  auto control = orc::SelfExecutorProcessControl::Create();
  if (!control)
    return fail(control.takeError());
  std::unique_ptr<HostModule> module(new HostModule());
  module->session =
      std::make_unique<orc::ExecutionSession>(std::move(*control));
  // A failure also comes back from the lookup below; this report would only
  // repeat it on stderr. It holds the reason (such as the symbols that are
  // missing), so it is kept for the message.
  std::string reasons;
  module->session->setErrorReporter([&reasons](Error error) {
    reasons += "; " + toString(std::move(error));
  });
  module->linker = std::make_unique<orc::ObjectLinkingLayer>(*module->session);
  orc::ExecutionSession &session = *module->session;
  orc::JITDylib &library = session.createBareJITDylib("kernels");

  orc::SymbolMap provided;
  for (const HostSymbol &symbol : hostSymbols())
    provided[session.intern(symbol.name)] = {
        orc::ExecutorAddr::fromPtr(symbol.address),
        JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error error = library.define(orc::absoluteSymbols(std::move(provided))))
    return fail(std::move(error));
  if (Error error = module->linker->add(
          library,
          MemoryBuffer::getMemBufferCopy(program.code, program.variant)))
    return fail(std::move(error));

  orc::SymbolLookupSet names;
  for (const Kernel &kernel : program.kernels)
    names.add(session.intern(kernel.name));
  names.sortByAddress();
  names.removeDuplicates();
  auto found =
      session.lookup(orc::makeJITDylibSearchOrder(&library), std::move(names));
  module->session->setErrorReporter(consumeError);
  if (!found)
    return fail(createStringError(inconvertibleErrorCode(),
                                  toString(found.takeError()) + reasons));
  for (const Kernel &kernel : program.kernels)
    module->kernels.push_back(
        (*found)[session.intern(kernel.name)].getAddress().toPtr<HostKernel>());
  return module;
}

} // namespace llsa::rt
