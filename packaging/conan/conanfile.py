import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"


class XtapeConan(ConanFile):
    name = "xtape"
    description = "Reverse-mode automatic differentiation and neural-network training on xtensor"
    license = "MIT"
    topics = ("automatic-differentiation", "machine-learning", "neural-networks", "xtensor")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "openmp": [True, False],
        "hdf5": [True, False],
        "lapack": [True, False],
        "minizip": [True, False],
        "onednn": [True, False],
        "png": [True, False],
        "tensorboard": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "openmp": True,
        "hdf5": True,
        "lapack": True,
        "minizip": True,
        "onednn": False,
        "png": True,
        "tensorboard": True,
        "openblas/*:build_lapack": True,
    }
    implements = ["auto_shared_fpic"]

    @property
    def _top(self):
        return os.path.normpath(os.path.join(self.recipe_folder, "..", ".."))

    def set_version(self):
        header = load(self, os.path.join(self._top, "include", "xtape", "version.hpp"))
        self.version = ".".join(re.findall(r"#define XTAPE_VERSION_\w+ (\d+)", header))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, self._top, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # The public headers include these three.
        self.requires("fmt/[>=9 <12]", transitive_headers=True, transitive_libs=True)
        self.requires("xsimd/[>=8]", transitive_headers=True)
        self.requires("xtensor/[>=0.24]", transitive_headers=True)
        self.requires("nlohmann_json/[>=3]")
        self.requires("openblas/[>=0.3]")
        self.requires("xtensor-blas/[>=0.20]")
        self.requires("zlib/[>=1.2.11 <2]")
        if self.options.hdf5:
            self.requires("hdf5/[>=1.10 <2]")
        if self.options.minizip:
            self.requires("minizip/[>=1.2.11]")
        if self.options.onednn:
            self.requires("onednn/[>=2]")
        if self.options.png:
            self.requires("libpng/[>=1.6 <2]")
        if self.options.tensorboard:
            self.requires("protobuf/[>=3.21]")

    def build_requirements(self):
        self.tool_requires("cmake/[>=3.20]")
        if self.options.tensorboard:
            self.tool_requires("protobuf/<host_version>")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for option in ("hdf5", "lapack", "minizip", "onednn", "png", "tensorboard"):
            toolchain.cache_variables[f"XTAPE_{option.upper()}"] = "ON" if self.options.get_safe(option) else "OFF"
        toolchain.cache_variables["XTAPE_OPENMP"] = bool(self.options.openmp)
        toolchain.cache_variables["XTAPE_NATIVE"] = False
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"XTAPE_BUILD_{part}"] = False
        toolchain.cache_variables["BLA_VENDOR"] = "OpenBLAS"
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "share"))
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.libs = ["xtape"]
        self.cpp_info.set_property("cmake_file_name", "xtape")
        self.cpp_info.set_property("cmake_target_name", "xtape::xtape")
        self.cpp_info.set_property("pkg_config_name", "xtape")
        if self.settings.os == "Linux":
            self.cpp_info.system_libs = ["m", "pthread"]
        if self.options.openmp and not self.options.shared:
            self.cpp_info.exelinkflags = ["-fopenmp"]
            self.cpp_info.sharedlinkflags = ["-fopenmp"]
