//===- Compiler.cpp ---------------------------------------------*- C++ -*-===//
#include "compiler/driver/Compiler.h"

#include "compiler/driver/Compilation.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace llsa {

Expected<std::string> resolveTarget(StringRef target) {
  if (std::optional<GpuTarget> gpu = GpuTarget::parse(target))
    return gpu->name;
  Expected<HostTarget> resolved = HostTarget::resolve(target);
  if (!resolved)
    return resolved.takeError();
  return resolved->str();
}

Expected<CompileResult> Compiler::compile(StringRef source, StringRef name,
                                          const KernelSpec &spec,
                                          const CompileOptions &options) const {
  auto result = compileTo(Stage::Program, source, name, spec, options);
  if (result)
    result->text.clear();
  return result;
}

Expected<CompileResult>
Compiler::compileTo(Stage stage, StringRef source, StringRef name,
                    const KernelSpec &spec,
                    const CompileOptions &options) const {
  return Compilation(name, options, stage).run(source, spec);
}

} // namespace llsa
