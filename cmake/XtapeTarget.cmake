# What every target of this project is compiled with, and the summary that configuring prints.

# xtape_compile_flags(target): warnings, sanitizers, instruction set and xtensor's settings. All of it is private, so that
# none of it reaches a consumer, whose translation units need not share this build's instruction set.
function(xtape_compile_flags target)
  # A kernel's operands are named as the tensors that launch() is given; g++ is told that they are of other types.
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic
                                           $<IF:$<CXX_COMPILER_ID:GNU>,-Wshadow=compatible-local,-Wshadow>)
  # g++ 12 takes the undefined operand inside its own AVX-512 intrinsics for a mistake of the caller (GCC bug 105593).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
  # At -O0 g++'s intrinsics are macros, whose casts do not take a batch of xsimd: its select for AVX-512 does not compile.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CXX_FLAGS_DEBUG MATCHES "-O")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Debug>:-Og>)
  endif()
  if(XTAPE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(XTAPE_NATIVE)
    target_compile_options(${target} PRIVATE -march=native)
  endif()
  target_compile_definitions(${target} PRIVATE XTENSOR_USE_XSIMD $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:xsimd>)
  if(XTAPE_SANITIZE)
    list(JOIN XTAPE_SANITIZE "," sanitizers)
    target_compile_options(${target} PRIVATE -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${sanitizers})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      target_compile_options(${target} PRIVATE -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/cmake/ubsan_ignore.txt)
    endif()
  endif()
  if(XTAPE_BUILD_FUZZERS)  # tell which branches an input takes
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# xtape_leave_out_sources(sources): of each part that is not built, the sources that need its library; of each that is, the
# source that stands in for them, which only says what is missing.
function(xtape_leave_out_sources sources)
  set(kept ${${sources}})
  set(needs_hdf5 "io/hdf5_(library|library_reader|writer)")
  set(needs_lapack "kernels/lapack")
  set(needs_minizip "io/zip_(reader|writer)")
  set(needs_png "io/png")
  set(needs_tensorboard "io/(events|onnx_file|onnx_file_read)")
  foreach(part ${XTAPE_PARTS})
    list(FILTER kept EXCLUDE REGEX "/without_${part}[.]cpp$")
  endforeach()
  foreach(part ${XTAPE_MISSING_PARTS})
    if(needs_${part})
      list(FILTER kept EXCLUDE REGEX "/src/${needs_${part}}[.]cpp$")
    endif()
  endforeach()
  # Each has an object of its own, which another one can stand in for.
  foreach(part hdf5 lapack minizip png tensorboard)
    set(of_part ${kept})
    list(FILTER of_part INCLUDE REGEX "/src/${needs_${part}}[.]cpp$")
    set_property(SOURCE ${of_part} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
  if(XTAPE_HAS_HDF5)
    set(with_hdf5 ${kept})
    list(FILTER with_hdf5 INCLUDE REGEX "/src/${needs_hdf5}[.]cpp$")
    set_property(SOURCE ${with_hdf5} PROPERTY INCLUDE_DIRECTORIES ${HDF5C_INCLUDE_DIR})
  endif()
  set(${sources} ${kept} PARENT_SCOPE)
endfunction()

# xtape_library_flags(target): what the library is compiled and linked with, for each target that compiles a part of it.
function(xtape_library_flags target)
  xtape_compile_flags(${target})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  # Errno and floating-point traps go unused, and asking for them keeps loops from being vectorised. -ffast-math is out of
  # the question: it would break NaN, infinity and the order of sums. Position-independent code inlines its own functions
  # only where nobody may replace them at load time. A thread's pointers are read without a call, which every op does.
  target_compile_options(${target} PRIVATE -fno-math-errno -fno-trapping-math -fno-semantic-interposition
                                           -ftls-model=initial-exec $<$<CONFIG:RelWithDebInfo>:-O3>
                                           ${XTAPE_OWN_OPTIMISATION})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
                                       PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(${target} PUBLIC fmt::fmt xtensor xsimd
                                  PRIVATE BLAS::BLAS ZLIB::ZLIB Threads::Threads ${XTAPE_OPTIONAL_LIBRARIES}
                                          $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
  if(XTAPE_HAS_OPENMP)
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
  endif()
  if(XTAPE_HAS_ONEDNN)
    target_compile_definitions(${target} PRIVATE XTAPE_HAS_ONEDNN)
  endif()
endfunction()

# xtape_test_properties(test...): the environment that every entry of ctest needs.
function(xtape_test_properties)
  set(environment)
  if(XTAPE_SANITIZE MATCHES "thread")
    # OpenMP's run time is not instrumented itself; its tool interface (clang's libarcher) tells ThreadSanitizer what
    # it synchronises, so nothing is lost by not looking into such libraries.
    list(APPEND environment TSAN_OPTIONS=ignore_noninstrumented_modules=1)
  endif()
  if(XTAPE_SANITIZE MATCHES "address")
    # Allocations that cannot be had fail, as without the sanitizer, and tests see the error that comes of it.
    list(APPEND environment ASAN_OPTIONS=allocator_may_return_null=1)
    list(APPEND environment LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/cmake/lsan_suppressions.txt)
  endif()
  foreach(test ${ARGN})
    set_property(TEST ${test} APPEND PROPERTY ENVIRONMENT ${environment})
  endforeach()
endfunction()

# The widest vector instructions the compiler may use under this build's flags.
function(xtape_instruction_set result)
  set(flags ${CMAKE_CXX_FLAGS})
  if(XTAPE_NATIVE)
    list(APPEND flags -march=native)
  endif()
  separate_arguments(flags)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} ${flags} -dM -E -x c++ /dev/null OUTPUT_VARIABLE macros ERROR_QUIET)
  set(found "scalar")
  foreach(pair "__ARM_NEON=NEON" "__SSE2__=SSE2" "__SSE4_2__=SSE4.2" "__AVX__=AVX" "__AVX2__=AVX2" "__AVX512F__=AVX-512")
    string(REPLACE "=" ";" pair ${pair})
    list(GET pair 0 macro)
    if(macros MATCHES "#define ${macro} ")
      list(GET pair 1 found)
    endif()
  endforeach()
  if(XTAPE_HAS_LEVELS)
    set(${result} "chosen at start from ${XTAPE_LEVEL_NAMES}" PARENT_SCOPE)
  elseif(XTAPE_NATIVE)
    set(${result} "${found} (-march=native)" PARENT_SCOPE)
  else()
    set(${result} "${found} (baseline)" PARENT_SCOPE)
  endif()
endfunction()

function(xtape_print_summary)
  xtape_instruction_set(instruction_set)
  set(blas ${XTAPE_BLAS_KIND})
  if(NOT blas)
    set(blas "not OpenBLAS")
  endif()
  list(GET BLAS_LIBRARIES 0 blas_library)
  set(without "")
  if(XTAPE_MISSING_PARTS)
    list(JOIN XTAPE_MISSING_PARTS ", " without)
    set(without "; without ${without}")
  endif()
  set(parts "none")
  if(XTAPE_PARTS)
    list(JOIN XTAPE_PARTS ", " parts)
  endif()
  set(threads "none")
  if(XTAPE_HAS_OPENMP)
    set(threads "OpenMP ${OpenMP_CXX_VERSION}")
  endif()
  set(onednn "not found: products go through xtensor-blas")
  if(XTAPE_HAS_ONEDNN)
    set(onednn "${OneDNN_VERSION}")
  elseif(XTAPE_ONEDNN STREQUAL "OFF")
    set(onednn "off: products go through xtensor-blas")
  endif()
  set(build_type ${CMAKE_BUILD_TYPE})
  if(XTAPE_OWN_OPTIMISATION)
    set(build_type "none: xtape is optimised on its own")
  endif()
  if(XTAPE_SANITIZE)
    list(JOIN XTAPE_SANITIZE ", " sanitizers)
    string(APPEND build_type ", sanitizers ${sanitizers}")
  endif()
  set(kind "static")
  if(BUILD_SHARED_LIBS)
    set(kind "shared")
  endif()
  message(STATUS "xtape ${PROJECT_VERSION} (${kind})
     compiler         ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}
     build type       ${build_type}
     instruction set  ${instruction_set}
     threads          ${threads}
     BLAS             ${blas}, ${blas_library}
     parts            ${parts}${without}
     oneDNN           ${onednn}")
  if(XTAPE_HAS_OPENMP AND XTAPE_BLAS_KIND MATCHES "pthread")
    message(STATUS "This OpenBLAS keeps a second pool of threads beside OpenMP's, and the two fight for the cores; "
                   "libopenblas-openmp-dev has one pool and is faster here.")
  endif()
endfunction()
