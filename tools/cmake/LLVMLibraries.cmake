# The LLVM libraries behind MLIR's archives.
#
# Debian's MLIR targets name the LLVM dylib instead of the components that they
# need (StaticLLVM.cmake takes it away), so a tool names them here. Members
# that nothing refers to are not linked.

# What any tool needs that parses and transforms IR.
llvm_map_components_to_libnames(LLSA_LLVM_CORE_LIBS
  Analysis AsmParser BitReader BitWriter Core Remarks Support Target TargetParser)
