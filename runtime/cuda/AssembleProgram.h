//===- AssembleProgram.h - a Program's PTX to a cubin -----------*- C++ -*-===//
#ifndef LLSA_RUNTIME_CUDA_ASSEMBLEPROGRAM_H
#define LLSA_RUNTIME_CUDA_ASSEMBLEPROGRAM_H

#include "runtime/cuda/Assembler.h"
#include "runtime/cuda/Occupancy.h"
#include "runtime/program/Program.h"
#include "llvm/ADT/StringMap.h"

namespace llsa::rt {

/// Replaces the PTX of `program` by the cubins that `assembler` makes of its
/// kernels (CubinArchive.h), and adds to its explanation what each kernel
/// needs: registers, spills, shared memory, and how many CTAs fit on a
/// multiprocessor.
///
/// `threads` kernels are assembled at the same time (0: one for each CPU); the
/// result does not depend on it.
llvm::Error assembleProgram(Program &program, const Assembler &assembler,
                            unsigned threads = 0);

/// What the log of an assembler (-v) says about each kernel.
llvm::StringMap<KernelResources> parseResources(llvm::StringRef log);

/// The paragraph that assembleProgram adds.
std::string explainResources(const Program &program,
                             const llvm::StringMap<KernelResources> &resources,
                             llvm::StringRef assembler);

/// A program's cubins as text for people, by cuobjdump or nvdisasm, whichever
/// is found.
llvm::Expected<std::string> disassemble(llvm::StringRef code);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_ASSEMBLEPROGRAM_H
