# Toolchain: compiles for aarch64 on another Debian, with Debian's cross compiler and libraries of that architecture, and
# runs what it made under qemu (scripts/test-aarch64).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
# Of libraries that are headers alone, those of this system.
set(xtensor_DIR /usr/lib/x86_64-linux-gnu/cmake/xtensor)
set(xsimd_DIR /usr/lib/x86_64-linux-gnu/cmake/xsimd)
