# An overlay port that builds the tree it lies in. In a registry SOURCE_PATH comes from vcpkg_from_github().
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES
                     hdf5 XTAPE_HDF5
                     lapack XTAPE_LAPACK
                     minizip XTAPE_MINIZIP
                     onednn XTAPE_ONEDNN
                     png XTAPE_PNG
                     tensorboard XTAPE_TENSORBOARD)
vcpkg_cmake_configure(SOURCE_PATH "${SOURCE_PATH}"
                      OPTIONS ${features} -DXTAPE_NATIVE=OFF -DXTAPE_BUILD_TESTS=OFF -DXTAPE_BUILD_EXAMPLES=OFF
                              -DXTAPE_BUILD_BENCHMARKS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/xtape)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
     "${CURRENT_PACKAGES_DIR}/share/licenses")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
