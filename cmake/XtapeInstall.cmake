# Install rules: the library, its headers, a CMake package, a pkg-config file and the license.
include(CMakePackageConfigHelpers)
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/xtape)

install(TARGETS xtape EXPORT xtapeTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT xtape_runtime NAMELINK_COMPONENT xtape_development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT xtape_development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/xtape DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT xtape_development FILES_MATCHING PATTERN "*.hpp")
install(EXPORT xtapeTargets NAMESPACE xtape:: DESTINATION ${cmake_dir} COMPONENT xtape_development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/xtape COMPONENT xtape_license)

configure_package_config_file(cmake/xtapeConfig.cmake.in ${PROJECT_BINARY_DIR}/xtapeConfig.cmake
                              INSTALL_DESTINATION ${cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xtapeConfig.cmake ${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindHDF5C.cmake ${PROJECT_SOURCE_DIR}/cmake/FindMinizip.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
        DESTINATION ${cmake_dir} COMPONENT xtape_development)

# xtape_linker_flags(result library...): libraries as a linker is given them anywhere: by name, and where a folder is not
# searched anyway, with the folder.
function(xtape_linker_flags result)
  set(flags)
  foreach(library ${ARGN})
    if(IS_ABSOLUTE ${library})
      get_filename_component(folder ${library} DIRECTORY)
      get_filename_component(name ${library} NAME)
      if(NOT folder IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES AND NOT folder STREQUAL CMAKE_INSTALL_FULL_LIBDIR)
        list(APPEND flags -L${folder})
      endif()
      if(name MATCHES "^lib(.+)[.](so|a|dylib)$")
        list(APPEND flags -l${CMAKE_MATCH_1})
      else()
        list(APPEND flags -l:${name})
      endif()
    else()
      list(APPEND flags ${library})
    endif()
  endforeach()
  set(${result} ${flags} PARENT_SCOPE)
endfunction()

# pkg-config: a static libxtape needs its own libraries on the consumer's link line, a shared one does not. All but one
# stand there as libraries rather than as packages, for even a private package hands every user its include folders:
# minizip's has a zip.h and a crypt.h. protobuf's package knows which others it needs, and has no folder of its own.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
set(pc_libraries)
set(pc_packages)
if(NOT BUILD_SHARED_LIBS)
  if(XTAPE_HAS_TENSORBOARD)
    set(pc_packages protobuf-lite)
  endif()
  if(XTAPE_HAS_HDF5)
    list(APPEND pc_libraries ${HDF5C_LIBRARIES})
  endif()
  if(XTAPE_HAS_MINIZIP)
    list(APPEND pc_libraries ${Minizip_LIBRARY})
  endif()
  if(XTAPE_HAS_PNG)
    list(APPEND pc_libraries ${PNG_LIBRARY_RELEASE})
  endif()
  list(APPEND pc_libraries ${ZLIB_LIBRARY_RELEASE})  # libhdf5, minizip and libpng call it
  if(XTAPE_HAS_LAPACK)
    list(APPEND pc_libraries ${LAPACK_LIBRARIES})
  endif()
  list(APPEND pc_libraries ${BLAS_LIBRARIES})  # LAPACK calls it
  if(XTAPE_HAS_ONEDNN)
    list(APPEND pc_libraries ${OneDNN_LIBRARY})
  endif()
  if(XTAPE_HAS_OPENMP)
    list(APPEND pc_libraries ${OpenMP_CXX_FLAGS})
  endif()
  if(XTAPE_SANITIZE)
    list(JOIN XTAPE_SANITIZE "," sanitizers)
    list(APPEND pc_libraries -fsanitize=${sanitizers})
  endif()
  list(APPEND pc_libraries ${CMAKE_THREAD_LIBS_INIT})
  xtape_linker_flags(pc_libraries ${pc_libraries})
  list(REMOVE_DUPLICATES pc_libraries)
endif()
list(JOIN pc_libraries " " pc_libraries)
configure_file(cmake/xtape.pc.in xtape.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xtape.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT xtape_development)
