//===- AssembleProgram.h - a Program's PTX to a cubin -----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_ASSEMBLEPROGRAM_H
#define LLSA_RUNTIME_CUDA_ASSEMBLEPROGRAM_H

#include "runtime/cuda/Assembler.h"
#include "runtime/cuda/Occupancy.h"
#include "runtime/program/Program.h"
#include "llvm/ADT/StringMap.h"

namespace llsa::rt {

/// Replaces the PTX of `program` by the cubin that `assembler` makes of it, and
/// adds to its explanation what each kernel needs: registers, spills, shared
/// memory, and how many CTAs fit on a multiprocessor.
llvm::Error assembleProgram(Program &program, const Assembler &assembler);

/// What the log of an assembler (-v) says about each kernel.
llvm::StringMap<KernelResources> parseResources(llvm::StringRef log);

/// The paragraph that assembleProgram adds.
std::string explainResources(const Program &program,
                             const llvm::StringMap<KernelResources> &resources,
                             llvm::StringRef assembler);

/// A cubin as text for people, by cuobjdump or nvdisasm, whichever is found.
llvm::Expected<std::string> disassemble(llvm::StringRef cubin);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_ASSEMBLEPROGRAM_H
