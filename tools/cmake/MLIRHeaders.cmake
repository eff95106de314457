# MLIR's headers are most of what our files cost to compile: one of them takes
# 10 s, 9 of which go to includes. So the headers that most files need are
# compiled once, for the libraries that ask for it (llsa_mlir_library's
# PRECOMPILED). Only headers from outside stand here: a change to one of ours
# must not rebuild everything. Every file still includes what it uses; the asan
# preset builds without this.
option(LLSA_PRECOMPILE "precompile MLIR's headers" ON)
if(NOT LLSA_PRECOMPILE)
  return()
endif()

file(WRITE ${CMAKE_BINARY_DIR}/MLIRHeaders.cpp "// Gives the precompiled headers a target.\n")
add_library(LLSAMLIRHeaders OBJECT ${CMAKE_BINARY_DIR}/MLIRHeaders.cpp)
llvm_update_compile_flags(LLSAMLIRHeaders)
target_precompile_headers(LLSAMLIRHeaders PRIVATE
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/LLVMIR/LLVMDialect.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/MemRef/IR/MemRef.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/DialectImplementation.h>
  <mlir/IR/IRMapping.h>
  <mlir/IR/Matchers.h>
  <mlir/IR/PatternMatch.h>
  <mlir/IR/TypeUtilities.h>
  <mlir/Pass/Pass.h>)
