# cmake -DROOT=... -DOUTPUT=... -DEXTRA=... -P BuildId.cmake
# Writes a C string: the hash of everything that decides what the compiler makes
# of a variant. Cache entries made by another compiler are thus never used.
set(folders compiler dialects runtime/program)
set(hashes "${EXTRA}")
foreach(folder IN LISTS folders)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${folder}/*.cpp ${ROOT}/${folder}/*.h
       ${ROOT}/${folder}/*.td)
  list(SORT files)
  foreach(file IN LISTS files)
    file(SHA256 ${ROOT}/${file} hash)
    string(APPEND hashes "${file} ${hash}\n")
  endforeach()
endforeach()
string(SHA256 id "${hashes}")
string(SUBSTRING ${id} 0 32 id)
set(text "\"${id}\"\n")
set(old "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} old)
endif()
if(NOT text STREQUAL old)
  file(WRITE ${OUTPUT} "${text}")
endif()
