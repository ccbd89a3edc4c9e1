# Debian packages, by `cpack -G DEB` in a build of the shared library (scripts/package): libxtape0.1, which programs need,
# libxtape-dev, with which they are built, and xtape-tools with the program xtape.
set(abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set(runtime libxtape${abi})
set(CPACK_PACKAGE_NAME xtape)
set(CPACK_PACKAGE_VENDOR "the xtape authors")
set(CPACK_PACKAGE_CONTACT "the xtape authors <maintainers@xtape.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)

# What Debian wants to be in every package.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${PROJECT_BINARY_DIR}/debian/changelog
     "xtape (${PROJECT_VERSION}) unstable; urgency=medium\n\n  * See CHANGELOG.md of this version.\n\n"
     " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
file(ARCHIVE_CREATE OUTPUT ${PROJECT_BINARY_DIR}/debian/changelog.gz PATHS ${PROJECT_BINARY_DIR}/debian/changelog FORMAT raw
     COMPRESSION GZip COMPRESSION_LEVEL 9)
set(kinds runtime development)
if(TARGET xtape_program)
  list(APPEND kinds tools)
endif()
foreach(kind ${kinds})
  set(package libxtape-dev)
  if(kind STREQUAL "runtime")
    set(package ${runtime})
  elseif(kind STREQUAL "tools")
    set(package xtape-tools)
  endif()
  set(folder ${CMAKE_INSTALL_DATADIR}/doc/${package})
  install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${folder} RENAME copyright COMPONENT debian_${kind} EXCLUDE_FROM_ALL)
  install(FILES ${PROJECT_BINARY_DIR}/debian/changelog.gz DESTINATION ${folder} COMPONENT debian_${kind} EXCLUDE_FROM_ALL)
endforeach()

set(CPACK_COMPONENTS_ALL)
foreach(kind ${kinds})
  list(APPEND CPACK_COMPONENTS_ALL xtape_${kind} debian_${kind})
endforeach()
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(about "xtape records what happens to eager tensors and differentiates it, as
TensorFlow's GradientTape does, and trains models with the layers, losses,
metrics and optimizers that Keras users know.
.
This package contains")

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME ${runtime})
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_RUNTIME_DESCRIPTION "${about} the shared library.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS libopenblas0-openmp)  # shares OpenMP's threads
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS gnuplot-nox)
file(WRITE ${PROJECT_BINARY_DIR}/debian/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/debian/triggers)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libxtape-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "${about} what programs are built with.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${runtime} (= ${PROJECT_VERSION}), libfmt-dev (>= 9), libxtensor-dev (>= 0.24), libxsimd-dev (>= 8)")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME xtape-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION science)
set(CPACK_DEBIAN_TOOLS_DESCRIPTION "${about} the program xtape, which looks into files of models.")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${runtime} (>= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS graphviz)

include(CPack)
foreach(kind ${kinds})
  cpack_add_component_group(${kind})
endforeach()
foreach(kind ${kinds})
  cpack_add_component(xtape_${kind} GROUP ${kind})
  cpack_add_component(debian_${kind} GROUP ${kind})
endforeach()
