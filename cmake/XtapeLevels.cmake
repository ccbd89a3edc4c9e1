# A library for any processor: the kernels, and the ops that hand loops of their own to them, are compiled once for each
# level of instructions. Each level's objects are linked into one, in which every symbol that other parts use has the
# level's name as a suffix ("softmax [clone .avx2]" in a debugger) and every other one is local, so that no inline
# function of one level is ever called by another. In their place the library has one jump for each symbol, through a
# table that is filled at start (choose_level.cpp).
#
# Where that is not possible the library has the kernels once, as XTAPE_LEVELS=OFF: configuring says why.

# The levels of a processor family: name, and the flags that compile for it. The first runs everywhere. A level that has
# xtape_level_sources_NAME, a regular expression, consists of these sources; its other functions are those of the level
# before. Calls within a level do not go through the table, so a source that calls another one of these is one of them.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(xtape_levels "sse2;avx2;avx512;avx512_bf16")
  set(xtape_level_flags_sse2 "")
  set(xtape_level_flags_avx2 -march=x86-64-v3)
  set(xtape_level_flags_avx512 -march=x86-64-v4)
  set(xtape_level_flags_avx512_bf16 -march=x86-64-v4 -mavx512bf16)
  set(xtape_level_sources_avx512_bf16 "/kernels/gemm_bf16(_dot)?[.]cpp$")
else()
  set(xtape_levels "")
endif()

set(XTAPE_HAS_LEVELS OFF)
set(XTAPE_LEVEL_NAMES "")
if(XTAPE_LEVELS AND NOT XTAPE_NATIVE AND xtape_levels)
  find_program(XTAPE_LD NAMES ld.bfd ld)
  mark_as_advanced(XTAPE_LD)
  set(xtape_no_levels "")
  if(NOT CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF" OR NOT XTAPE_LD OR NOT CMAKE_NM OR NOT CMAKE_OBJCOPY OR NOT CMAKE_OBJDUMP)
    set(xtape_no_levels "they need GNU's binutils")
  elseif(XTAPE_SANITIZE OR XTAPE_BUILD_FUZZERS)
    set(xtape_no_levels "not with sanitizers")
  elseif(CMAKE_CONFIGURATION_TYPES)
    set(xtape_no_levels "not with several configurations in one build")
  endif()
  if(xtape_no_levels)
    message(STATUS "xtape: kernels for one instruction set only: ${xtape_no_levels}")
  else()
    enable_language(ASM)
    set(XTAPE_HAS_LEVELS ON)
    list(JOIN xtape_levels ", " XTAPE_LEVEL_NAMES)
  endif()
endif()

# xtape_levels_flags(target): what the names of a target's objects are read from is machine code, also where a distribution
# optimises when it links.
function(xtape_levels_flags target)
  set_property(TARGET ${target} PROPERTY INTERPROCEDURAL_OPTIMIZATION OFF)
  if(CMAKE_CXX_FLAGS MATCHES "-flto")
    target_compile_options(${target} PRIVATE -fno-lto)
  endif()
endfunction()

# xtape_split_sources(sources common leveled): which sources are compiled once, and which for each level: all kernels
# but those with state that the whole program shares, and whatever includes vectors.
function(xtape_split_sources sources common_result leveled_result)
  set(common)
  set(leveled)
  foreach(source ${sources})
    if(source MATCHES "/src/kernels/(parallel|libraries|lapack|without_lapack|gemm_library|conv_onednn|gemm_bf16_onednn)[.]cpp$")
      list(APPEND common ${source})
    elseif(source MATCHES "/src/kernels/")
      list(APPEND leveled ${source})
    else()
      file(STRINGS ${source} vectors REGEX "^#include \"(kernels/(elementwise_loop|few|simd|special)|ops/elementwise)[.]hpp\"")
      if(vectors)
        list(APPEND leveled ${source})
      else()
        list(APPEND common ${source})
      endif()
    endif()
  endforeach()
  set(${common_result} ${common} PARENT_SCOPE)
  set(${leveled_result} ${leveled} PARENT_SCOPE)
endfunction()

# xtape_add_levels(target sources common): adds to a library what its sources are for each level. `common` is the target of
# objects that are compiled once.
function(xtape_add_levels target sources common)
  set(folder ${PROJECT_BINARY_DIR}/levels)
  set(inputs)
  set(results ${folder}/jumps.S)
  set(compiled "$<TARGET_OBJECTS:${common}>")
  foreach(level ${xtape_levels})
    set(level_sources ${sources})
    if(DEFINED xtape_level_sources_${level})
      list(FILTER level_sources INCLUDE REGEX "${xtape_level_sources_${level}}")
    endif()
    add_library(${target}_${level} OBJECT ${level_sources})
    xtape_library_flags(${target}_${level})
    xtape_levels_flags(${target}_${level})
    target_compile_options(${target}_${level} PRIVATE ${xtape_level_flags_${level}})
    list(APPEND compiled "$<TARGET_OBJECTS:${target}_${level}>")
    list(APPEND inputs ${level} "$<JOIN:$<TARGET_OBJECTS:${target}_${level}>,:>")
    list(APPEND results ${folder}/${level}.o)
  endforeach()
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${results}
    COMMAND ${CMAKE_COMMAND} -E env LD=${XTAPE_LD} NM=${CMAKE_NM} OBJCOPY=${CMAKE_OBJCOPY} OBJDUMP=${CMAKE_OBJDUMP}
            ${PROJECT_SOURCE_DIR}/cmake/link_levels ${folder} ${CMAKE_SYSTEM_PROCESSOR}
            "$<JOIN:$<TARGET_OBJECTS:${common}>,:>" ${inputs}
    DEPENDS ${PROJECT_SOURCE_DIR}/cmake/link_levels ${compiled}
    COMMENT "Linking the levels of the kernels" COMMAND_EXPAND_LISTS VERBATIM)
  target_sources(${target} PRIVATE ${results})
endfunction()
