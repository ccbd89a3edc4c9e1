# Finds what xtape links with, and learns the facts that the summary and xtape::build_info() report.
find_package(xtensor 0.24 REQUIRED)
find_package(xsimd 8 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(BLAS REQUIRED)
find_package(LAPACK REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)

find_path(XTAPE_XTENSOR_BLAS_INCLUDE_DIR xtensor-blas/xlinalg.hpp REQUIRED)
mark_as_advanced(XTAPE_XTENSOR_BLAS_INCLUDE_DIR)

set(XTAPE_HAS_OPENMP OFF)
if(XTAPE_OPENMP)
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  set(XTAPE_HAS_OPENMP ON)
endif()

set(XTAPE_HAS_DNNL OFF)
if(XTAPE_ONEDNN STREQUAL "ON")
  find_package(OneDNN 2 REQUIRED)
elseif(XTAPE_ONEDNN STREQUAL "AUTO")
  find_package(OneDNN 2 QUIET)
elseif(NOT XTAPE_ONEDNN STREQUAL "OFF")
  message(FATAL_ERROR "XTAPE_ONEDNN is \"${XTAPE_ONEDNN}\"; expected AUTO, ON or OFF")
endif()
if(OneDNN_FOUND AND NOT XTAPE_ONEDNN STREQUAL "OFF")
  set(XTAPE_HAS_DNNL ON)
endif()

# Which BLAS it is, and for OpenBLAS which threads it starts: its pthread build keeps a pool of its own that competes
# with OpenMP's for the same cores.
if(NOT DEFINED XTAPE_BLAS_KIND OR NOT XTAPE_BLAS_ASKED STREQUAL BLAS_LIBRARIES)
  set(blas_kind "")
  if(NOT CMAKE_CROSSCOMPILING)
    try_run(blas_exit blas_compiled ${PROJECT_BINARY_DIR}/blas_kind ${PROJECT_SOURCE_DIR}/cmake/blas_kind.cpp
            LINK_LIBRARIES BLAS::BLAS RUN_OUTPUT_VARIABLE blas_output)
    if(blas_compiled AND blas_exit EQUAL 0)
      string(STRIP "${blas_output}" blas_kind)
    endif()
  endif()
  set(XTAPE_BLAS_KIND "${blas_kind}" CACHE INTERNAL "OpenBLAS and its threads, empty for another BLAS")
  set(XTAPE_BLAS_ASKED "${BLAS_LIBRARIES}" CACHE INTERNAL "BLAS that XTAPE_BLAS_KIND speaks of")
endif()
