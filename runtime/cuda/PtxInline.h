//===- PtxInline.h - bodies in place of calls, in PTX -----------*- C++ -*-===//
//
// A kernel calls a user's function once per pair of query and key, in its
// innermost loop. Assemblers do not inline the functions of a PTX text; a call
// follows the ABI and ends what overlaps around it (products in flight above
// all). So short bodies are put where the calls stand.
//
// A call as the compiler writes it is a block: parameters are declared, stored,
// the call, the result is loaded. It becomes a block with registers in the
// parameters' place, and the body as a block within, whose names hide those
// around it:
//
//     { // callseq 7, 0                     {
//     .param .b32 param0;                   .reg .b32 llsa_param0;
//     .param .b32 retval0;                  .reg .b32 llsa_retval0;
//     st.param.b32 [param0], %r3;           mov.b32 llsa_param0, %r3;
//     call.uni (retval0), f, (param0);      { body; }
//     ld.param.b32 %r9, [retval0];          mov.b32 %r9, llsa_retval0;
//     } // callseq 7                        }
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_RUNTIME_CUDA_PTXINLINE_H
#define LLSA_RUNTIME_CUDA_PTXINLINE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace llsa::rt {

/// `ptx` with its calls of `names` replaced by the bodies that the text
/// defines, where these are short and take and return registers alone. What
/// does not look as expected stays a call.
std::string inlineCalls(llvm::StringRef ptx, llvm::ArrayRef<std::string> names);

} // namespace llsa::rt

#endif // LLSA_RUNTIME_CUDA_PTXINLINE_H
