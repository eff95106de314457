# Installs what programs need, builds one against it, and runs that and the Python
# package from there. -DBUILD, -DEXAMPLES, -DPYTHON; works in the current folder.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE package)
file(REAL_PATH package prefix)
set(variant ${prefix}/share/llsa/variants/llsa.mlir)
run(${CMAKE_COMMAND} --install ${BUILD} --component llsa --prefix ${prefix})
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B package/build -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    -DEXAMPLES=${EXAMPLES})
run(${CMAKE_COMMAND} --build package/build)
run(package/build/attention ${variant})
set(ENV{PYTHONPATH} ${prefix}/share/llsa/python)
run(${PYTHON} -c "import llsa; assert llsa.library_path() == '${prefix}/lib/libllsa.so', llsa.library_path(); print(llsa.Context().kernel('${variant}', 'B=1,H=1,N=64,D=16,dtype=f32').target)")
