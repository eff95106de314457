//===- CopyInstructions.h - parts of decodeCopyAsync ------------*- C++ -*-===//
#ifndef LLSA_RUNTIME_EMULATOR_COPYINSTRUCTIONS_H
#define LLSA_RUNTIME_EMULATOR_COPYINSTRUCTIONS_H

#include "runtime/emulator/Instructions.h"

namespace llsa::ptx {

bool decodeBulkCopy(Decoder &d);   // cp.async.bulk
bool decodeTensorCopy(Decoder &d); // cp.async.bulk.tensor

} // namespace llsa::ptx

#endif // LLSA_RUNTIME_EMULATOR_COPYINSTRUCTIONS_H
