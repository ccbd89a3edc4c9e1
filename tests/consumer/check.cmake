# Installs the built xtape into a prefix of its own, then builds and runs a program outside the tree against it: with
# find_package, with pkg-config, and (configured only) with add_subdirectory.
# usage: cmake -D build=DIR -D source=DIR -D config=CONFIG -D compiler=CXX -D generator=NAME -P check.cmake
cmake_minimum_required(VERSION 3.20)

set(work ${build}/consumer)
set(prefix ${work}/prefix)
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work})

macro(run)
  list(JOIN ARGN " " shown)
  message(STATUS "${shown}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed with ${status}: ${shown}")
  endif()
endmacro()

foreach(component xtape_runtime xtape_development)
  run(${CMAKE_COMMAND} --install ${build} --config ${config} --prefix ${prefix} --component ${component})
endforeach()
# Moved after it was installed: nothing in the prefix may remember where it was.
file(RENAME ${prefix} ${work}/moved)
set(prefix ${work}/moved)

message(STATUS "== find_package")
set(configure ${CMAKE_COMMAND} -S ${source}/tests/consumer -G ${generator} -D CMAKE_CXX_COMPILER=${compiler})
run(${configure} -B ${work}/package -D CMAKE_BUILD_TYPE=${config} -D CMAKE_PREFIX_PATH=${prefix})
run(${CMAKE_COMMAND} --build ${work}/package --config ${config})
run(${work}/package/consumer)

message(STATUS "== pkg-config")
find_program(pkg_config NAMES pkg-config pkgconf)
if(pkg_config)
  file(GLOB_RECURSE pc ${prefix}/xtape.pc)
  get_filename_component(pc ${pc} DIRECTORY)
  get_filename_component(libdir ${pc} DIRECTORY)
  file(GLOB static ${libdir}/libxtape.a)
  set(ENV{PKG_CONFIG_PATH} ${pc})
  set(static_flag)
  if(static)
    set(static_flag --static)
  endif()
  execute_process(COMMAND ${pkg_config} ${static_flag} --cflags --libs xtape OUTPUT_VARIABLE flags
                  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(flags UNIX_COMMAND "${flags}")
  run(${compiler} -std=c++20 -O1 ${source}/tests/consumer/main.cpp ${flags} -o ${work}/pkg_config_consumer)
  run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${libdir} ${work}/pkg_config_consumer)
else()
  message(STATUS "skipped: pkg-config is not installed")
endif()

message(STATUS "== add_subdirectory")
run(${configure} -B ${work}/subdirectory -D CMAKE_BUILD_TYPE=${config} -D XTAPE_SUBDIRECTORY=${source})
