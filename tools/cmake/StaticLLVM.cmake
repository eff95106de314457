# Link LLVM and MLIR statically.
#
# Debian's exported static targets also name the dylib targets LLVM and MLIR in
# INTERFACE_LINK_LIBRARIES; left there, a tool silently gets two copies of LLVM.
# This file removes them and replaces zlib and zstd by their archives, so that
# a tool needs libm and libc alone (a test checks that with ldd).
set(LLVM_LINK_LLVM_DYLIB OFF)
set(MLIR_LINK_MLIR_DYLIB OFF)
find_library(LLSA_ZSTD_ARCHIVE libzstd.a REQUIRED)
find_library(LLSA_ZLIB_ARCHIVE libz.a REQUIRED)
get_property(_targets DIRECTORY PROPERTY IMPORTED_TARGETS)
foreach(_target IN LISTS _targets)
  get_target_property(_type ${_target} TYPE)
  if(NOT _type MATCHES "STATIC_LIBRARY|OBJECT_LIBRARY|INTERFACE_LIBRARY")
    continue()
  endif()
  get_target_property(_links ${_target} INTERFACE_LINK_LIBRARIES)
  if(_links)
    list(REMOVE_ITEM _links LLVM MLIR)
    list(TRANSFORM _links REPLACE "zstd::libzstd_shared" "${LLSA_ZSTD_ARCHIVE}")
    list(TRANSFORM _links REPLACE "ZLIB::ZLIB" "${LLSA_ZLIB_ARCHIVE}")
    list(FILTER _links EXCLUDE REGEX "libz3|CURL|LibXml2|LibEdit|FFI::")
    set_target_properties(${_target} PROPERTIES INTERFACE_LINK_LIBRARIES "${_links}")
  endif()
endforeach()
