//===- FakeCompiler.h - a compiler for tests of the runtime -----*- C++ -*-===//
//
// Defines the functions of compiler/driver/Compiler.h over FakeKernels.c. A
// source that contains "refuse" is refused; "sleep" makes it slow; "ptx" gives
// code that is no ELF object; "memory" runs out of memory and "throw" throws
// another exception of the standard library.
//
//===----------------------------------------------------------------------===//
#ifndef LLSA_TEST_UNIT_RUNTIME_FAKECOMPILER_H
#define LLSA_TEST_UNIT_RUNTIME_FAKECOMPILER_H

#include "compiler/driver/Compiler.h"

namespace llsa::test {

/// Compilations so far in this process.
int compilations();

/// The program that the fake makes for `spec`, without counting.
Program fakeProgram(const KernelSpec &spec);

/// The same for the target sm_90a: PTX of kernels that do nothing, the second
/// one with a dependent launch.
Program fakeGpuProgram(const KernelSpec &spec);

/// What the fake resolves "cpu" to.
inline constexpr const char *kFakeTarget = "cpu:fake";

} // namespace llsa::test

#endif // LLSA_TEST_UNIT_RUNTIME_FAKECOMPILER_H
