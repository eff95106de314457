//===- DeviceTensors.cpp - tensors of a run, in a GPU's memory ------------===//
#include "tools/llsa-run/DeviceTensors.h"
#include "tools/io/Files.h"

using namespace llsa;
using namespace llsa::tools;

llvm::Expected<DeviceTensors>
DeviceTensors::create(const rt::CudaExecutor &executor,
                      const NamedTensors &inputs, const NamedTensors &outputs) {
  DeviceTensors result;
  const Program &program = executor.program();
  for (Buffer::Role role : {Buffer::Role::Input, Buffer::Role::Output}) {
    bool isInput = role == Buffer::Role::Input;
    const NamedTensors &tensors = isInput ? inputs : outputs;
    for (int64_t b : program.buffersOf(role)) {
      const std::string &name = program.buffers[size_t(b)].name;
      auto found = tensors.find(name);
      if (found == tensors.end())
        return makeError("kernel '{}': there is no tensor '{}'",
                         program.variant, name);
      Tensor view = found->second.view();
      auto memory =
          rt::CudaMemory::allocate(executor.device(), found->second.numBytes());
      if (!memory)
        return memory.takeError();
      if (llvm::Error error = memory->copyFrom(view.data))
        return std::move(error);
      if (!isInput)
        result.hostOutputs.push_back(view.data);
      view.data = memory->data();
      (isInput ? result.in : result.out).push_back(view);
      result.memory.push_back(std::move(*memory));
    }
  }
  return result;
}

llvm::Error DeviceTensors::copyOutputs() const {
  for (size_t i = 0; i < out.size(); ++i)
    if (llvm::Error error = memory[in.size() + i].copyTo(hostOutputs[i]))
      return error;
  return llvm::Error::success();
}
