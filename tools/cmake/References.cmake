# `ninja docs`: op and pass references, generated from the .td files into docs/reference/ of the
# build tree.

add_custom_target(docs ALL)

# llsa_reference(PAGE TD FILTER... )
# Writes docs/reference/PAGE.md from what mlir-tblgen makes of TD with the given flags.
function(llsa_reference page td)
  set(out ${CMAKE_BINARY_DIR}/docs/reference/${page}.md)
  set(source ${LLSA_ROOT}/${td})
  get_filename_component(folder ${source} DIRECTORY)
  file(GLOB beside CONFIGURE_DEPENDS ${folder}/*.td)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/docs/reference
    COMMAND ${MLIR_TABLEGEN_EXE} ${ARGN} -I ${LLSA_ROOT} -I ${MLIR_INCLUDE_DIRS} ${source} -o ${out}
    DEPENDS ${beside} ${MLIR_TABLEGEN_EXE}
    COMMENT "Generating reference ${page}.md")
  add_custom_target(docs-${page} DEPENDS ${out})
  add_dependencies(docs docs-${page})
endfunction()

get_filename_component(LLSA_ROOT ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
llsa_reference(llsa-dialect dialects/llsa/LLSAOps.td -gen-dialect-doc -dialect=llsa)
llsa_reference(tile-dialect dialects/tile/TileOps.td -gen-dialect-doc -dialect=tile)
llsa_reference(llsa-passes compiler/transforms/Passes.td -gen-pass-doc)
llsa_reference(llsa-to-tile-passes compiler/conversion/llsa-to-tile/Passes.td -gen-pass-doc)
llsa_reference(tile-to-vector-passes compiler/conversion/tile-to-vector/Passes.td -gen-pass-doc)
llsa_reference(target-passes compiler/target/passes/Passes.td -gen-pass-doc)
