//===- DeviceFunctions.cpp - a user's CUDA C++ in our kernels -------------===//
#include "runtime/cuda/DeviceFunctions.h"

using namespace llvm;

namespace llsa::rt {

Expected<AssembledCode> linkDeviceFunctions(StringRef ptx,
                                            ArrayRef<CudaSource> sources,
                                            StringRef target) {
  Expected<Nvrtc> compiler = Nvrtc::open();
  if (!compiler)
    return compiler.takeError();
  Expected<NvJitLink> linker = NvJitLink::open();
  if (!linker)
    return linker.takeError();
  std::vector<std::string> compiled;
  for (const CudaSource &source : sources) {
    Expected<std::string> text =
        compiler->compile(source, target, {"-rdc=true"});
    if (!text)
      return text.takeError();
    compiled.push_back(std::move(*text));
  }
  std::vector<LinkInput> inputs = {{LinkInput::Kind::PTX, ptx, "kernel"}};
  for (size_t i = 0; i < sources.size(); ++i)
    inputs.push_back({LinkInput::Kind::PTX, compiled[i], sources[i].name});
  return linker->link(inputs, target);
}

} // namespace llsa::rt
