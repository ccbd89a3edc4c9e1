# Finds the C library of HDF5, the build without MPI, and defines HDF5C::HDF5C. CMake's own FindHDF5 asks the compiler
# wrapper, and for a compiler of C, which xtape does not need.
# The target has no include folder: HDF5C_INCLUDE_DIR is for the few sources that need it.
find_package(ZLIB QUIET)
find_path(HDF5C_INCLUDE_DIR hdf5.h PATH_SUFFIXES hdf5/serial)
find_library(HDF5C_LIBRARY NAMES hdf5_serial hdf5 PATH_SUFFIXES hdf5/serial)
find_library(HDF5C_SZIP_LIBRARY NAMES sz szip)  # which a static build may call
find_library(HDF5C_AEC_LIBRARY aec)
mark_as_advanced(HDF5C_INCLUDE_DIR HDF5C_LIBRARY HDF5C_SZIP_LIBRARY HDF5C_AEC_LIBRARY)

if(HDF5C_INCLUDE_DIR AND EXISTS ${HDF5C_INCLUDE_DIR}/H5public.h)
  file(STRINGS ${HDF5C_INCLUDE_DIR}/H5public.h version_lines REGEX "^#define H5_VERS_(MAJOR|MINOR|RELEASE)[ \t]+[0-9]+")
  string(REGEX REPLACE "#define H5_VERS_[A-Z]+[ \t]+([0-9]+)[^;]*" "\\1" version_numbers "${version_lines}")
  list(JOIN version_numbers "." HDF5C_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(HDF5C REQUIRED_VARS HDF5C_LIBRARY HDF5C_INCLUDE_DIR ZLIB_FOUND
                                  VERSION_VAR HDF5C_VERSION)

if(HDF5C_FOUND AND NOT TARGET HDF5C::HDF5C)
  set(others)
  if(HDF5C_LIBRARY MATCHES "[.]a$")
    foreach(library HDF5C_SZIP_LIBRARY HDF5C_AEC_LIBRARY)
      if(${library})
        list(APPEND others ${${library}})
      endif()
    endforeach()
    list(APPEND others ${CMAKE_DL_LIBS})
  endif()
  set(HDF5C_LIBRARIES ${HDF5C_LIBRARY} ${others})
  add_library(HDF5C::HDF5C UNKNOWN IMPORTED)
  set_target_properties(HDF5C::HDF5C PROPERTIES IMPORTED_LOCATION ${HDF5C_LIBRARY}
                                                INTERFACE_LINK_LIBRARIES "${others};ZLIB::ZLIB")
endif()
