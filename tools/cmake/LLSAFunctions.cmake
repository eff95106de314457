# The three ways a target is made in this tree.

# Includes are most of what a file costs to compile, so a few files of a target
# are compiled as one. Few, since a change to one of them compiles all of them
# again: with MLIR's headers 4, elsewhere 8. Every file still includes what it
# uses; the asan preset compiles each alone.
option(LLSA_UNITY "compile a few files of a target together" ON)

function(llsa_unity target batch)
  if(LLSA_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${batch})
    # Anonymous namespaces of files that are included are what we want here.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# llsa_mlir_library(NAME [PRECOMPILED] sources... [DEPENDS tablegen-targets...] [LINK libs...])
# A library that includes MLIR headers (dialects/ and compiler/). PRECOMPILED:
# most of its files include those of MLIRHeaders.cmake.
function(llsa_mlir_library name)
  cmake_parse_arguments(ARG "PRECOMPILED" "" "DEPENDS;LINK" ${ARGN})
  add_mlir_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS} DEPENDS ${ARG_DEPENDS} DISABLE_INSTALL
                   EXCLUDE_FROM_LIBMLIR)
  mlir_target_link_libraries(${name} PUBLIC ${ARG_LINK})
  llsa_unity(${name} 4)
  if(ARG_PRECOMPILED AND LLSA_PRECOMPILE)
    target_precompile_headers(${name} REUSE_FROM LLSAMLIRHeaders)
    target_compile_options(${name} PRIVATE -fpch-preprocess) # for ccache
  endif()
endfunction()

# llsa_library(NAME sources... [LINK libs...])
# A library that must not see MLIR (runtime/, kernels/): plain C++ and LLVM Support.
function(llsa_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  llsa_unity(${name} 8)
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# llsa_executable(NAME sources... [LINK libs...])
# A statically linked tool or test: needs libm and libc alone at run time.
function(llsa_executable name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  llsa_unity(${name} 8)
  llvm_update_compile_flags(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  target_link_options(${name} PRIVATE -fuse-ld=lld -Wl,--gc-sections -Wl,--as-needed -Wl,-O2)
  if(NOT LLSA_SANITIZE)
    target_link_options(${name} PRIVATE -static-libstdc++ -static-libgcc -Wl,--icf=all)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT LLSA_SANITIZE)
    target_link_options(${name} PRIVATE -s)
  endif()
endfunction()
