//===- CudaSteps.cpp - the steps of a Program, one by one -----------------===//
#include "runtime/cuda/CudaSteps.h"

using namespace llvm;

namespace llsa::rt {

Program onlyStep(const Program &program, size_t step) {
  Program one = program;
  one.steps = {program.steps[step]};
  one.steps[0].lane = 0;
  one.steps[0].after.clear();
  return one;
}

Expected<CudaSteps> CudaSteps::create(const CudaExecutor &executor) {
  CudaSteps result;
  for (size_t step = 0; step < executor.program().steps.size(); ++step) {
    auto loaded = CudaExecutor::create(
        std::make_shared<Program>(onlyStep(executor.program(), step)),
        executor.device());
    if (!loaded)
      return loaded.takeError();
    result.executors.push_back(std::move(*loaded));
  }
  return result;
}

} // namespace llsa::rt
