//===- StepOrder.cpp - which steps wait for which -------------------------===//
#include "runtime/program/StepOrder.h"

using namespace llvm;

namespace llsa {

StepOrder::StepOrder(ArrayRef<Step> steps) {
  before.assign(steps.size(), BitVector(unsigned(steps.size())));
  for (size_t i = 0; i < steps.size(); ++i) {
    auto follow = [&](size_t earlier) {
      before[i] |= before[earlier];
      before[i].set(unsigned(earlier));
    };
    for (size_t j = i; j-- > 0;)
      if (steps[j].lane == steps[i].lane) {
        follow(j);
        break;
      }
    for (int64_t earlier : steps[i].after)
      follow(size_t(earlier));
  }
}

} // namespace llsa
