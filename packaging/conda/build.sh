#!/usr/bin/env bash
set -euo pipefail

# CMAKE_ARGS are conda-build's: the prefix, the compilers, and where to look for packages.
read -ra arguments <<<"${CMAKE_ARGS:-}"
cmake -G Ninja -S . -B build "${arguments[@]}" -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib \
  -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DXTAPE_NATIVE=OFF -DXTAPE_BUILD_TESTS=OFF -DXTAPE_BUILD_EXAMPLES=OFF \
  -DXTAPE_BUILD_BENCHMARKS=OFF -DXTAPE_HDF5=ON -DXTAPE_LAPACK=ON -DXTAPE_MINIZIP=ON -DXTAPE_ONEDNN=ON -DXTAPE_PNG=ON -DXTAPE_TENSORBOARD=ON
cmake --build build
cmake --install build
