# Install rules: the library, its headers, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/xtape)

install(TARGETS xtape EXPORT xtapeTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT xtape_runtime NAMELINK_COMPONENT xtape_development
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT xtape_development)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/xtape DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT xtape_development FILES_MATCHING PATTERN "*.hpp")
install(EXPORT xtapeTargets NAMESPACE xtape:: DESTINATION ${cmake_dir} COMPONENT xtape_development)

configure_package_config_file(cmake/xtapeConfig.cmake.in ${PROJECT_BINARY_DIR}/xtapeConfig.cmake
                              INSTALL_DESTINATION ${cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/xtapeConfig.cmake ${PROJECT_BINARY_DIR}/xtapeConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/FindMinizip.cmake ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
        DESTINATION ${cmake_dir} COMPONENT xtape_development)

# pkg-config: a static libxtape needs its own libraries on the consumer's link line, a shared one does not.
file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" pc_prefix ${pc_prefix})
set(pc_libraries ${LAPACK_LIBRARIES} ${BLAS_LIBRARIES})  # in this order: LAPACK calls BLAS
if(XTAPE_HAS_DNNL)
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
list(REMOVE_DUPLICATES pc_libraries)
list(JOIN pc_libraries " " pc_libraries)
configure_file(cmake/xtape.pc.in xtape.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/xtape.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT xtape_development)
